#include "tool/pipeline_words.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/digits.h"
#include "base/version.h"
#include "function/function.h"
#include "tool/config.h"

#define NAME_LIMIT 128    /* bytes of a name in SQL */
#define TOPICS_LIMIT 1024 /* bytes of a list of topics */
#define DAY_SECONDS 86400

/* What the words depend on. */
struct wording {
    const struct pipeline_options *options;
    const struct layout *layout;
    struct arena *arena;
    struct words *words;
    char *problem;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct wording *wording, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(wording->problem, PIPELINE_PROBLEM, format, list);
    va_end(list);
    return false;
}

/* ---- Text ---------------------------------------------------------------------------------------------- */

static struct text quoted(struct arena *arena, struct text text, char quote)
{
    char *out = arena_alloc(arena, 2 * text.size + 3);
    size_t size = 0;
    if (!out)
        return TEXT("");
    out[size++] = quote;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote || text.data[i] == '\\')
            out[size++] = '\\';
        out[size++] = text.data[i];
    }
    out[size++] = quote;
    out[size] = '\0';
    return (struct text){out, size};
}

struct text sql_text(struct arena *arena, struct text text)
{
    return quoted(arena, text, '\'');
}

struct text sql_name(struct arena *arena, struct text name)
{
    return quoted(arena, name, '`');
}

struct text text_append(struct arena *arena, struct text text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct text more = arena_vprintf(arena, format, list);
    va_end(list);
    return arena_printf(arena, "%.*s%.*s", TEXT_ARGUMENTS(text), TEXT_ARGUMENTS(more));
}

static bool is_name(struct text text)
{
    if (text.size == 0 || text.size > NAME_LIMIT || is_digit(text.data[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_letter(text.data[i]) && !is_digit(text.data[i]) && text.data[i] != '_')
            return false;
    return true;
}

/* Letters that need no quoting in SQL: topics, groups. */
static bool is_plain(const char *text, const char *more)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = strlen(text);
    if (size == 0 || size > TOPICS_LIMIT)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!strchr(plain, text[i]) && !strchr(more, text[i]))
            return false;
    return true;
}

static void set(struct wording *wording, const char *name, struct text value)
{
    words_set(wording->words, name, value);
}

/* Sets a word where `given`, an option's value, is a name; else it is refused. NULL: the other value. */
static bool set_name(struct wording *wording, const char *word, const char *option, const char *given,
                     struct text otherwise)
{
    struct text value = given ? text_of(given) : otherwise;
    set(wording, word, value);
    return is_name(value) ||
           refuse(wording, "%s `%.*s`: give a name of letters, digits and _", option, TEXT_ARGUMENTS(value));
}

/* ---- Numbers and times --------------------------------------------------------------------------------- */

static bool read_count(const char *text, uint64_t limit, uint64_t *count)
{
    *count = 0;
    for (; is_digit(*text) && *count <= limit; text++)
        *count = *count * 10 + (uint64_t)(*text - '0');
    return *text == '\0' && *count >= 1 && *count <= limit;
}

/* Seconds of 'N SECOND', MINUTE or HOUR. */
static bool read_interval(const char *text, uint64_t *seconds)
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{" SECOND", 1}, {" MINUTE", 60}, {" HOUR", 3600}};
    char digits[8] = "";
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size >= sizeof digits)
        return false;
    memcpy(digits, text, size);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].name);
        bool plural = text[size] != '\0' && strlen(text + size) == length + 1 && text[size + length] == 'S';
        if (strncmp(text + size, units[i].name, length) == 0 && (text[size + length] == '\0' || plural))
            return read_count(digits, DAY_SECONDS / units[i].seconds, seconds) &&
                   (*seconds *= units[i].seconds);
    }
    return false;
}

/* ---- Names --------------------------------------------------------------------------------------------- */

/* NAME: --name, or the layout's file without its folder and .json. */
static struct text pipeline_name(const struct pipeline_options *options)
{
    if (options->name)
        return text_of(options->name);
    struct text file = text_of(config_base_name(options->layout_file));
    if (text_ends(file, TEXT(".json")))
        file.size -= sizeof ".json" - 1;
    return file;
}

