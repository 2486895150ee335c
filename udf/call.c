#include "call.h"

#include <stdlib.h>

#include "base/digits.h"
#include "host/host.h"
#include "json/json.h"

#define MEMORY_MIN ((uint64_t)16 << 20)
#define POOL_SIZE_LIMIT 1024

/* ---- Values -------------------------------------------------------------------------------------------- */

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

static bool read_format(struct call *call, const char *value)
{
    call->format = format_find(value);
    if (call->format)
        return true;
    struct arena arena = {.blocks = NULL};
    struct text names = TEXT("");
    for (size_t i = 0; i < format_count; i++)
        names = list_add(&arena, names, formats[i]->name, i == format_count - 1);
    host_complain("unknown format `%s`: use %.*s", value, TEXT_ARGUMENTS(names));
    arena_free(&arena);
    return false;
}

static bool read_max_message(struct call *call, const char *value)
{
    if (read_number(value, &call->message_limit) && call->message_limit > 0 &&
        call->message_limit <= JSON_MOST)
        return true;
    host_complain("--max-message `%s`: give a number of bytes from 1 to %zu, such as 64M", value, JSON_MOST);
    return false;
}

static bool read_max_memory(struct call *call, const char *value)
{
    if (read_number(value, &call->memory_limit) && call->memory_limit >= MEMORY_MIN)
        return true;
    host_complain("--max-memory `%s`: give a number of bytes from 16M, such as 1G", value);
    return false;
}

static bool read_fingerprint(struct call *call, const char *value)
{
    const char *end = value + strspn(value, "0123456789abcdef");
    call->fingerprint = strtoull(value, NULL, 16);
    if (end - value == 16 && *end == '\0' && call->fingerprint)
        return true;
    host_complain("--fingerprint `%s`: give the 16 digits that config and register write", value);
    return false;
}

static bool read_pool_size(struct call *call, const char *value)
{
    uint64_t number;
    if (read_number(value, &number) && number >= 1 && number <= POOL_SIZE_LIMIT) {
        call->pool_size = (unsigned)number;
        return true;
    }
    host_complain("--pool-size `%s`: give a number from 1 to %d", value, POOL_SIZE_LIMIT);
    return false;
}

static bool read_config_dir(struct call *call, const char *value)
{
    call->config_dir = value;
    return true;
}

static bool read_scripts_dir(struct call *call, const char *value)
{
    call->scripts_dir = value;
    return true;
}

/* Of an option that is only given. */
static bool read_nothing(struct call *call, const char *value)
{
    (void)call;
    return *value == '\0';
}

static bool read_metadata_prefix(struct call *call, const char *value)
{
    call->query.has_metadata_prefix = true;
    call->query.metadata_prefix = text_of(value);
    return true;
}

static bool refuse_memory(struct call *call)
{
    host_complain("out of memory");
    call->status = EXIT_SYSTEM;
    return false;
}

static bool read_base64_document(struct call *call, const char *value)
{
    struct query_options *query = &call->query;
    const int refused = call_check_path(value, "--base64-document");
    if (refused) {
        call->status = refused;
        return false;
    }
    struct text *grown = realloc(query->base64_documents, (query->count + 1) * sizeof *grown);
    if (!grown)
        return refuse_memory(call);
    query->base64_documents = grown;
    grown[query->count++] = text_of(value);
    return true;
}

static bool is_identifier(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return size > 0 && size <= 128 && text[size] == '\0' && !is_digit(*text);
}

static bool read_function(struct call *call, const char *value)
{
    call->function = value;
    if (is_identifier(value))
        return true;
    host_complain("--function `%s`: give a name of letters, digits and _, such as ticketsRow", value);
    return false;
}

static bool read_key(struct call *call, const char *value)
{
    const char **grown = realloc(call->key, (call->key_count + 1) * sizeof *grown);
    if (!grown)
        return refuse_memory(call);
    call->key = grown;
    grown[call->key_count++] = value;
    return true;
}

static bool read_against(struct call *call, const char *value)
{
    call->against = value;
    return true;
}

int call_check_path(const char *path, const char *who)
{
    struct arena arena = {.blocks = NULL};
    struct path parsed;
    bool valid = path_parse(&arena, text_of(path), &parsed), refused = arena.failed;
    arena_free(&arena);
    if (refused)
        host_complain("out of memory");
    else if (!valid)
        host_complain("%s: `%s` is not a path: write names joined by dots, and [0] for an element: "
                      "after.items[0].id",
                      who, path);
    return refused ? EXIT_SYSTEM : valid ? 0 : EXIT_CALL;
}

/* ---- The table ----------------------------------------------------------------------------------------- */

