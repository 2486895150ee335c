#define _GNU_SOURCE
#include "tool/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "host/files.h"
#include "host/host.h"
#include "host/sandbox.h"
#include "tool/config.h"
#include "tool/xml.h"
#include "json/json.h"

#define TEXT_SIZE 4096 /* an element's text or a part of a path, as long as it can be */
#define FILE_LIMIT ((size_t)16 << 20)
/* The comment by which releases before 2.0 noted the layout of a function. */
#define EARLIER_MARK " layout %s fingerprint %016llx "
#define PARTITIONS "throw_on_max_partitions_per_insert_block"
#define COLLECTION "experiments_kafka"
#define FUNCTIONS_GLOB "user_defined_executable_functions_config"

struct check {
    const char *config_dir;
    const char *scripts;          /* user_scripts_path */
    struct arena arena;           /* owns the paths */
    const struct host_user *user; /* clickhouse; NULL where there is no such user: then whoever runs this */
    bool sound;
    bool registered[FUNCTION_COUNT]; /* a file names it */
};

/* ---- Findings ------------------------------------------------------------------------------------------ */

enum verdict { OK, NOTE, WRONG };

__attribute__((format(printf, 3, 4))) static void say(struct check *check, enum verdict verdict,
                                                      const char *format, ...)
{
    static const char *const words[] = {[OK] = "ok", [NOTE] = "note", [WRONG] = "wrong"};
    char line[2 * TEXT_SIZE];
    int start = snprintf(line, sizeof line, "%-6s", words[verdict]);
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line + start, sizeof line - (size_t)start - 1, format, list);
    va_end(list);
    if (size >= 0)
        strcat(line, "\n");
    host_channel.write(host_channel.context, line, strlen(line));
    check->sound = check->sound && verdict != WRONG;
}

/* ---- Files and permissions ----------------------------------------------------------------------------- */

static const char *join(struct check *check, const char *folder, const char *name)
{
    return arena_printf(&check->arena, "%s/%s", folder, name).data;
}

/* Whether the server may reach and use the file; complains about the part of the path that is in the way. */
static bool usable(struct check *check, const char *path, unsigned permissions)
{
    const char *who = check->user ? "the user clickhouse" : "this user";
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *part =
            arena_printf(&check->arena, "%.*s", text_precision((size_t)(slash - path)), path).data;
        if (!host_may(check->user, part, HOST_RUN)) {
            say(check, WRONG, "%s: %s may not enter %s: chmod o+x %s", path, who, part, part);
            return false;
        }
    }
    if (host_may(check->user, path, permissions))
        return true;
    say(check, WRONG, "%s: %s may not %s it: chmod o+r%s %s", path, who,
        permissions & HOST_RUN ? "run" : "read", permissions & HOST_RUN ? "x" : "", path);
    return false;
}

/* Calls `visit` for every file of the folder whose name ends so, in the order of their names. A missing
 * folder has none. */
static void visit_files(struct check *check, const char *folder, const char *end,
                        void (*visit)(struct check *check, const char *path, void *context), void *context)
{
    struct host_names files;
    if (!host_list_folder(folder, &files)) {
        if (errno != ENOENT)
            say(check, WRONG, "%s: %s: run this check as root or as the user clickhouse", folder,
                strerror(errno));
        return;
    }
    for (size_t i = 0; i < files.count; i++) {
        if (text_ends(text_of(files.names[i]), text_of(end)))
            visit(check, join(check, folder, files.names[i]), context);
    }
    host_names_free(&files);
}

/* ---- The server's settings ----------------------------------------------------------------------------- */

/* The file's text, from the arena; data is NULL after a complaint. */
static struct text read_xml(struct check *check, const char *path)
{
    size_t size;
    char *file = host_read_file(path, FILE_LIMIT, &size);
    if (!file) {
        say(check, WRONG, "%s: %s", path, strerror(errno));
        return (struct text){NULL, 0};
    }
    struct text xml = arena_copy(&check->arena, (struct text){file, size}, 0);
    free(file);
    return xml;
}

static struct text without_comments(struct check *check, struct text xml)
{
    char *copy = arena_alloc(&check->arena, xml.size);
    if (!copy)
        return (struct text){"", 0};
    if (xml.size)
        memcpy(copy, xml.data, xml.size);
    xml_blank_comments(copy, xml.size);
    return (struct text){copy, xml.size};
}

