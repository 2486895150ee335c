/* The command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/check.h"
#include "tool/config.h"
#include "host/host.h"
#include "tool/infer.h"
#include "json/json.h"
#include "host/sandbox.h"
#include "base/simd.h"
#include "serve.h"
#include "base/version.h"

#define FORMAT_NAMES "LineAsString, RowBinary or Native"
#define EXIT_SYSTEM 1 /* a file, a descriptor, the input, memory */
#define EXIT_CALL 2   /* a wrong call */

#define MOST_DEFAULT ((uint64_t)256 << 20)
#define LEAST_MEMORY ((uint64_t)16 << 20)
#define LAYOUT_MOST ((size_t)16 << 20) /* bytes of a layout file */

enum option {
    OPTION_FORMAT = 1,
    OPTION_MAX_MESSAGE = 2,
    OPTION_POOL_SIZE = 4,
    OPTION_CONFIG_DIR = 8,
    OPTION_MAX_MEMORY = 16
};

struct call {
    const struct format *format;
    bool format_given;
    uint64_t most;
    uint64_t memory; /* 0: no limit */
    unsigned pool_size;
    const char *config_dir;
    char **operands;
    size_t operand_count;
};

struct command {
    const char *name;
    const char *usage;
    size_t operands_least, operands_most;
    int (*run)(const struct call *call);
    unsigned options;
};

/* ---- Layouts ------------------------------------------------------------------------------------------- */

/* The file of a layout: beside the program where its name has no slash. False where the system does not tell
 * where that is. */
static bool layout_file(const char *name, char *path, size_t size)
{
    const char *folder = strchr(name, '/') ? NULL : host_folder();
    if (!folder && !strchr(name, '/')) {
        host_complain("%s: it is looked for beside the program, but /proc/self/exe cannot be read: give a "
                      "path with a slash",
                      name);
        return false;
    }
    int length = folder ? snprintf(path, size, "%s/%s", folder, name) : snprintf(path, size, "%s", name);
    if (length < 0 || (size_t)length >= size) {
        host_complain("%s: the path is too long", name);
        return false;
    }
    return true;
}

static struct layout *load_layout(const char *name)
{
    char path[4096], problem[LAYOUT_PROBLEM];
    if (!layout_file(name, path, sizeof path))
        return NULL;
    size_t size;
    char *json = host_read_file(path, LAYOUT_MOST, &size);
    if (!json) {
        const char *hint =
            errno == ENOENT && !strchr(name, '/') ? " (a layout elsewhere needs a path with a slash)" : "";
        host_complain("layout %s: %s%s", path, strerror(errno), hint);
        return NULL;
    }
    struct layout *layout = layout_parse(path, (struct text){json, size}, problem);
    free(json);
    if (!layout)
        host_complain("%s", problem);
    return layout;
}

/* ---- Commands ------------------------------------------------------------------------------------------ */