/* Tables and views, and what --names calls them. */
static const struct {
    const char *word, *suffix;
} objects[] = {{"kafka", "_kafka"},
               {"decoded", "_decoded"},
               {"decoded_mv", "_decoded_mv"},
               {"target_mv", "_target_mv"},
               {"dead_letters_mv", "_dead_letters_mv"},
               {"minutes_mv", "_minutes_mv"},
               {"offsets_mv", "_offsets_mv"},
               {"unmapped_mv", "_unmapped_mv"},
               {"raw", "_raw"},
               {"raw_mv", "_raw_mv"},
               {"view", ""},
               {"target", NULL}}; /* _rows or _events */
#define OBJECTS (sizeof objects / sizeof *objects)

static bool is_object(struct text word)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (text_equal(word, text_of(objects[i].word)))
            return true;
    return false;
}

/* --names WORD=NAME,… */
static bool read_names(struct wording *wording)
{
    for (const char *at = wording->options->names; at && *at;) {
        size_t size = strcspn(at, ",");
        const char *equals = memchr(at, '=', size);
        struct text word = {at, equals ? (size_t)(equals - at) : size};
        if (!equals || !is_object(word))
            return refuse(
                wording,
                "--names `%.*s`: write WORD=NAME,… with the words of sql/pipeline/README.md, such as "
                "kafka=raw_kafka",
                TEXT_ARGUMENTS(word));
        struct text name = {equals + 1, size - word.size - 1};
        if (!is_name(name))
            return refuse(wording, "--names %.*s=`%.*s`: give a name of letters, digits and _",
                          TEXT_ARGUMENTS(word), TEXT_ARGUMENTS(name));
        for (size_t i = 0; i < OBJECTS; i++)
            if (text_equal(word, text_of(objects[i].word)))
                set(wording, objects[i].word, name);
        at += size + (at[size] == ',');
    }
    return true;
}

static bool set_objects(struct wording *wording, struct text name)
{
    const bool rows = words_get(wording->words, "rows").size > 0;
    for (size_t i = 0; i < OBJECTS; i++)
        set(wording, objects[i].word,
            arena_printf(wording->arena, "%.*s%s", TEXT_ARGUMENTS(name),
                         objects[i].suffix ? objects[i].suffix
                         : rows            ? "_rows"
                                           : "_events"));
    return read_names(wording);
}

/* ---- Kind ---------------------------------------------------------------------------------------------- */

static bool accepts(const struct layout *layout, const char *op)
{
    for (size_t i = 0; i < layout->op.count; i++)
        if (text_equal(layout->op.values[i], text_of(op)))
            return true;
    return layout->op.count == 0;
}

/* Rows that are written once and never changed. */
static bool is_append_only(const struct layout *layout)
{
    return !accepts(layout, "u") && !accepts(layout, "d");
}

static bool set_kind(struct wording *wording)
{
    const char *kind = wording->options->kind;
    if (!kind)
        kind = wording->options->target                                         ? "custom"
               : is_append_only(wording->layout) || !wording->layout->key_count ? "events"
                                                                                : "rows";
    const bool rows = strcmp(kind, "rows") == 0, events = strcmp(kind, "events") == 0,
               custom = strcmp(kind, "custom") == 0;
    if (!rows && !events && !custom)
        return refuse(wording,
                      "--kind `%s`: give rows (the latest row of each key) or events (each message once)",
                      kind);
    if (custom != (wording->options->target != NULL))
        return refuse(
            wording,
            "--kind custom and --target FILE belong together: the file has the target table and its view");
    if (!wording->options->kind && !custom && !is_append_only(wording->layout) && !wording->layout->key_count)
        return refuse(
            wording,
            "%s: the layout has no `key`: write \"key\": [\"id\"] with the columns that identify a row, or "
            "give --kind events",
            wording->options->layout_file);
    set(wording, "kind", text_of(kind));
    set(wording, kind, TEXT("1"));
    return true;
}

/* ---- Kafka --------------------------------------------------------------------------------------------- */

