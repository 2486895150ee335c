#include "arguments.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/digits.h"
#include "host/files.h"
#include "host/host.h"

#define ARGUMENTS_LIMIT ((size_t)64 << 10)

static const char begin_mark[] = "\ndebezium-udf arguments:\n", end_mark[] = "debezium-udf arguments end: ";

#define DIGITS ((size_t)10)
#define BEGIN_SIZE (sizeof begin_mark - 1)
#define END_SIZE (sizeof end_mark - 1 + DIGITS + 1)

/* ---- Appended to the program ----------------------------------------------------------------------------- */

static bool is_marked(struct text file)
{
    return file.size >= END_SIZE && file.data[file.size - 1] == '\n' &&
           memcmp(file.data + file.size - END_SIZE, end_mark, sizeof end_mark - 1) == 0;
}

/* The lines before the end mark, in *lines; false if they are not what was appended. */
static bool find_lines(struct text file, struct text *lines)
{
    const char *digit = file.data + file.size - 1 - DIGITS;
    size_t size = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        if (!is_digit(digit[i]))
            return false;
        size = size * 10 + (size_t)(digit[i] - '0');
    }
    if (size > ARGUMENTS_LIMIT || file.size < BEGIN_SIZE + size + END_SIZE)
        return false;
    *lines = (struct text){file.data + file.size - END_SIZE - size, size};
    return memcmp(lines->data - BEGIN_SIZE, begin_mark, BEGIN_SIZE) == 0 &&
           !memchr(lines->data, '\0', size) && (size == 0 || lines->data[size - 1] == '\n');
}

/* False if there are some that cannot be had, which is reported. *text stays NULL if there are none. */
static bool read_appended(char **text)
{
    struct text file, lines;
    char *data = host_read_program_end(BEGIN_SIZE + ARGUMENTS_LIMIT + END_SIZE, &file.size);
    if (!data) {
        host_complain("the program's own file, which may have appended arguments, cannot be read: %s",
                      strerror(errno));
        return false;
    }
    file.data = data;
    bool whole = true;
    if (is_marked(file)) {
        whole = find_lines(file, &lines);
        if (whole && (*text = calloc(lines.size + 1, 1)))
            memcpy(*text, lines.data, lines.size);
        if (!*text)
            host_complain(whole ? "out of memory"
                                : "the arguments appended to the program are damaged: append them again");
        whole = *text != NULL;
    }
    free(data);
    return whole;
}

/* ---- In a file ------------------------------------------------------------------------------------------- */

/* As read_appended. */
static bool read_file(char **text)
{
    static const char *const above[] = {"", "/.."};
    const char *folder = host_folder();
    for (size_t i = 0; folder && i < sizeof above / sizeof *above; i++) {
        struct arena arena = {.blocks = NULL};
        size_t size;
        struct text path = arena_printf(&arena, "%s%s/" ARGUMENTS_FILE, folder, above[i]);
        char *read = arena.failed ? NULL : host_read_file(path.data, ARGUMENTS_LIMIT, &size);
        bool absent = !read && errno == ENOENT, terminated = read && strlen(read) == size;
        if (!read && !absent)
            host_complain("%.*s: %s", TEXT_ARGUMENTS(path), strerror(errno));
        else if (read && !terminated)
            host_complain("%.*s: it has a zero byte: write one argument on each line", TEXT_ARGUMENTS(path));
        arena_free(&arena);
        if (terminated)
            *text = read;
        else
            free(read);
        if (!absent)
            return terminated;
    }
    return true;
}

char *own_arguments(void)
{
    char *text = NULL;
    if (!read_appended(&text) || (!text && !read_file(&text)))
        return NULL;
    if (!text && !(text = calloc(1, 1)))
        host_complain("out of memory");
    return text;
}
