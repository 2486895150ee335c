#define _GNU_SOURCE
#include "tool/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "host/host.h"
#include "host/sandbox.h"
#include "tool/checking.h"
#include "tool/config.h"
#include "json/json.h"

#define TEXT_SIZE 4096 /* an element's text or a part of a path, as long as it can be */
/* The comment by which releases before 2.0 noted the layout of a function. */
#define EARLIER_MARK " layout %s fingerprint %016llx "
#define PARTITIONS "throw_on_max_partitions_per_insert_block"
#define COLLECTION "experiments_kafka"
#define FUNCTIONS_GLOB "user_defined_executable_functions_config"

/* ---- Findings ------------------------------------------------------------------------------------------ */

void say(struct check *check, enum verdict verdict, const char *format, ...)
{
    static const char *const words[] = {[OK] = "ok", [NOTE] = "note", [WRONG] = "wrong", [ASK] = "ask"};
    char line[2 * TEXT_SIZE];
    int start = snprintf(line, sizeof line, "%-6s", words[verdict]);
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line + start, sizeof line - (size_t)start - 1, format, list);
    va_end(list);
    for (char *at = line; *at; at++) {
        if ((unsigned char)*at < ' ')
            *at = ' ';
    }
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

bool usable(struct check *check, const char *path, unsigned permissions)
{
    const char *who = check->user ? "the user clickhouse" : "this user";
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *part =
            arena_printf(&check->arena, "%.*s", text_precision((size_t)(slash - path)), path).data;
        if (!host_may(check->user, part, HOST_RUN)) {
            say(check, WRONG, "%s: %s cannot enter %s: chmod o+x %s", path, who, part, part);
            return false;
        }
    }
    if (host_may(check->user, path, permissions))
        return true;
    say(check, WRONG, "%s: %s cannot %s it: chmod o+r%s %s", path, who,
        permissions & HOST_RUN ? "run" : "read", permissions & HOST_RUN ? "x" : "", path);
    return false;
}

/* Told what cannot be read. */
static void tell_unreadable(void *context, const char *path)
{
    say(context, WRONG, "%s: %s: run this check as root or as the user clickhouse", path, strerror(errno));
}

/* ---- What is looked at --------------------------------------------------------------------------------- */

struct layout *read_layout(struct check *check, const char *path, enum verdict unless)
{
    char problem[LAYOUT_PROBLEM];
    size_t size;
    char *json = host_read_file(path, SERVER_FILE_LIMIT, &size);
    if (!json) {
        say(check, unless, "layout %s: %s", path, strerror(errno));
        return NULL;
    }
    struct layout *layout = layout_parse(path, (struct text){json, size}, problem);
    free(json);
    if (!layout)
        say(check, unless, "not a layout: %s", problem);
    return layout;
}

static void check_layout(const struct server *server, const char *path, void *context)
{
    struct check *check = context;
    (void)server;
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
    if (host_may(NULL, path, 0))
        check_version(check, path);
}

/* ---- The registration ---------------------------------------------------------------------------------- */

/* A function of this program, and the file that registers it. */
struct found {
    const char *file;
    const struct xml_node *node;
    struct text name;
    struct registered_command command;
};

/* Complains of a function. Answers false. */
__attribute__((format(printf, 3, 4))) static bool wrong(struct check *check, const struct found *found,
                                                        const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct text text = arena_vprintf(&check->arena, format, list);
    va_end(list);
    say(check, WRONG, "registration %s: %.*s: %.*s", found->file, TEXT_ARGUMENTS(found->name),
        TEXT_ARGUMENTS(text));
    return false;
}

/* Whether the words of the command are a call; false after a complaint. */
static bool check_words(struct check *check, const struct found *found)
{
    const struct registered_command *command = &found->command;
    const struct xml_node *element = xml_child(found->node, "format", NULL);
    const struct text format = element ? element->value : TEXT(""),
                      option = command->format.data ? command->format : text_of(format_line.name);
    if (!command->kind)
        return wrong(check, found, "`" PROGRAM_NAME " %.*s` is not a function: " PROGRAM_NAME " --help",
                     TEXT_ARGUMENTS(command->word));
    if (!registered_format(&check->arena, command) || !text_equal(format, option))
        return wrong(check, found, "its command says --format %.*s, and <format> %.*s",
                     TEXT_ARGUMENTS(option), TEXT_ARGUMENTS(format));
    if (command->others.size > 0)
        return wrong(check, found, "its command has unknown words:%.*s", TEXT_ARGUMENTS(command->others));
    return true;
}