static int run_function(const struct call *call, enum function_kind kind, const struct layout *layout,
                        const char *path)
{
    struct function function;
    char problem[FORMAT_PROBLEM] = "out of memory";
    host_enlarge_pipes();
    if (!sandbox_limit_memory(call->memory)) {
        host_complain("--max-memory: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    bool done = function_open(&function, kind, layout, path);
    if (done) {
        /* Where the kernel refuses, `check` says so. */
        (void)sandbox_enter();
        done = serve(&function, call->format, &host_channel, call->most, problem);
    }
    if (!done && *problem)
        host_complain("%s", problem);
    function_close(&function);
    return done ? 0 : EXIT_SYSTEM;
}

static int run_decode(const struct call *call)
{
    struct layout *layout = load_layout(call->operands[0]);
    if (!layout)
        return EXIT_SYSTEM;
    int status = run_function(call, FUNCTION_DECODE, layout, NULL);
    layout_free(layout);
    return status;
}

static int run_extract(const struct call *call)
{
    const char *path = call->operand_count > 0 ? call->operands[0] : NULL;
    if (!path && call->format->argument_limit < 2) {
        host_complain("extract needs a PATH in %s, since a line has no second argument: "
                      "debezium-udf extract PATH",
                      call->format->name);
        return EXIT_CALL;
    }
    if (path) {
        struct arena arena = {.blocks = NULL};
        struct path parsed;
        bool valid = path_parse(&arena, text_of(path), &parsed), refused = arena.failed;
        arena_free(&arena);
        if (refused) {
            host_complain("out of memory");
            return EXIT_SYSTEM;
        }
        if (!valid) {
            host_complain("extract: `%s` is no path: write names joined by dots, and [0] for an element: "
                          "after.items[0].id",
                          path);
            return EXIT_CALL;
        }
    }
    return run_function(call, FUNCTION_EXTRACT, NULL, path);
}

static int run_unnest(const struct call *call)
{
    return run_function(call, FUNCTION_UNNEST, NULL, NULL);
}

static int run_timestamp(const struct call *call)
{
    return run_function(call, FUNCTION_TIMESTAMP, NULL, NULL);
}

static int print(const char *data, size_t size)
{
    return host_channel.write(host_channel.context, data, size) ? 0 : EXIT_SYSTEM;
}

static int write_config(const struct config *config)
{
    char problem[CONFIG_PROBLEM];
    if (!config_valid(config, problem)) {
        host_complain("%s", problem);
        return EXIT_SYSTEM;
    }
    struct output out;
    bool written = output_open(&out, &host_channel, 0) && config_write(config, &out);
    if (!written && !out.failed)
        host_complain("out of memory");
    output_close(&out);
    return written ? 0 : EXIT_SYSTEM;
}

static int run_config(const struct call *call)
{
    struct layout **layouts = calloc(call->operand_count, sizeof *layouts);
    if (!layouts) {
        host_complain("out of memory");
        return EXIT_SYSTEM;
    }
    int status = 0;
    for (size_t i = 0; i < call->operand_count && status == 0; i++) {
        layouts[i] = load_layout(call->operands[i]);
        status = layouts[i] ? 0 : EXIT_SYSTEM;
    }
    if (status == 0) {
        struct config config = {.layouts = layouts,
                                .names = call->operands,
                                .count = call->operand_count,
                                .format = call->format_given ? call->format : &format_row_binary,
                                .pool_size = call->pool_size,
                                .max_message = call->most == MOST_DEFAULT ? 0 : call->most,
                                .max_memory = call->memory};
        status = write_config(&config);
    }
    for (size_t i = 0; i < call->operand_count; i++) {
        if (layouts[i])
            layout_free(layouts[i]);
    }
    free(layouts);
    return status;
}

static int run_check(const struct call *call)
{
    return check_installation(call->config_dir) ? 0 : EXIT_SYSTEM;
}

static int run_infer(const struct call *call)
{
    char problem[INFER_PROBLEM];
    host_enlarge_pipes();
    (void)sandbox_enter();
    if (infer_run(&host_channel, call->most, problem))
        return 0;
    if (*problem)
        host_complain("%s", problem);
    return EXIT_SYSTEM;
}

static const struct command commands[] = {
    {"decode", "decode LAYOUT [--format FORMAT] [--max-message BYTES] [--max-memory BYTES]", 1, 1, run_decode,
     OPTION_FORMAT | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY},
    {"extract", "extract [PATH] [--format FORMAT] [--max-message BYTES] [--max-memory BYTES]", 0, 1,
     run_extract, OPTION_FORMAT | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY},
    {"unnest", "unnest [--format FORMAT] [--max-message BYTES] [--max-memory BYTES]", 0, 0, run_unnest,
     OPTION_FORMAT | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY},
    {"timestamp", "timestamp [--format FORMAT] [--max-message BYTES] [--max-memory BYTES]", 0, 0,
     run_timestamp, OPTION_FORMAT | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY},
    {"config",
     "config LAYOUT... [--format FORMAT] [--pool-size N] [--max-message BYTES] [--max-memory BYTES]", 1, 64,
     run_config, OPTION_FORMAT | OPTION_POOL_SIZE | OPTION_MAX_MESSAGE | OPTION_MAX_MEMORY},
    {"infer", "infer [--max-message BYTES]", 0, 0, run_infer, OPTION_MAX_MESSAGE},
    {"check", "check [--config-dir DIR]", 0, 0, run_check, OPTION_CONFIG_DIR},
};
#define COMMAND_NAMES "decode, extract, unnest, timestamp, infer, config or check"
#define COMMANDS (sizeof commands / sizeof *commands)

static const char help[] =
    "debezium-udf decodes Debezium change events for ClickHouse, which runs it as an executable function.\n"
    "\n"
    "    debezium-udf decode LAYOUT      each message to a typed row\n"
    "    debezium-udf extract [PATH]     the value at a path of each message\n"
    "    debezium-udf unnest             each message with the JSON in its strings expanded\n"
    "    debezium-udf timestamp          each text or number as a time\n"
    "    debezium-udf infer              a layout proposed from sample messages, to be edited\n"
    "    debezium-udf config LAYOUT...   the XML that registers the functions in ClickHouse\n"
    "    debezium-udf check              is this installation sound? says what is wrong\n"
    "    debezium-udf --help | --version\n"
    "\n"
    "Messages come on standard input, answers go to standard output. A LAYOUT without a\n"
    "slash is looked for beside the program, otherwise it is a path. Without PATH, extract\n"
    "takes it as the second argument of each row.\n"
    "\n"
    "Options:\n"
    "    --format FORMAT       LineAsString (one message a line; the default), RowBinary or Native;\n"
    "                          config registers RowBinary unless told otherwise\n"
    "    --max-message BYTES   a longer message is an error row (K, M and G may follow the number; 256M)\n"
    "    --max-memory BYTES    the process takes no more memory; a message that would need it is an error row (no limit)\n"
    "    --pool-size N         config: processes that the server keeps for each function (16)\n"
    "    --config-dir DIR      check: where the server's configuration is (/etc/clickhouse-server)\n"
    "\n"
    "A layout is a JSON object: function, accept (path -> list of values), columns. A column has\n"
    "name, type, path, and where wanted required (true, or a list of operations), default,\n"
    "lenient, unavailable (its value where Debezium left it out), unit, encoding, note.\n"
    "\n"
    "Exit status: 0 at the end of input, 1 for a file or system error, 2 for a wrong call.\n"
    "\n"
    "    kcat -C -b kafka:9092 -t experiments_events -e | debezium-udf decode ./experiment_event.json\n";

/* ---- Reading the call ---------------------------------------------------------------------------------- */

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

static const struct command *find_command(const char *name)
{
    const struct command *nearest = NULL;
    size_t least = 3;
    for (const struct command *command = commands; command < commands + COMMANDS; command++) {
        size_t far = distance(name, command->name);
        if (far == 0)
            return command;
        if (far < least) {
            least = far;
            nearest = command;
        }
    }
    if (nearest)
        host_complain("unknown command `%s`: did you mean `%s`?", name, nearest->name);
    else
        host_complain("unknown command `%s`: use " COMMAND_NAMES " (see --help)", name);
    return NULL;
}

static bool read_number(const char *text, uint64_t *number)
{
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (*number > UINT64_MAX / 10 - 1)
            return false;
        *number = *number * 10 + (uint64_t)(*text - '0');
    }
    unsigned shift = 0;
    if (*text == 'K' || *text == 'M' || *text == 'G')
        shift = *text == 'K' ? 10 : *text == 'M' ? 20 : 30;
    text += shift > 0;
    if (*text || *number > UINT64_MAX >> shift)
        return false;
    *number <<= shift;
    return true;
}

static bool read_option(struct call *call, enum option option, const char *value)
{
    uint64_t number;
    switch (option) {
    case OPTION_FORMAT:
        call->format_given = true;
        call->format = format_find(value);
        if (!call->format)
            host_complain("unknown format `%s`: use " FORMAT_NAMES, value);
        return call->format != NULL;
    case OPTION_MAX_MESSAGE:
        if (read_number(value, &call->most) && call->most > 0 && call->most <= JSON_MOST)
            return true;
        host_complain("--max-message `%s`: give a number of bytes from 1 to %zu, such as 64M", value,
                      JSON_MOST);
        return false;
    case OPTION_MAX_MEMORY:
        if (read_number(value, &call->memory) && call->memory >= LEAST_MEMORY)
            return true;
        host_complain("--max-memory `%s`: give a number of bytes from 16M, such as 1G", value);
        return false;
    case OPTION_POOL_SIZE:
        if (read_number(value, &number) && number >= 1 && number <= 1024) {
            call->pool_size = (unsigned)number;
            return true;
        }
        host_complain("--pool-size `%s`: give a number from 1 to 1024", value);
        return false;
    case OPTION_CONFIG_DIR:
        call->config_dir = value;
        return true;
    }
    return false;
}

static const struct {
    const char *name;
    enum option option;
} options[] = {
    {"--format", OPTION_FORMAT},         {"--max-message", OPTION_MAX_MESSAGE},
    {"--max-memory", OPTION_MAX_MEMORY}, {"--pool-size", OPTION_POOL_SIZE},
    {"--config-dir", OPTION_CONFIG_DIR},
};

/* Reads the option at argv[*at], as `--name VALUE` or `--name=VALUE`, and moves *at to its last word. */
static bool next_option(const struct command *command, struct call *call, char **argv, size_t *at)
{
    const char *word = argv[*at];
    const char *equals = strchr(word, '=');
    struct text name = {word, equals ? (size_t)(equals - word) : strlen(word)};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!text_equal(name, text_of(options[i].name)) || !(command->options & options[i].option))
            continue;
        const char *value = equals ? equals + 1 : argv[*at + 1];
        if (!value) {
            host_complain("%s needs a value: debezium-udf %s", options[i].name, command->usage);
            return false;
        }
        *at += !equals;
        return read_option(call, options[i].option, value);
    }
    host_complain("unknown option `%.*s`: debezium-udf %s", (int)name.size, name.data, command->usage);
    return false;
}

