#define _GNU_SOURCE
#include "host/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/stream.h"

#define PASSWD_LIMIT ((size_t)16 << 20)

/* Reads to the end of the file, whatever size it was said to have (files of /proc say 0). */
static char *read_to_end(int fd, size_t expected, size_t limit, size_t *size)
{
    size_t capacity = expected + 4096;
    char *data = malloc(capacity + STREAM_PADDING);
    for (*size = 0; data;) {
        if (*size == capacity) {
            char *grown = *size > limit ? NULL : realloc(data, 2 * capacity + STREAM_PADDING);
            if (!grown) {
                errno = *size > limit ? EFBIG : ENOMEM;
                break;
            }
            capacity *= 2;
            data = grown;
        }
        ssize_t got = read(fd, data + *size, capacity - *size);
        if (got == 0 && *size <= limit) {
            memset(data + *size, 0, STREAM_PADDING);
            return data;
        }
        if (got == 0)
            errno = EFBIG;
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        *size += got > 0 ? (size_t)got : 0;
    }
    int problem = errno;
    free(data);
    errno = problem;
    return NULL;
}

char *host_read_file(const char *path, size_t limit, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* O_NONBLOCK: a named pipe must not hold us up */
    if (fd < 0)
        return NULL;
    struct stat status;
    char *data = NULL;
    if (fstat(fd, &status) == 0) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        if (S_ISREG(status.st_mode))
            data =
                read_to_end(fd, (size_t)status.st_size < limit ? (size_t)status.st_size : limit, limit, size);
    }
    int problem = errno;
    close(fd);
    errno = problem;
    return data;
}

#define PROGRAM "/proc/self/exe"

/* The path that the program was started with (getauxval(3)), where it does not depend on the working folder. */
static const char *started_as(void)
{
    const char *path = (const char *)getauxval(AT_EXECFN); /* NOLINT(performance-no-int-to-ptr) */
    return path && *path == '/' ? path : NULL;
}

const char *host_folder(void)
{
    static char folder[4096];
    ssize_t size = readlink(PROGRAM, folder, sizeof folder - 1);
    const char *path = size <= 0 ? started_as() : NULL;
    if (path)
        size = (ssize_t)strlen(path);
    if (size <= 0 || (size_t)size >= sizeof folder)
        return NULL;
    if (path)
        memcpy(folder, path, (size_t)size);
    folder[size] = '\0';
    *strrchr(folder, '/') = '\0';
    return folder;
}

/* The `size` bytes of a file from `at` on. */
static bool read_at(int fd, char *data, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t got = pread(fd, data, size, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it was shortened */
        if (got <= 0)
            return false;
        data += got;
        size -= (size_t)got;
        at += got;
    }
    return true;
}

char *host_read_program_end(size_t most, size_t *size)
{
    const char *path = started_as();
    int fd = open(PROGRAM, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && path)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat status;
    char *data = NULL;
    if (fstat(fd, &status) == 0) {
        *size = (uint64_t)status.st_size < most ? (size_t)status.st_size : most;
        data = malloc(*size + 1);
        if (data && !read_at(fd, data, *size, status.st_size - (off_t)*size)) {
            free(data);
            data = NULL;
        }
    }
    int problem = errno;
    close(fd);
    errno = problem;
    return data;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int no_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool copy_names(struct host_names *names, struct dirent *const *entries, size_t count)
{
    names->names = calloc(count + 1, sizeof *names->names);
    if (!names->names)
        return false;
    for (size_t i = 0; i < count; i++) {
        names->names[i] = strdup(entries[i]->d_name);
        if (!names->names[i]) {
            host_names_free(names);
            return false;
        }
        names->count++;
    }
    qsort(names->names, names->count, sizeof *names->names, compare_names);
    return true;
}

bool host_list_folder(const char *path, struct host_names *names)
{
    *names = (struct host_names){NULL, 0};
    struct dirent **entries;
    int count = scandir(path, &entries, no_dots, NULL);
    if (count < 0)
        return false;
    bool copied = copy_names(names, entries, (size_t)count);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    if (!copied)
        errno = ENOMEM;
    return copied;
}

void host_names_free(struct host_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct host_names){NULL, 0};
}

bool host_find_user(const char *name, struct host_user *user)
{
    size_t size, length = strlen(name);
    bool found = false;
    char *file = host_read_file("/etc/passwd", PASSWD_LIMIT, &size);
    for (char *line = file; line && *line && !found;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        found = strncmp(line, name, length) == 0 && line[length] == ':' &&
                sscanf(line + length, ":%*[^:]:%u:%u:", &user->id, &user->group) == 2;
    free(file);
    return found;
}

bool host_may(const struct host_user *user, const char *path, unsigned permissions)
{
    struct stat status;
    if (!user)
        return access(path, (int)permissions) == 0;
    if (stat(path, &status) < 0)
        return false;
    if (user->id == 0)
        return true;
    unsigned shift = status.st_uid == user->id ? 6 : status.st_gid == user->group ? 3 : 0;
    return ((status.st_mode >> shift) & permissions) == permissions;
}

bool host_is_this_program(const char *path)
{
    struct stat there, here;
    return stat(path, &there) == 0 && stat("/proc/self/exe", &here) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}