static bool set_schedule(struct wording *wording, struct text *settings)
{
    const struct pipeline_options *options = wording->options;
    uint64_t seconds = 0, days = 0;
    if (options->every) {
        if (!read_interval(options->every, &seconds))
            return refuse(wording,
                          "--every `%s`: give an interval of up to a day, such as '30 SECOND', '5 MINUTE' or "
                          "'1 HOUR'",
                          options->every);
        *settings = text_append(wording->arena, *settings, ", kafka_flush_interval_ms = %llu",
                                (unsigned long long)seconds * 1000);
    }
    set(wording, "every_seconds", arena_printf(wording->arena, "%llu", (unsigned long long)seconds));
    if (options->keep_raw) {
        if (!read_count(options->keep_raw, 3650, &days))
            return refuse(wording, "--keep-raw `%s`: give a number of days from 1 to 3650",
                          options->keep_raw);
        set(wording, "raw_days", text_of(options->keep_raw));
        set(wording, "keep_raw", TEXT("1"));
    }
    if (options->silence && !read_interval(options->silence, &seconds))
        return refuse(wording, "--silence `%s`: give an interval of up to a day, such as '10 MINUTE'",
                      options->silence);
    set(wording, "silence_seconds",
        arena_printf(wording->arena, "%llu", options->silence ? (unsigned long long)seconds : 0ULL));
    return true;
}

/* Groups of other readers of the topic, and what a message's identity is. */
static void set_groups(struct wording *wording, struct text group)
{
    struct arena *arena = wording->arena;
    struct text before = group.size ? group : TEXT("ch_consumer"), topic = words_get(wording->words, "topic");
    set(wording, "group_text", sql_text(arena, before));
    set(wording, "batch_group", arena_printf(arena, "%.*s_batch", TEXT_ARGUMENTS(before)));
    set(wording, "audit_group", arena_printf(arena, "%.*s_audit", TEXT_ARGUMENTS(before)));
    set(wording, "batch_settings",
        topic.size ? arena_printf(arena, ", kafka_topic_list = '%.*s', kafka_format = 'RawBLOB'",
                                  TEXT_ARGUMENTS(topic))
                   : TEXT(""));
    struct text database = words_get(wording->words, "database");
    set(wording, "identity",
        arena_printf(arena,
                     "if(kafka_time < (SELECT max(applied_at) FROM %.*s.bundle_migrations WHERE name = "
                     "'0001_pipelines'), 0, cityHash64(kafka_time, message))",
                     TEXT_ARGUMENTS(database)));
}

/* Messages that somebody else inserts: nothing is asked of a broker. */
static bool set_landing(struct wording *wording)
{
    const struct pipeline_options *options = wording->options;
    const char *given = options->topic        ? "--topic"
                        : options->group      ? "--group"
                        : options->collection ? "--collection"
                        : options->every      ? "--every"
                        : options->cluster    ? "--cluster"
                                              : NULL;
    if (given)
        return refuse(wording, "--landing: another program inserts the messages, on one server: leave out %s",
                      given);
    set(wording, "landing", TEXT("1"));
    set(wording, "topic", TEXT(""));
    set(wording, "group", TEXT(""));
    set(wording, "collection", TEXT(""));
    set_groups(wording, TEXT(""));
    struct text none = TEXT("");
    return set_schedule(wording, &none);
}

static bool set_kafka(struct wording *wording)
{
    const struct pipeline_options *options = wording->options;
    if (options->landing)
        return set_landing(wording);
    struct arena *arena = wording->arena;
    struct text settings = TEXT(""), group = TEXT("");
    if (options->topic && !is_plain(options->topic, ","))
        return refuse(wording, "--topic `%s`: give a topic, or several with commas between them",
                      options->topic);
    if (options->group && !is_plain(options->group, ""))
        return refuse(wording, "--group `%s`: give a name of letters, digits, `.`, `_` and `-`",
                      options->group);
    if (options->topic) {
        group = options->group ? text_of(options->group)
                               : arena_printf(arena, "clickhouse_%.*s_%.*s",
                                              TEXT_ARGUMENTS(words_get(wording->words, "database")),
                                              TEXT_ARGUMENTS(words_get(wording->words, "pipeline")));
        struct text topic = arena_printf(arena, "kafka_topic_list = '%s'", options->topic);
        settings = text_append(arena, settings, ", %.*s, kafka_format = 'RawBLOB'", TEXT_ARGUMENTS(topic));
        set(wording, "topic_setting_text", sql_text(arena, topic));
    }
    if (options->topic || options->group) {
        group = group.size || !options->group ? group : text_of(options->group);
        struct text setting = arena_printf(arena, "kafka_group_name = '%.*s'", TEXT_ARGUMENTS(group));
        settings = text_append(arena, settings, ", %.*s", TEXT_ARGUMENTS(setting));
        set(wording, "group_setting_text", sql_text(arena, setting));
    }
    set(wording, "topic", options->topic ? text_of(options->topic) : TEXT(""));
    set(wording, "group", group);
    if (!set_schedule(wording, &settings))
        return false;
    set(wording, "kafka_settings", settings);
    set_groups(wording, group);
    return set_name(wording, "collection", "--collection", options->collection, TEXT("debezium_kafka"));
}