/* Sorts the words behind the command into options and operands; the operands are moved to the front
 * of argv. */
static bool read_call(const struct command *command, struct call *call, char **argv)
{
    bool options_end = false;
    call->operands = argv;
    for (size_t i = 0; argv[i]; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0)
            options_end = true;
        else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
            if (!next_option(command, call, argv, &i))
                return false;
        } else
            argv[call->operand_count++] = argv[i];
    }
    if (call->operand_count < command->operands_least) {
        host_complain("%s: LAYOUT is missing: debezium-udf %s", command->name, command->usage);
        return false;
    }
    if (call->operand_count > command->operands_most) {
        host_complain("%s: `%s` is one too many: debezium-udf %s", command->name,
                      argv[command->operands_most], command->usage);
        return false;
    }
    return true;
}

static bool asks_for_help(char **words)
{
    for (; *words && strcmp(*words, "--") != 0; words++) {
        if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
            return true;
    }
    return false;
}

static int print_version(void)
{
    char line[128];
    int size = snprintf(line, sizeof line, "debezium-udf %s (%s)\n", program_version, json_library());
    return print(line, (size_t)size);
}

int main(int argc, char **argv)
{
    host_start();
    const char *level = getenv("DEBEZIUM_UDF_SIMD");
    if (!simd_use(level)) {
        host_complain("DEBEZIUM_UDF_SIMD: this machine has no `%s`", level);
        return EXIT_CALL;
    }
    if (argc < 2) {
        host_complain("a command is missing: use " COMMAND_NAMES " (see --help)");
        return EXIT_CALL;
    }
    if (strcmp(argv[1], "--version") == 0)
        return print_version();
    if (asks_for_help(argv + 1))
        return print(help, sizeof help - 1);
    struct call call = {
        .format = &format_line, .most = MOST_DEFAULT, .pool_size = 16, .config_dir = "/etc/clickhouse-server"};
    const struct command *command = find_command(argv[1]);
    if (!command || !read_call(command, &call, argv + 2))
        return EXIT_CALL;
    return command->run(&call);
}