#define OPTION(name, value, option, repeated, read, help)                                                    \
    {                                                                                                        \
        name, value, option, repeated, read, help, 0                                                         \
    }
#define PIPELINE(name, value, field, help)                                                                   \
    {                                                                                                        \
        name, value, OPTION_PIPELINE, false, NULL, help, offsetof(struct call, pipeline.field)               \
    }

static const struct {
    const char *name;
    const char *value; /* as the usage has it; NULL: it takes none */
    enum option option;
    bool repeated;
    bool (*read)(struct call *call, const char *value); /* false: the value is wrong, which was told */
    const char *help;                                   /* lines */
    size_t at; /* without `read`: where in a call the value's text goes */
} options[] = {
    OPTION("--format", "FORMAT", OPTION_FORMAT, false, read_format,
           "LineAsString (one message a line; the default), RowBinary or Native;\n"
           "the default of config and register is Native for rows and RowBinary\n"
           "for the other functions"),
    OPTION("--metadata-prefix", "PREFIX", OPTION_METADATA_PREFIX, false, read_metadata_prefix,
           "extract, unnest, config, register: the prefix of the metadata in\n"
           "unwrapped rows (__)"),
    OPTION("--base64-document", "PATH", OPTION_BASE64_DOCUMENT, true, read_base64_document,
           "extract, unnest, config, register: a member that holds a document in\n"
           "base64; can be repeated"),
    OPTION("--fingerprint", "HEX", OPTION_FINGERPRINT, false, read_fingerprint,
           "decode: refuse any other layout; config and register write it"),
    OPTION("--function", "NAME", OPTION_FUNCTION, false, read_function,
           "infer: the name of the SQL function (TABLERow)"),
    OPTION("--key", "COLUMN...", OPTION_KEY, false, read_key, "infer: the columns that identify a row"),
    OPTION("--against", "LAYOUT", OPTION_AGAINST, false, read_against,
           "infer: list what this layout lacks, and what no longer fits it"),
    OPTION("--pool-size", "N", OPTION_POOL_SIZE, false, read_pool_size,
           "config, register: processes for each function (16)"),
    OPTION("--max-message", "BYTES", OPTION_MAX_MESSAGE, false, read_max_message,
           "a longer message is an error row; a number, optionally with K, M or G (256M)"),
    OPTION("--max-memory", "BYTES", OPTION_MAX_MEMORY, false, read_max_memory,
           "memory of the process; a message that needs more is an error row (no limit)"),
    OPTION("--config-dir", "DIR", OPTION_CONFIG_DIR, false, read_config_dir,
           "check, register: the server's configuration (/etc/clickhouse-server)"),
    OPTION("--scripts-dir", "DIR", OPTION_SCRIPTS_DIR, false, read_scripts_dir,
           "register: the server's programs and layouts (this program's folder)"),
    OPTION("--remove", NULL, OPTION_REMOVE, false, read_nothing,
           "register: remove the function from the registration; the layout stays"),
    PIPELINE("--topic", "TOPIC", topic, "pipeline: the topic; without it the collection has topic and group"),
    PIPELINE("--kind", "KIND", kind,
             "pipeline: rows (the latest row of each key; the default if the layout has a\n"
             "key and accepts updates or deletes) or events (each message once)"),
    PIPELINE("--database", "NAME", database, "pipeline: the database of its tables (default)"),
    PIPELINE("--name", "NAME", name,
             "pipeline: its name, with which the names of its tables begin (that of the file)"),
    PIPELINE("--collection", "NAME", collection,
             "pipeline: the named collection with broker and security (debezium_kafka)"),
    PIPELINE("--group", "NAME", group, "pipeline: the consumer group (clickhouse_DATABASE_NAME)"),
    PIPELINE("--landing", NULL, landing,
             "pipeline: a table into which ClickPipes inserts the messages, not a Kafka table"),
    PIPELINE("--every", "INTERVAL", every, "pipeline: insert at intervals, such as '5 MINUTE'"),
    PIPELINE("--keep-raw", "DAYS", keep_raw,
             "pipeline: keep every message for so many days, to decode it again"),
    PIPELINE("--silence", "INTERVAL", silence,
             "pipeline: alert if no message comes for this time, such as '10 MINUTE'"),
    PIPELINE("--no-deletes", NULL, no_deletes,
             "pipeline: accept that deletes do not arrive; deleted rows stay"),
    PIPELINE("--cluster", "NAME", cluster,
             "pipeline: for a node of this cluster; rows are sharded, in a database of that name"),
    PIPELINE("--replicated", NULL, replicated, "pipeline: with --cluster, make Replicated tables"),
    PIPELINE("--names", "WORD=NAME,...", names, "pipeline: other names of tables, such as kafka=raw_events"),
    PIPELINE("--target", "FILE", target, "pipeline: SQL with a target table of your own and its view"),
    PIPELINE("--diff", NULL, diff,
             "pipeline: a query for the differences between the server's table and the layout"),
    PIPELINE("--remove", NULL, remove, "pipeline: the SQL that removes it"),
    PIPELINE("--source", "FUNCTION", source,
             "pipeline: for operations that compare, the table function for the source's table"),
    PIPELINE("--operation", "NAME", operation,
             "pipeline: one of its operations, such as replay (see docs/pipelines.md)"),
};
#define OPTIONS (sizeof options / sizeof *options)