/* A setting looked for in several files: the last one wins, as in the server. */
struct setting {
    const char *name;
    const char *value; /* NULL: there is none */
};

static void find_setting(struct check *check, const char *path, void *context)
{
    struct setting *setting = context;
    struct text value = xml_value(without_comments(check, read_xml(check, path)), setting->name);
    if (value.data)
        setting->value = arena_printf(&check->arena, "%.*s", TEXT_ARGUMENTS(value)).data;
}

/* Looks in DIR/config.xml and DIR/config.d (or DIR/users.xml and DIR/users.d); NULL where it is in none. */
static const char *server_setting(struct check *check, const char *kind, const char *name)
{
    struct setting setting = {.name = name};
    const char *path = arena_printf(&check->arena, "%s/%s.xml", check->config_dir, kind).data;
    if (host_may(NULL, path, 0))
        find_setting(check, path, &setting);
    path = arena_printf(&check->arena, "%s/%s.d", check->config_dir, kind).data;
    visit_files(check, path, ".xml", find_setting, &setting);
    return setting.value;
}

/* ---- What is looked at --------------------------------------------------------------------------------- */

/* `unless` is what it means where the file is no layout: other files may stand beside the layouts. */
static struct layout *read_layout(struct check *check, const char *path, enum verdict unless)
{
    char problem[LAYOUT_PROBLEM];
    size_t size;
    char *json = host_read_file(path, FILE_LIMIT, &size);
    if (!json) {
        say(check, unless, "layout %s: %s", path, strerror(errno));
        return NULL;
    }
    struct layout *layout = layout_parse(path, (struct text){json, size}, problem);
    free(json);
    if (!layout)
        say(check, unless, "no layout: %s", problem);
    return layout;
}

static void check_layout(struct check *check, const char *path, void *context)
{
    (void)context;
    struct layout *layout = read_layout(check, path, NOTE);
    if (!layout)
        return;
    if (usable(check, path, HOST_READ))
        say(check, OK, "layout %s: %.*s, %zu columns", path, TEXT_ARGUMENTS(layout->function),
            layout->column_count);
    layout_free(layout);
}

static void check_program(struct check *check)
{
    const char *path = join(check, check->scripts, "debezium-udf");
    if (!host_may(NULL, path, 0))
        say(check, WRONG, "program %s: %s: make install, or copy debezium-udf and the layouts there", path,
            strerror(errno));
    else if (usable(check, path, HOST_READ | HOST_RUN))
        say(check, OK, "program %s%s", path,
            host_is_this_program(path) ? "" : " (not the one that runs this check)");
}

/* ---- The registration ---------------------------------------------------------------------------------- */

/* A function of this program as a file registers it. */
struct registered {
    const char *file;
    struct text name, command, type, format; /* as its elements have them */
    struct text mark;                        /* the comment before it that config writes */
};

/* What the server would call. */
struct command_line {
    const struct function_kind *kind;
    const struct format *format;
    struct text operand;     /* data is NULL where there is none */
    struct text fingerprint; /* likewise */
};

static struct text next_word(struct text *words)
{
    while (words->size > 0 && *words->data == ' ')
        *words = text_from(*words, 1);
    const char *space = words->size ? memchr(words->data, ' ', words->size) : NULL;
    struct text word = {words->data, space ? (size_t)(space - words->data) : words->size};
    *words = text_from(*words, word.size);
    return word;
}

static const struct function_kind *find_function(struct text command)
{
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (text_equal(command, text_of(functions[i].command)))
            return &functions[i];
    }
    return NULL;
}

/* The option's value: behind its `=`, or the next word. */
static struct text option_value(struct text option, struct text *words)
{
    const char *equals = memchr(option.data, '=', option.size);
    return equals ? text_from(option, (size_t)(equals + 1 - option.data)) : next_word(words);
}