/* ---- All of them --------------------------------------------------------------------------------------- */

static bool set_places(struct wording *wording)
{
    const struct pipeline_options *options = wording->options;
    struct text name = pipeline_name(options);
    if (!options->name && !is_name(name))
        return refuse(wording, "%s: `%.*s` is not a name for tables: give --name with letters, digits and _",
                      options->layout_file, TEXT_ARGUMENTS(name));
    if (!set_name(wording, "pipeline", "--name", NULL, name) ||
        !set_name(wording, "database", "--database", options->database, TEXT("default")))
        return false;
    set(wording, "storage", words_get(wording->words, "database"));
    if (options->replicated && !options->cluster)
        return refuse(wording, "--replicated needs --cluster NAME");
    if (options->cluster) {
        if (!set_name(wording, "cluster", "--cluster", options->cluster, TEXT("")))
            return false;
        set(wording, "storage", text_of(options->cluster));
    }
    set(wording, "replicated", options->replicated ? TEXT("Replicated") : TEXT(""));
    return set_objects(wording, name);
}

/* 'a', 'b', …: what pipeline_status looks for. */
static struct text list_of(struct wording *wording, const char *const *words)
{
    struct text list = TEXT("[");
    for (; *words; words++) {
        struct text name = words_get(wording->words, *words);
        list = text_append(wording->arena, list, "%s'%.*s'", list.size > 1 ? ", " : "",
                           TEXT_ARGUMENTS(name.size ? name : text_of(*words)));
    }
    return text_append(wording->arena, list, "]");
}

static void set_lists(struct wording *wording)
{
    static const char *const tables[] = {"kafka",        "decoded",          "target",
                                         "dead_letters", "pipeline_offsets", NULL};
    const char *views[8] = {"decoded_mv", "target_mv", "dead_letters_mv", "minutes_mv", "offsets_mv"};
    size_t count = 5;
    if (words_get(wording->words, "unmapped").size)
        views[count++] = "unmapped_mv";
    if (words_get(wording->words, "keep_raw").size)
        views[count++] = "raw_mv";
    set(wording, "tables_list", list_of(wording, tables));
    set(wording, "views_list", list_of(wording, views));
}

/* What stands in the shared tables' keys for the pipeline. The one of release 1 had no name there, and its rows stay as they are: a message
 * from then (identity 0) has to meet them. */
static void set_key(struct wording *wording)
{
    struct text name = words_get(wording->words, "pipeline");
    bool before = text_equal(name, TEXT("experiments")) && words_get(wording->words, "custom").size > 0;
    set(wording, "pipeline_key",
        arena_printf(wording->arena, before ? "if(identity = 0, '', '%.*s')" : "'%.*s'",
                     TEXT_ARGUMENTS(name)));
}

bool pipeline_words(const struct pipeline_options *options, const struct layout *layout, struct arena *arena,
                    struct words *words, char *problem)
{
    struct wording wording = {options, layout, arena, words, problem};
    if (!set_kind(&wording) || !set_places(&wording) || !set_kafka(&wording))
        return false;
    set_key(&wording);
    set(&wording, "layout", text_of(options->layout_file));
    if (!is_plain(options->layout_file, "/+@="))
        return refuse(&wording, "%s: give the layout's file a name without spaces and quotes",
                      options->layout_file);
    set(&wording, "function", layout->function);
    struct text type = text_of(function_type(arena, &functions[FUNCTION_DECODE], layout));
    set(&wording, "event_type", type);
    set(&wording, "event_type_text", sql_text(arena, type));
    set(&wording, "fingerprint", arena_printf(arena, "%llu", (unsigned long long)layout->fingerprint));
    set(&wording, "release", text_of(program_version));
    set(&wording, "no_deletes", options->no_deletes ? TEXT("1") : TEXT(""));
    if (is_append_only(layout) && layout->key_count && words_get(words, "events").size)
        set(&wording, "once_by_key", TEXT("1"));
    if (!pipeline_target(layout, arena, words, problem))
        return false;
    set_lists(&wording);
    return true;
}
