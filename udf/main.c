/* The command line. */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "base/simd.h"
#include "base/version.h"
#include "commands.h"
#include "host/host.h"
#include "json/json.h"

/* ---- What the program says of itself ------------------------------------------------------------------- */

static int print(struct text text)
{
    return host_channel.write(host_channel.context, text.data, text.size) ? 0 : EXIT_SYSTEM;
}

static const char about[] =
    "debezium-udf decodes Debezium change events. ClickHouse runs it as an executable function.\n\n";

static const char operands[] =
    "    debezium-udf --help | --version\n"
    "\n"
    "Messages come from standard input, answers go to standard output. A LAYOUT without a\n"
    "slash is a file beside the program (for register, pipeline and --against: in the\n"
    "working folder, or beside the program); with a slash it is a path. Without PATH,\n"
    "extract takes it from the second argument of each row. Without arguments, the program\n"
    "takes those appended to its own file, or else those in " ARGUMENTS_FILE ", in its\n"
    "folder or in the parent folder.\n"
    "\n"
    "Options:\n";

static const char layouts[] =
    "\n"
    "A layout is a JSON object: function, accept (path -> list of values), columns. A column has\n"
    "name, type, path, and optionally required (true, or a list of operations), default, lenient,\n"
    "unavailable (the value if Debezium left it out), unit, encoding, nan, exact, note.\n"
    "\n"
    "Exit status: 0 at the end of input, 1 for a file or system error, 2 for a wrong call.\n"
    "\n"
    "    kcat -C -b kafka:9092 -t experiments_events -e | debezium-udf decode ./experiment_event.json\n";

static int print_help(void)
{
    struct arena arena = {.blocks = NULL};
    struct text help = text_of(about);
    struct command command;
    for (size_t i = 0; command_at(i, &command); i++) {
        const char *space = command.operand ? " " : "", *operand = command.operand ? command.operand : "";
        struct text call = arena_printf(&arena, "%s%s%s", command.name, space, operand);
        help = arena_printf(&arena, "%s    debezium-udf %-17s  %s\n", help.data, call.data, command.summary);
    }
    help = arena_printf(&arena, "%s%s%s%s", help.data, operands, call_options_help(&arena).data, layouts);
    int status = arena.failed ? EXIT_SYSTEM : print(help);
    if (arena.failed)
        host_complain("out of memory");
    arena_free(&arena);
    return status;
}

static int print_version(void)
{
    struct arena arena = {.blocks = NULL};
    int status = print(arena_printf(&arena, "debezium-udf %s (%s)\n", program_version, json_library()));
    arena_free(&arena);
    return status;
}

static bool asks_for_help(char **words)
{
    for (; *words && strcmp(*words, "--") != 0; words++) {
        if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
            return true;
    }
    return false;
}

/* ---- The command --------------------------------------------------------------------------------------- */

/* How many letters must be added, dropped or changed to make one word of the other; words of up to 15
 * letters. */
static size_t distance(const char *a, const char *b)
{
    size_t row[16], columns = strlen(b);
    if (columns > 15 || strlen(a) > 15)
        return 16;
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            corner = row[j];
            row[j] = best;
        }
    }
    return row[columns];
}

/* Says what is wrong, and which commands there are. */
static void list_commands(const char *wrong)
{
    struct arena arena = {.blocks = NULL};
    struct text names = TEXT("");
    struct command command, next;
    for (size_t i = 0; command_at(i, &command); i++)
        names = list_add(&arena, names, command.name, !command_at(i + 1, &next));
    host_complain("%s: use %.*s (see --help)", wrong, TEXT_ARGUMENTS(names));
    arena_free(&arena);
}

static bool find_command(const char *name, struct command *command)
{
    const char *nearest = NULL;
    size_t limit = 3; /* what is further away is no slip */
    for (size_t i = 0; command_at(i, command); i++) {
        size_t far = distance(name, command->name);
        if (far == 0)
            return true;
        if (far < limit) {
            limit = far;
            nearest = command->name;
        }
    }
    struct arena arena = {.blocks = NULL};
    struct text unknown = arena_printf(&arena, "unknown command `%s`", name);
    if (nearest)
        host_complain("%s: did you mean `%s`?", unknown.data, nearest);
    else
        list_commands(unknown.data);
    arena_free(&arena);
    return false;
}

static int run(char **words)
{
    if (!*words) {
        list_commands("a command is missing");
        return EXIT_CALL;
    }
    if (strcmp(*words, "--version") == 0)
        return print_version();
    if (asks_for_help(words))
        return print_help();
    struct command command;
    if (!find_command(*words, &command))
        return EXIT_CALL;
    struct call call;
    int status = call_read(&call, &command, words + 1) ? command.run(&call) : call.status;
    call_close(&call);
    return status;
}

/* Runs the call that is appended to the program or that the file has: each line a word, empty ones left out. */
static int run_own_arguments(void)
{
    char *text = own_arguments();
    size_t lines = 1, count = 0;
    for (const char *at = text; at && *at; at++)
        lines += *at == '\n';
    char **words = text ? calloc(lines + 1, sizeof *words) : NULL;
    if (text && !words)
        host_complain("out of memory");
    int status = EXIT_SYSTEM;
    if (words) {
        for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n"))
            words[count++] = line;
        status = run(words);
    }
    free(words);
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    host_start();
    const char *level = getenv("DEBEZIUM_UDF_SIMD");
    if (!simd_use(level)) {
        host_complain("DEBEZIUM_UDF_SIMD: this machine has no `%s`", level);
        return EXIT_CALL;
    }
    int status = argc < 2 ? run_own_arguments() : run(argv + 1);
    if (status == EXIT_CALL)
        host_discard_input();
    return status;
}
