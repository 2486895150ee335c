#define _GNU_SOURCE
#include "tool/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "host/files.h"
#include "host/host.h"
#include "host/sandbox.h"
#include "tool/config.h"
#include "json/json.h"

#define TEXT_SIZE 4096 /* an element's text or a part of a path, as long as it can be */
#define FILE_LIMIT ((size_t)16 << 20)
#define PARTITIONS "throw_on_max_partitions_per_insert_block"
#define COLLECTION "experiments_kafka"
#define FUNCTIONS_GLOB "user_defined_executable_functions_config"

struct check {
    const char *config_dir;
    const char *scripts;          /* user_scripts_path */
    struct arena arena;           /* owns the paths */
    const struct host_user *user; /* clickhouse; NULL where there is no such user: then whoever runs this */
    bool sound;
    bool registered; /* a decode function was found */
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

/* ---- XML, as far as it is needed here ------------------------------------------------------------------ */

/* The file's text, for the caller to free; NULL after a complaint. */
static char *read_xml(struct check *check, const char *path)
{
    size_t size;
    char *xml = host_read_file(path, FILE_LIMIT, &size);
    if (!xml)
        say(check, WRONG, "%s: %s", path, strerror(errno));
    return xml;
}

static void drop_comments(char *xml)
{
    for (char *start = strstr(xml, "<!--"); start; start = strstr(start, "<!--")) {
        char *end = strstr(start + 4, "-->");
        end = end ? end + 3 : start + strlen(start);
        memset(start, ' ', (size_t)(end - start));
    }
}

/* The text of the first element of this name, trimmed and cut to `size`; false where there is none. */
static bool element_text(const char *xml, const char *name, char *text, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = strchr(xml, '<'); at; at = strchr(at + 1, '<')) {
        if (strncmp(at + 1, name, length) != 0 || isalnum((unsigned char)at[1 + length]) ||
            at[1 + length] == '_')
            continue;
        const char *start = strchr(at, '>');
        if (!start)
            return false;
        start += 1 + strspn(start + 1, " \t\r\n");
        size_t used = strcspn(start, "<");
        while (used > 0 && isspace((unsigned char)start[used - 1]))
            used--;
        snprintf(text, size, "%.*s", text_precision(used), start);
        return true;
    }
    return false;
}

/* A setting looked for in several files: the last one wins, as in the server. */
struct setting {
    const char *name;
    bool found;
    char value[TEXT_SIZE];
};

static void find_setting(struct check *check, const char *path, void *context)
{
    struct setting *setting = context;
    char *xml = read_xml(check, path);
    if (!xml)
        return;
    drop_comments(xml);
    setting->found |= element_text(xml, setting->name, setting->value, sizeof setting->value);
    free(xml);
}

/* Looks in DIR/config.xml and DIR/config.d (or DIR/users.xml and DIR/users.d). */
static struct setting server_setting(struct check *check, const char *kind, const char *name)
{
    struct setting setting = {.name = name};
    const char *path = arena_printf(&check->arena, "%s/%s.xml", check->config_dir, kind).data;
    if (host_may(NULL, path, 0))
        find_setting(check, path, &setting);
    path = arena_printf(&check->arena, "%s/%s.d", check->config_dir, kind).data;
    visit_files(check, path, ".xml", find_setting, &setting);
    return setting;
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

static void check_decode(struct check *check, const char *file, const char *layout_name, struct text mark)
{
    const char *path = strchr(layout_name, '/') ? layout_name : join(check, check->scripts, layout_name);
    struct layout *layout = read_layout(check, path, WRONG);
    if (!layout)
        return;
    check->registered = true;
    struct text expected =
        arena_printf(&check->arena, CONFIG_MARK, layout_name, (unsigned long long)layout->fingerprint);
    if (text_equal(mark, expected))
        say(check, OK, "registration %s: %.*s", file, TEXT_ARGUMENTS(layout->function));
    else
        say(check, WRONG,
            "registration %s: the layout %s is not the one it was written from: debezium-udf config %s > %s, "
            "then SYSTEM "
            "RELOAD FUNCTIONS",
            file, layout_name, layout_name, file);
    layout_free(layout);
}

/* Reads the commands of one file of functions, and the mark before each. */
static void check_functions(struct check *check, const char *path, void *context)
{
    (void)context;
    char *xml = read_xml(check, path);
    struct text mark = {NULL, 0};
    for (char *at = xml; at && (at = strchr(at, '<')); at++) {
        char *end = strncmp(at, "<!--", 4) == 0 ? strstr(at, "-->") : NULL;
        if (end) {
            if (strncmp(at + 4, " layout ", 8) == 0)
                mark = (struct text){at + 4, (size_t)(end - at - 4)};
            at = end;
            continue;
        }
        char command[TEXT_SIZE], layout[TEXT_SIZE];
        if (strncmp(at, "<command>", 9) == 0 && element_text(at, "command", command, sizeof command) &&
            sscanf(command, "debezium-udf decode %4095s", layout) == 1) {
            usable(check, path, HOST_READ);
            check_decode(check, path, layout, mark);
            mark.size = 0;
        }
    }
    free(xml);
}

static void check_registration(struct check *check)
{
    struct setting glob = server_setting(check, "config", FUNCTIONS_GLOB);
    if (!glob.found)
        say(check, WRONG,
            "%s/config.xml: no " FUNCTIONS_GLOB ", so no function is read: set it to *_function.*ml",
            check->config_dir);
    else if (strcmp(glob.value, "*_function.*ml") != 0 && strcmp(glob.value, "*_function.xml") != 0)
        say(check, NOTE, FUNCTIONS_GLOB " is %s: this check reads %s/*_function.xml", glob.value,
            check->config_dir);
    visit_files(check, check->config_dir, "_function.xml", check_functions, NULL);
    if (!check->registered)
        say(check, WRONG,
            "registration: no %s/*_function.xml names a layout: debezium-udf config experiment_event.json > "
            "%s/debezium_udf_function.xml",
            check->config_dir, check->config_dir);
}

static void check_pipeline(struct check *check)
{
    struct setting partitions = server_setting(check, "users", PARTITIONS);
    if (partitions.found && strcmp(partitions.value, "0") == 0)
        say(check, OK, PARTITIONS " = 0");
    else
        say(check, WRONG,
            PARTITIONS
            " is not 0 in %s/users.d: a block of events from more than 100 months would be refused for ever: "
            "copy sql/config/users.d/experiments_pipeline.xml there",
            check->config_dir);
    if (server_setting(check, "config", COLLECTION).found)
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
    struct setting scripts = server_setting(check, "config", "user_scripts_path");
    const char *folder = scripts.found ? scripts.value : "/var/lib/clickhouse/user_scripts";
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