/* Reads what the command calls; false after a complaint. */
static bool read_command(struct check *check, const struct registered *function, struct command_line *line)
{
    struct text words = function->command, format = text_of(format_line.name);
    next_word(&words); /* the program */
    struct text command = next_word(&words);
    *line = (struct command_line){.kind = find_function(command)};
    if (!line->kind) {
        say(check, WRONG, "registration %s: %.*s: `debezium-udf %.*s` is no function: debezium-udf --help",
            function->file, TEXT_ARGUMENTS(function->name), TEXT_ARGUMENTS(command));
        return false;
    }
    for (struct text word; (word = next_word(&words)).size > 0;) {
        if (!text_starts(word, TEXT("-"))) {
            line->operand = word;
            continue;
        }
        struct text value = option_value(word, &words);
        if (text_starts(word, TEXT("--format")))
            format = value;
        else if (text_starts(word, TEXT("--fingerprint")))
            line->fingerprint = value;
    }
    line->format = format_find(arena_printf(&check->arena, "%.*s", TEXT_ARGUMENTS(format)).data);
    if (line->format && text_equal(function->format, format))
        return true;
    say(check, WRONG, "registration %s: %.*s: its command says --format %.*s, and <format> %.*s",
        function->file, TEXT_ARGUMENTS(function->name), TEXT_ARGUMENTS(format),
        TEXT_ARGUMENTS(function->format));
    return false;
}

/* Whether the function was registered with this layout: by its fingerprint, or by the comment where it has none. */
static bool layout_fits(struct check *check, const struct registered *function,
                        const struct command_line *line, const struct layout *layout, const char *name)
{
    if (!line->fingerprint.data)
        return text_equal(function->mark, arena_printf(&check->arena, EARLIER_MARK, name,
                                                       (unsigned long long)layout->fingerprint));
    const uint64_t fingerprint = function_fingerprint(line->kind, layout, line->format->name);
    return text_equal(line->fingerprint,
                      arena_printf(&check->arena, "%016llx", (unsigned long long)fingerprint));
}

/* The layout that the command names; NULL after a complaint. */
static struct layout *read_registered_layout(struct check *check, const char *name)
{
    return read_layout(check, strchr(name, '/') ? name : join(check, check->scripts, name), WRONG);
}

static bool type_fits(struct check *check, const struct registered *function, const struct command_line *line,
                      const struct layout *layout)
{
    const char *type =
        line->format->string_answers ? "String" : function_type(&check->arena, line->kind, layout);
    return type && text_equal(function->type, text_of(type));
}

static void check_function(struct check *check, const struct registered *function)
{
    struct command_line line;
    struct layout *layout = NULL;
    if (!read_command(check, function, &line))
        return;
    const char *operand = arena_printf(&check->arena, "%.*s", TEXT_ARGUMENTS(line.operand)).data;
    bool takes_layout = line.kind->takes & FUNCTION_TAKES_LAYOUT, fits = true;
    if (takes_layout) {
        layout = read_registered_layout(check, operand);
        if (!layout)
            return;
        fits = layout_fits(check, function, &line, layout, operand);
    }
    check->registered[line.kind - functions] = true;
    if (!fits)
        say(check, WRONG,
            "registration %s: the layout %s is not the one it was written from: debezium-udf config %s > %s, then "
            "SYSTEM RELOAD FUNCTIONS",
            function->file, operand, operand, function->file);
    else if (!type_fits(check, function, &line, layout))
        say(check, WRONG,
            "registration %s: %.*s returns another type there than from the program: write the file anew with "
            "debezium-udf config, then SYSTEM RELOAD FUNCTIONS",
            function->file, TEXT_ARGUMENTS(function->name));
    else
        say(check, OK, "registration %s: %.*s", function->file, TEXT_ARGUMENTS(function->name));
    if (layout)
        layout_free(layout);
}

/* The last mark of config in this part of a file, without its brackets. */
static struct text last_mark(struct text xml)
{
    struct text mark = {NULL, 0};
    for (size_t at = 0; xml.data && at < xml.size; at++) {
        struct text rest = text_from(xml, at);
        if (!text_starts(rest, TEXT("<!-- layout ")))
            continue;
        const char *end = memmem(rest.data, rest.size, "-->", 3);
        if (end)
            mark = (struct text){rest.data + 4, (size_t)(end - rest.data - 4)};
    }
    return mark;
}