/* Whether the function was registered with this layout: by its fingerprint, or by the comment where it has none. */
static bool layout_fits(struct check *check, const struct found *found, const struct layout *layout,
                        const char *name)
{
    const struct registered_command *command = &found->command;
    if (!command->fingerprint.data) {
        struct text mark =
            arena_printf(&check->arena, EARLIER_MARK, name, (unsigned long long)layout->fingerprint);
        say(check, NOTE,
            "registration %s: %.*s has no fingerprint, so another layout beside the program would not be noticed: "
            "debezium-udf register %s",
            found->file, TEXT_ARGUMENTS(found->name), name);
        const struct text lead = found->node->lead;
        return !memmem(lead.data, lead.size, "<!-- layout ", strlen("<!-- layout ")) ||
               memmem(lead.data, lead.size, mark.data, mark.size);
    }
    const uint64_t fingerprint =
        function_fingerprint(command->kind, layout, registered_format(&check->arena, command)->name);
    return text_equal(command->fingerprint,
                      arena_printf(&check->arena, "%016llx", (unsigned long long)fingerprint));
}

/* The layout that the command names; NULL after a complaint. */
static struct layout *read_registered_layout(struct check *check, const struct found *found, const char *name)
{
    const char *path = strchr(name, '/') ? name : join(check, check->scripts, name);
    struct layout *layout = *name ? read_layout(check, path, WRONG) : NULL;
    if (!*name)
        wrong(check, found, "its command names no layout");
    if (layout && !layout_fits(check, found, layout, name)) {
        wrong(
            check, found,
            "the layout %s is not the one that it was registered with, so %s: debezium-udf register %s, then SYSTEM "
            "RELOAD FUNCTIONS",
            name, found->command.fingerprint.data ? "queries fail" : "columns may come out wrong", name);
        layout_free(layout);
        layout = NULL;
    }
    return layout;
}

static void check_function(struct check *check, const struct found *found)
{
    struct layout *layout = NULL;
    if (!check_words(check, found))
        return;
    const char *operand = arena_printf(&check->arena, "%.*s", TEXT_ARGUMENTS(found->command.operand)).data;
    if (found->command.kind->takes & FUNCTION_TAKES_LAYOUT)
        check->registered[FUNCTION_DECODE] = true;
    if (found->command.kind->takes & FUNCTION_TAKES_LAYOUT) {
        layout = read_registered_layout(check, found, operand);
        if (!layout)
            return;
    }
    check->registered[found->command.kind - functions] = true;
    const struct text words = xml_child(found->node, "command", NULL)->value;
    if (check_registered(check, found->file, found->node, &found->command, layout) &&
        (!check->runs || check_runs(check, found->file, found->name, words, &found->command, layout)))
        say(check, OK, "registration %s: %.*s", found->file, TEXT_ARGUMENTS(found->name));
    layout_free(layout);
}

/* Remembers a function's name; complains where it was there before: the server takes one of them. */
static void check_name(struct check *check, const struct found *found)
{
    for (size_t i = 0; i < check->name_count; i++) {
        if (text_equal(check->names[i], found->name)) {
            wrong(check, found, "a function of this name is registered twice");
            return;
        }
    }
    struct text *grown = realloc(check->names, (check->name_count + 1) * sizeof *grown);
    if (!grown)
        return;
    check->names = grown;
    grown[check->name_count++] = found->name;
}