const char *call_usage(struct arena *arena, const struct command *command)
{
    struct text usage = arena_printf(arena, "%s", command->name);
    if (command->operand)
        usage = arena_printf(arena, "%s %s", usage.data, command->operand);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (command->options & options[i].option)
            usage =
                arena_printf(arena, "%s [%s%s%s]%s", usage.data, options[i].name, options[i].value ? " " : "",
                             options[i].value ? options[i].value : "", options[i].repeated ? "..." : "");
    }
    return usage.data;
}

struct text call_options_help(struct arena *arena)
{
    struct text help = TEXT("");
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *space = options[i].value ? " " : "", *value = options[i].value ? options[i].value : "";
        struct text option = arena_printf(arena, "%s%s%s", options[i].name, space, value);
        for (const char *line = options[i].help; line; option = TEXT("")) {
            const char *end = strchr(line, '\n');
            struct text part = {line, end ? (size_t)(end - line) : strlen(line)};
            help = arena_printf(arena, "%s    %-24s  %.*s\n", help.data, option.data, TEXT_ARGUMENTS(part));
            line = end ? end + 1 : NULL;
        }
    }
    return help;
}

struct text list_add(struct arena *arena, struct text list, const char *item, bool last)
{
    if (list.size == 0)
        return text_of(item);
    return arena_printf(arena, "%.*s%s%s", TEXT_ARGUMENTS(list), last ? " or " : ", ", item);
}

/* ---- Reading ------------------------------------------------------------------------------------------- */

static bool wrong(const struct call *call, const char *before, const char *word, const char *behind)
{
    struct arena arena = {.blocks = NULL};
    host_complain("%s%s%s: debezium-udf %s", before, word, behind, call_usage(&arena, call->command));
    arena_free(&arena);
    return false;
}

/* Reads the option at words[*at], as `--name VALUE` or `--name=VALUE`, and moves *at to its last word. */
static bool next_option(struct call *call, char **words, size_t *at)
{
    char *word = words[*at];
    char *equals = strchr(word, '=');
    struct text name = {word, equals ? (size_t)(equals - word) : strlen(word)};
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!text_equal(name, text_of(options[i].name)) || !(call->command->options & options[i].option))
            continue;
        const char *value = equals ? equals + 1 : options[i].value ? words[*at + 1] : "";
        if (!value || (equals && !options[i].value))
            return wrong(call, "", word, equals ? " takes no value" : " needs a value");
        *at += !equals && options[i].value;
        call->given |= options[i].option;
        if (options[i].read)
            return options[i].read(call, value);
        memcpy((char *)call + options[i].at, &value, sizeof value);
        return true;
    }
    if (equals)
        *equals = '\0';
    return wrong(call, "unknown option `", word, "`");
}

static bool read_words(struct call *call, char **words)
{
    bool options_end = false;
    call->operands = words;
    for (size_t i = 0; words[i]; i++) {
        if (!options_end && strcmp(words[i], "--") == 0)
            options_end = true;
        else if (!options_end && words[i][0] == '-' && words[i][1]) {
            if (!next_option(call, words, &i))
                return false;
        } else
            words[call->operand_count++] = words[i];
    }
    return true;
}

bool call_read(struct call *call, const struct command *command, char **words)
{
    *call = (struct call){.command = command,
                          .message_limit = MESSAGE_LIMIT,
                          .config_dir = "/etc/clickhouse-server",
                          .status = EXIT_CALL};
    if (!read_words(call, words))
        return false;
    if (call->operand_count < command->operands_min)
        return wrong(call, command->name, ": LAYOUT", " is missing");
    if (call->operand_count <= command->operands_max)
        return true;
    struct arena arena = {.blocks = NULL};
    struct text before = arena_printf(&arena, "%s: unexpected argument `", command->name);
    wrong(call, before.data, words[command->operands_max], "`");
    arena_free(&arena);
    return false;
}

void call_close(struct call *call)
{
    free(call->query.base64_documents);
    free(call->key);
}