/* Every function of this program that a file registers. */
static void check_functions(struct check *check, const char *path, void *context)
{
    (void)context;
    struct text xml = read_xml(check, path), plain = without_comments(check, xml), inner;
    bool found = false;
    for (size_t at = 0; (inner = xml_element(text_from(plain, at), "function")).data;) {
        size_t start = (size_t)(inner.data - plain.data);
        struct registered function = {.file = path,
                                      .name = xml_value(inner, "name"),
                                      .command = xml_value(inner, "command"),
                                      .type = xml_value(inner, "return_type"),
                                      .format = xml_value(inner, "format"),
                                      .mark = last_mark((struct text){xml.data + at, start - at})};
        at = start + inner.size;
        if (!text_starts(function.command, TEXT("debezium-udf ")))
            continue;
        if (!found)
            usable(check, path, HOST_READ);
        found = true;
        check_function(check, &function);
    }
}

static void check_registration(struct check *check)
{
    const char *glob = server_setting(check, "config", FUNCTIONS_GLOB);
    if (!glob)
        say(check, WRONG,
            "%s/config.xml: no " FUNCTIONS_GLOB ", so no function is read: set it to *_function.*ml",
            check->config_dir);
    else if (strcmp(glob, "*_function.*ml") != 0 && strcmp(glob, "*_function.xml") != 0)
        say(check, NOTE, FUNCTIONS_GLOB " is %s: this check reads %s/*_function.xml", glob,
            check->config_dir);
    visit_files(check, check->config_dir, "_function.xml", check_functions, NULL);
    if (!check->registered[FUNCTION_DECODE])
        say(check, WRONG,
            "registration: no %s/*_function.xml names a layout: debezium-udf config experiment_event.json > "
            "%s/debezium_udf_function.xml",
            check->config_dir, check->config_dir);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].name && !check->registered[i])
            say(check, NOTE, "registration: no %s/*_function.xml has %s", check->config_dir,
                functions[i].name);
    }
}

static void check_pipeline(struct check *check)
{
    const char *partitions = server_setting(check, "users", PARTITIONS);
    if (partitions && strcmp(partitions, "0") == 0)
        say(check, OK, PARTITIONS " = 0");
    else
        say(check, WRONG,
            PARTITIONS
            " is not 0 in %s/users.d: a block of events from more than 100 months would be refused for ever: "
            "copy sql/config/users.d/experiments_pipeline.xml there",
            check->config_dir);
    if (server_setting(check, "config", COLLECTION))
        say(check, OK, "named collection " COLLECTION);
    else
        say(check, NOTE,
            "no named collection " COLLECTION
            " in %s/config.d: raw_events_kafka needs it (sql/config/config.d), unless "
            "it was made with CREATE NAMED COLLECTION",
            check->config_dir);
}

static void check_pipes(struct check *check)
{
    size_t size;
    char *text = host_read_file("/proc/sys/fs/pipe-max-size", FILE_LIMIT, &size);
    if (text && strtol(text, NULL, 10) < HOST_PIPE_SIZE)
        say(check, NOTE, "pipes hold at most %ld bytes here: sysctl fs.pipe-max-size=%d for speed",
            strtol(text, NULL, 10), HOST_PIPE_SIZE);
    else
        say(check, OK, "pipes may hold %d bytes", HOST_PIPE_SIZE);
    free(text);
}

static void check_sandbox(struct check *check)
{
    const char *why = sandbox_try();
    if (why)
        say(check, NOTE, "the system calls of a running function cannot be confined (seccomp): %s", why);
    else
        say(check, OK, "a running function is confined to its pipes and memory (seccomp)");
}

static void check_server(struct check *check)
{
    const char *setting = server_setting(check, "config", "user_scripts_path");
    const char *folder = setting ? setting : "/var/lib/clickhouse/user_scripts";
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    check->scripts = arena_printf(&check->arena, "%.*s", text_precision(size), folder).data;
    check_program(check);
    visit_files(check, check->scripts, ".json", check_layout, NULL);
    check_registration(check);
    check_pipeline(check);
    check_pipes(check);
    check_sandbox(check);
}

bool check_installation(const char *config_dir)
{
    struct check check = {.config_dir = config_dir, .sound = true};
    struct host_user user;
    if (host_find_user("clickhouse", &user))
        check.user = &user;
    say(&check, OK, "debezium-udf %s, %s", program_version, json_library());
    const char *config = join(&check, config_dir, "config.xml");
    if (host_may(NULL, config, HOST_READ))
        check_server(&check);
    else
        say(&check, WRONG, "%s: %s: give the server's configuration with --config-dir DIR", config,
            strerror(errno));
    arena_free(&check.arena);
    return check.sound;
}