/* Every function of this program that a file registers. */
static void check_functions(const struct server *server, const char *path, void *context)
{
    struct check *check = context;
    char problem[XML_PROBLEM];
    const struct text xml = server_read(server, path);
    const struct xml_node *root = xml.data ? xml_parse(&check->arena, xml, problem) : NULL, *node = NULL;
    if (xml.data && !root)
        say(check, memmem(xml.data, xml.size, PROGRAM_NAME, strlen(PROGRAM_NAME)) ? WRONG : NOTE,
            "registration %s: %s: the server does not read it; fix it, or move it away and debezium-udf register "
            "each layout",
            path, problem);
    bool first = true;
    while (root && (node = xml_child(root, "function", node))) {
        const struct xml_node *name = xml_child(node, "name", NULL),
                              *command = xml_child(node, "command", NULL);
        struct found found = {
            .file = path, .node = node, .name = name ? text_cut(name->value, 128) : TEXT("?")};
        if (!command || !registered_read(&check->arena, command->value, &found.command))
            continue;
        if (first)
            usable(check, path, HOST_READ);
        first = false;
        check_name(check, &found);
        check_function(check, &found);
    }
}

static void check_registration(struct check *check)
{
    const char *glob = server_setting(&check->server, "config", FUNCTIONS_GLOB);
    if (!glob)
        say(check, WRONG,
            "%s/config.xml: no " FUNCTIONS_GLOB ", so no function is read: set it to *_function.*ml",
            check->server.config_dir);
    else if (strcmp(glob, "*_function.*ml") != 0 && strcmp(glob, "*_function.xml") != 0)
        say(check, NOTE, FUNCTIONS_GLOB " is %s: this check reads %s/*_function.xml", glob,
            check->server.config_dir);
    server_files(&check->server, check->server.config_dir, FUNCTIONS_END, check_functions, check);
    if (!check->registered[FUNCTION_DECODE])
        say(check, WRONG,
            "registration: no %s/*_function.xml names a layout: debezium-udf register experiment_event.json",
            check->server.config_dir);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].name && !check->registered[i])
            say(check, NOTE, "registration: no %s/*_function.xml has %s", check->server.config_dir,
                functions[i].name);
    }
    say(check, ASK,
        "the server what it could not load (from ClickHouse 26.3 on): SELECT name, loading_error_message FROM "
        "system.user_defined_functions WHERE loading_error_message != ''");
}

static void check_pipeline(struct check *check)
{
    const char *partitions = server_setting(&check->server, "users", PARTITIONS);
    if (partitions && strcmp(partitions, "0") == 0)
        say(check, OK, PARTITIONS " = 0");
    else
        say(check, WRONG,
            PARTITIONS
            " is not 0 in %s/users.d: a block of events from more than 100 months would be refused each time: "
            "copy sql/config/users.d/experiments_pipeline.xml there",
            check->server.config_dir);
    if (server_setting(&check->server, "config", COLLECTION))
        say(check, OK, "named collection " COLLECTION);
    else
        say(check, NOTE,
            "no named collection " COLLECTION
            " in %s/config.d: raw_events_kafka needs it (sql/config/config.d), unless "
            "it was made with CREATE NAMED COLLECTION",
            check->server.config_dir);
}

static void check_pipes(struct check *check)
{
    size_t size;
    char *text = host_read_file("/proc/sys/fs/pipe-max-size", SERVER_FILE_LIMIT, &size);
    if (text && strtol(text, NULL, 10) < HOST_PIPE_SIZE)
        say(check, NOTE, "pipes hold at most %ld bytes here: sysctl fs.pipe-max-size=%d for speed",
            strtol(text, NULL, 10), HOST_PIPE_SIZE);
    else
        say(check, OK, "pipes can hold %d bytes", HOST_PIPE_SIZE);
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
    check->scripts = server_scripts(&check->server);
    check_program(check);
    server_files(&check->server, check->scripts, ".json", check_layout, check);
    check_registration(check);
    check_pipeline(check);
    check_pipes(check);
    check_sandbox(check);
}

bool check_installation(const char *config_dir)
{
    struct check check = {.sound = true};
    check.server = (struct server){
        .arena = &check.arena, .config_dir = config_dir, .unreadable = tell_unreadable, .context = &check};
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
    free(check.names);
    arena_free(&check.arena);
    return check.sound;
}
