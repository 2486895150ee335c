/* The target table of a pipeline: its columns, its keys, and how a message becomes its rows. */
#include <stdarg.h>
#include <stdio.h>

#include "base/digits.h"
#include "tool/column_name.h"
#include "tool/pipeline_words.h"

/* What PostgreSQL stores of a shorter number stays below the 24 bytes up to which it leaves no value out. */
#define NUMERIC_DIGITS 30
/* A text of up to 8 such letters takes at most 24 bytes in PostgreSQL, whatever its type is there: those are never left out.
 * https://www.postgresql.org/docs/current/storage-toast.html */
#define NEVER_LEFT_OUT "^[A-Za-z0-9_-]{0,8}$"

struct target {
    const struct layout *layout;
    struct arena *arena;
    struct words *words;
    char *problem;
    bool rows, left_out;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct target *target, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(target->problem, PIPELINE_PROBLEM, format, list);
    va_end(list);
    return false;
}

static const char *file_of(const struct target *target)
{
    return words_get(target->words, "layout").data;
}

/* ---- Columns ------------------------------------------------------------------------------------------- */

static const struct column *column_at(const struct layout *layout, enum path_space space)
{
    for (size_t i = 0; i < layout->column_count; i++)
        if (layout->columns[i].paths[0].space == space)
            return &layout->columns[i];
    return NULL;
}

static const struct column *version_of(const struct layout *layout)
{
    for (size_t i = 0; i < layout->column_count; i++)
        if (text_equal(layout->columns[i].name, TEXT("version")))
            return &layout->columns[i];
    return NULL;
}

/* Whether the target has it under its own name. Of rows, `op` and `left_out` become `deleted` and `complete`. */
static bool is_stored(const struct target *target, const struct column *column)
{
    enum path_space space = column->paths[0].space;
    return space != SPACE_UNMAPPED && !(target->rows && (space == SPACE_OP || space == SPACE_LEFT_OUT)) &&
           column != version_of(target->layout);
}

static bool is_key(const struct target *target, const struct column *column)
{
    for (size_t i = 0; i < target->layout->key_count; i++)
        if (target->layout->key[i] == column)
            return true;
    return false;
}

/* The member of the row image that the column is read from. Its data is NULL if it is no such column. */
static struct text member_of(const struct column *column)
{
    const struct path *path = &column->paths[0];
    if (path->space != SPACE_ROW || path_step_count(path) == 0)
        return (struct text){NULL, 0};
    return path_steps(path)[0].name;
}

/* Whether the source may store the column's own value out of line, going by its type. */
static bool is_long(const struct column *column)
{
    const struct type *type = &column->as.type;
    switch (type->kind) {
    case TYPE_STRING:
    case TYPE_ARRAY:
    case TYPE_INT128:
    case TYPE_INT256:
    case TYPE_UINT128:
    case TYPE_UINT256:
        return true;
    case TYPE_DECIMAL:
        return type->precision >= NUMERIC_DIGITS;
    default:
        return path_step_count(&column->paths[0]) > 1;
    }
}

/* Whether the column's member may be left out of a message: then it is kept in rows of its own. */
static bool is_kept(const struct target *target, const struct column *column)
{
    struct text member = member_of(column);
    if (!target->left_out || !member.data || is_key(target, column))
        return false;
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *other = &target->layout->columns[i];
        struct text name = member_of(other);
        if (name.data && text_equal(name, member) && !is_key(target, other) && is_long(other))
            return true;
    }
    return false;
}

/* The first column of its member, and whether it is the only one. */
static bool is_first_of_member(const struct target *target, const struct column *column, bool *only)
{
    const struct column *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *other = &target->layout->columns[i];
        struct text name = member_of(other);
        if (!name.data || !text_equal(name, member_of(column)) || is_key(target, other))
            continue;
        first = first ? first : other;
        count++;
    }
    *only = count == 1;
    return first == column;
}

static struct text codec_of(struct arena *arena, const struct type *type)
{
    if (type->kind >= TYPE_DATE && type->kind <= TYPE_DATETIME64)
        return arena_printf(arena, "CODEC(Delta(%u), ZSTD(1))", (unsigned)type->width);
    return TEXT("CODEC(ZSTD(1))");
}

/* ---- The table ----------------------------------------------------------------------------------------- */

/* The columns as they are collected: of CREATE TABLE, and as pairs of names and types. */
struct columns {
    struct text lines, list;
};

static void add_column(struct target *target, struct columns *columns, struct text name, const char *type,
                       struct text codec)
{
    struct text quoted = sql_name(target->arena, name);
    columns->lines =
        text_append(target->arena, columns->lines, "%s    %.*s %s %.*s", columns->lines.size ? ",\n" : "",
                    TEXT_ARGUMENTS(quoted), type, TEXT_ARGUMENTS(codec));
    struct text text = sql_text(target->arena, name), kind = sql_text(target->arena, text_of(type));
    columns->list = text_append(target->arena, columns->list,
                                "%s\n        (%.*s, toTypeName(defaultValueOfTypeName(%.*s)), %.*s)",
                                columns->list.size ? "," : "", TEXT_ARGUMENTS(text), TEXT_ARGUMENTS(kind),
                                TEXT_ARGUMENTS(sql_text(target->arena, codec)));
}

static void set_columns(struct target *target)
{
    static const struct {
        const char *name, *type, *codec;
        const char *only; /* a word that must hold; NULL: always */
    } own[] = {{"deleted", "UInt8", "CODEC(ZSTD(1))", "rows"},
               {"row", "LowCardinality(String)", "CODEC(ZSTD(1))", "left_out"},
               {"left_out", "Array(LowCardinality(String))", "CODEC(ZSTD(1))", "left_out"},
               {"topic", "LowCardinality(String)", "CODEC(ZSTD(1))", NULL},
               {"partition", "UInt64", "CODEC(ZSTD(1))", NULL},
               {"offset", "UInt64", "CODEC(Delta(8), ZSTD(1))", NULL},
               {"kafka_time", "DateTime64(3, 'UTC')", "CODEC(Delta(8), ZSTD(1))", NULL},
               {"identity", "UInt64", "CODEC(ZSTD(1))", "events"}};
    struct columns columns = {TEXT(""), TEXT("")};
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *column = &target->layout->columns[i];
        if (is_stored(target, column))
            add_column(target, &columns, column->name, column->as.type.name,
                       codec_of(target->arena, &column->as.type));
    }
    const struct column *version = version_of(target->layout);
    add_column(target, &columns, TEXT("version"), version ? version->as.type.name : "UInt64",
               version && version->as.type.width < 8 ? TEXT("CODEC(ZSTD(1))")
                                                     : TEXT("CODEC(Delta(8), ZSTD(1))"));
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!own[i].only || words_get(target->words, own[i].only).size)
            add_column(target, &columns, text_of(own[i].name), own[i].type, text_of(own[i].codec));
    words_set(target->words, "target_columns", columns.lines);
    words_set(target->words, "target_columns_list",
              arena_printf(target->arena, "[%.*s]", TEXT_ARGUMENTS(columns.list)));
}

/* `a`, `b`; with the table's name before each: _rows.`a`, _rows.`b`. */
static struct text key_of(const struct target *target, const char *table, bool named)
{
    struct text key = TEXT("");
    for (size_t i = 0; i < target->layout->key_count; i++) {
        struct text name = sql_name(target->arena, target->layout->key[i]->name);
        key = text_append(target->arena, key, "%s%s%.*s", i ? ", " : "", table, TEXT_ARGUMENTS(name));
        if (named)
            key = text_append(target->arena, key, " AS %.*s", TEXT_ARGUMENTS(name));
    }
    return key;
}

static void set_keys(struct target *target)
{
    struct text equals = TEXT("");
    for (size_t i = 0; i < target->layout->key_count; i++) {
        struct text name = sql_name(target->arena, target->layout->key[i]->name);
        equals = text_append(target->arena, equals, "%s_kept.%.*s = _rows.%.*s", i ? " AND " : "",
                             TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
    }
    words_set(target->words, "key_equals", equals);
    words_set(target->words, "key_of_stored", key_of(target, "_stored.", false));
    words_set(target->words, "key_of_stored_named", key_of(target, "_stored.", true));
    words_set(target->words, "key_of_rows", key_of(target, "_rows.", false));
    struct text key = key_of(target, "", false);
    if (!target->rows && !words_get(target->words, "once_by_key").size)
        key = TEXT("topic, partition, offset, identity");
    words_set(target->words, "sharding_key", key);
    if (target->left_out)
        key = arena_printf(target->arena, "row, %.*s", TEXT_ARGUMENTS(key));
    words_set(target->words, "target_sorting_key", key);
    words_set(target->words, "target_sorting_key_text", sql_text(target->arena, key));
}

/* ---- From a message to rows, and from rows to the view --------------------------------------------------- */

/* What one column is in the statement that fills the target. The default is no constant: of if(…, value, NULL) ClickHouse would store
 * the value, too, under the NULL. */
static struct text value_of(const struct target *target, const struct column *column)
{
    struct arena *arena = target->arena;
    struct text name = sql_name(arena, column->name);
    if (!target->rows)
        return arena_printf(arena, "tupleElement(_event, %.*s) AS %.*s",
                            TEXT_ARGUMENTS(sql_text(arena, column->name)), TEXT_ARGUMENTS(name));
    if (is_key(target, column))
        return arena_printf(arena, "_e.%.*s AS %.*s", TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
    struct text wanted = TEXT("_holds = ''");
    if (is_kept(target, column))
        wanted =
            arena_printf(arena, "_holds IN ('', %.*s)", TEXT_ARGUMENTS(sql_text(arena, member_of(column))));
    return arena_printf(arena, "if(%.*s, _e.%.*s, materialize(defaultValueOfArgumentType(_e.%.*s))) AS %.*s",
                        TEXT_ARGUMENTS(wanted), TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name),
                        TEXT_ARGUMENTS(name));
}

/* What one column is in the view. */
static struct text shown_of(const struct target *target, const struct column *column)
{
    struct arena *arena = target->arena;
    struct text name = sql_name(arena, column->name);
    if (!is_kept(target, column))
        return arena_printf(arena, "_rows.%.*s AS %.*s", TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
    struct text member = sql_text(arena, member_of(column));
    return arena_printf(arena, "if(has(_rows.left_out, %.*s), _kept.%.*s, _rows.%.*s) AS %.*s",
                        TEXT_ARGUMENTS(member), TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name),
                        TEXT_ARGUMENTS(name));
}

/* Whether a message brings the member's value, and it could ever be left out. */
static struct text brings(const struct target *target, const struct column *column, bool only)
{
    struct arena *arena = target->arena;
    struct text came =
        arena_printf(arena, "NOT has(_f._left, %.*s)", TEXT_ARGUMENTS(sql_text(arena, column->name)));
    if (!only || column->as.type.kind != TYPE_STRING || path_step_count(&column->paths[0]) > 1)
        return came;
    return arena_printf(arena, "%.*s AND NOT match(ifNull(_f.%.*s, ''), '" NEVER_LEFT_OUT "')",
                        TEXT_ARGUMENTS(came), TEXT_ARGUMENTS(sql_name(arena, column->name)));
}

static void set_kept(struct target *target)
{
    struct arena *arena = target->arena;
    struct text columns = TEXT(""), values = TEXT(""), from = TEXT("[''"), to = from;
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *column = &target->layout->columns[i];
        bool only;
        if (!is_kept(target, column))
            continue;
        struct text member = sql_text(arena, member_of(column)), name = sql_name(arena, column->name);
        columns =
            text_append(arena, columns, ",\n            anyIf(_stored.%.*s, _stored.row = %.*s) AS %.*s",
                        TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(member), TEXT_ARGUMENTS(name));
        from = text_append(arena, from, ", %.*s", TEXT_ARGUMENTS(sql_text(arena, column->name)));
        to = text_append(arena, to, ", %.*s", TEXT_ARGUMENTS(member));
        if (is_first_of_member(target, column, &only))
            values = text_append(arena, values, ",\n            if(_f._gone OR %.*s, [%.*s], [])",
                                 TEXT_ARGUMENTS(brings(target, column, only)), TEXT_ARGUMENTS(member));
    }
    words_set(target->words, "kept_columns", columns);
    words_set(target->words, "kept_values", values);
    words_set(target->words, "names_from", text_append(arena, from, "]"));
    words_set(target->words, "names_to", text_append(arena, to, "]"));
}

/* Of rows that are loaded from the source: before every change that they do not show yet. Clocks may differ by some minutes. */
/* Decimals whose layout says base64, as Debezium writes them: the unscaled number's bytes. */
static struct text load_columns(const struct target *target)
{
    struct arena *arena = target->arena;
    struct text replaced = TEXT("");
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *column = &target->layout->columns[i];
        struct text member = member_of(column);
        if (!member.data || !column->as.base64 || column->as.type.kind != TYPE_DECIMAL ||
            path_step_count(&column->paths[0]) != 1)
            continue;
        struct text name = sql_name(arena, member);
        replaced = text_append(
            arena, replaced,
            "%s\n            base64Encode(reverse(reinterpretAsFixedString(toDecimal256(%.*s, %d)))) AS %.*s",
            replaced.size ? "," : "", TEXT_ARGUMENTS(name), column->as.type.scale, TEXT_ARGUMENTS(name));
    }
    return replaced.size ? arena_printf(arena, "* REPLACE (%.*s)", TEXT_ARGUMENTS(replaced)) : TEXT("*");
}

static void set_load(struct target *target)
{
    words_set(target->words, "load_columns", load_columns(target));
    const struct column *version = version_of(target->layout);
    const bool time = version && text_ends(version->paths[0].text, TEXT("ts_ns"));
    words_set(target->words, "load_version",
              time ? TEXT("toUnixTimestamp64Nano(now64(9) - INTERVAL 5 MINUTE)") : TEXT("0"));
    words_set(target->words, "load_version_text", time ? TEXT("of five minutes ago") : TEXT("0"));
    words_set(target->words, "load_offset", version ? TEXT("rowNumberInAllBlocks()") : TEXT("0"));
}

static void set_selects(struct target *target)
{
    struct arena *arena = target->arena;
    struct text values = TEXT(""), shown = TEXT(""), elements = TEXT("");
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *column = &target->layout->columns[i];
        if (!is_stored(target, column))
            continue;
        struct text value = value_of(target, column), view = shown_of(target, column);
        values = text_append(arena, values, "%s    %.*s", values.size ? ",\n" : "", TEXT_ARGUMENTS(value));
        elements = text_append(arena, elements, "%s        tupleElement(_event, %.*s) AS %.*s",
                               elements.size ? ",\n" : "", TEXT_ARGUMENTS(sql_text(arena, column->name)),
                               TEXT_ARGUMENTS(sql_name(arena, column->name)));
        shown = text_append(arena, shown, "%s    %.*s", shown.size ? ",\n" : "", TEXT_ARGUMENTS(view));
    }
    words_set(target->words, "target_values", values);
    words_set(target->words, "event_values", elements);
    words_set(target->words, "view_columns", shown);
    words_set(target->words, "version",
              version_of(target->layout) ? TEXT("tupleElement(_event, 'version')") : TEXT("offset"));
    const struct column *op = column_at(target->layout, SPACE_OP);
    words_set(target->words, "is_deleted",
              op ? arena_printf(arena, "tupleElement(_event, %.*s) = 'd'",
                                TEXT_ARGUMENTS(sql_text(arena, op->name)))
                 : TEXT("materialize(false)"));
}

/* ---- What does not serve ------------------------------------------------------------------------------- */

static bool name_is_free(struct target *target, const struct column *column)
{
    static const char *const why[] = {
        [COLUMN_NAME_OF_PIPELINE] = "the pipeline's tables have a column of that name",
        [COLUMN_NAME_OF_VALUE] = "ClickHouse reads that name as a value in a view",
        [COLUMN_NAME_OF_ENGINE] = "ClickHouse keeps a column of its own by that name"};
    const struct text name = column->name;
    const enum column_name kind = column_name_judge(name);
    return kind == COLUMN_NAME_FREE || refuse(target, "%s: column %.*s: %s: call it %.*s_", file_of(target),
                                              TEXT_ARGUMENTS(name), why[kind], TEXT_ARGUMENTS(name));
}

static bool names_are_free(struct target *target)
{
    for (size_t i = 0; i < target->layout->column_count; i++) {
        const struct column *column = &target->layout->columns[i];
        if (is_stored(target, column) && !name_is_free(target, column))
            return false;
        if (column->paths[0].space == SPACE_UNMAPPED && !text_equal(column->name, TEXT("unmapped")))
            return refuse(target, "%s: the column that reads `unmapped` must be named unmapped",
                          file_of(target));
        if (column->paths[0].space == SPACE_LEFT_OUT && !text_equal(column->name, TEXT("left_out")))
            return refuse(target, "%s: the column that reads `left_out` must be named left_out",
                          file_of(target));
    }
    return true;
}

/* A view by the name of a table that all pipelines share would be put in its place. */
static bool objects_are_free(struct target *target)
{
    static const char *const own[] = {"view", "target", "kafka", "decoded", "raw"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct text name = words_get(target->words, own[i]);
        if (text_starts(name, TEXT("pipeline_")) || text_starts(name, TEXT("dead_letters")) ||
            text_equal(name, TEXT("pipelines")) || text_equal(name, TEXT("bundle_migrations")))
            return refuse(target, "`%.*s` is a name that all pipelines share: give another --name",
                          TEXT_ARGUMENTS(name));
    }
    return true;
}

static bool version_serves(struct target *target)
{
    const struct column *version = version_of(target->layout);
    if (!version)
        return true;
    const struct type *type = &version->as.type;
    bool serves = (type->kind >= TYPE_UINT8 && type->kind <= TYPE_UINT64) ||
                  (type->kind >= TYPE_DATE && type->kind <= TYPE_DATETIME64);
    return (serves && !type->nullable) ||
           refuse(
               target,
               "%s: column version: %s cannot say which row is the latest: use UInt64, or a time that is not Nullable",
               file_of(target), type->name);
}

static bool key_serves(struct target *target)
{
    for (size_t i = 0; i < target->layout->key_count; i++) {
        const struct column *column = target->layout->key[i];
        if (column->as.type.nullable)
            return refuse(target,
                          "%s: key column %.*s is %s: a key cannot be Nullable, write its type without",
                          file_of(target), TEXT_ARGUMENTS(column->name), column->as.type.name);
        if (!is_stored(target, column))
            return refuse(target, "%s: key column %.*s: it is not a column of the row", file_of(target),
                          TEXT_ARGUMENTS(column->name));
    }
    return target->layout->key_count > 0 || !target->rows ||
           refuse(
               target,
               "%s: the layout has no `key`: write \"key\": [\"id\"] with the columns that identify a row, or "
               "give --kind events",
               file_of(target));
}

static bool deletes_arrive(struct target *target)
{
    const struct layout *layout = target->layout;
    if (!target->rows || words_get(target->words, "no_deletes").size)
        return true;
    if (layout->rows)
        return refuse(
            target,
            "%s: deletes of a bare row arrive as tombstones, which have no row: let the connector rewrite them "
            "(delete.tombstone.handling.mode=rewrite, add.fields=op), or give --no-deletes",
            file_of(target));
    if (!column_at(layout, SPACE_OP))
        return refuse(
            target,
            "%s: no column reads `op`, so deletes cannot be recognized: add {\"name\": \"op\", \"type\": "
            "\"String\", \"path\": \"op\"}, or give --no-deletes",
            file_of(target));
    bool accepted = layout->op.count == 0;
    for (size_t i = 0; i < layout->op.count; i++)
        accepted = accepted || text_equal(layout->op.values[i], TEXT("d"));
    return accepted ||
           refuse(target, "%s: `accept` excludes deletes: add \"d\" to its op, or give --no-deletes",
                  file_of(target));
}

/* Offsets of several topics have no order. */
static bool versions_have_an_order(struct target *target)
{
    const struct text topic = words_get(target->words, "topic");
    return !target->rows || version_of(target->layout) || !topic.size ||
           !memchr(topic.data, ',', topic.size) ||
           refuse(
               target,
               "%s: without a column `version` Kafka's offset decides which row is the latest, and offsets of several topics "
               "cannot be compared: make a pipeline of each topic, or add {\"name\": \"version\", \"type\": \"UInt64\", "
               "\"path\": \"ts_ns\", \"required\": true}",
               file_of(target));
}

bool pipeline_target(const struct layout *layout, struct arena *arena, struct words *words, char *problem)
{
    struct target target = {.layout = layout, .arena = arena, .words = words, .problem = problem};
    words_set(words, "unmapped", column_at(layout, SPACE_UNMAPPED) ? TEXT("1") : TEXT(""));
    if (words_get(words, "custom").size)
        return true;
    target.rows = words_get(words, "rows").size > 0;
    target.left_out = target.rows && column_at(layout, SPACE_LEFT_OUT);
    words_set(words, "left_out", target.left_out ? TEXT("1") : TEXT(""));
    words_set(words, "also_row", target.left_out ? TEXT(", row") : TEXT(""));
    if (!objects_are_free(&target) || !names_are_free(&target) || !version_serves(&target) ||
        !versions_have_an_order(&target) || !key_serves(&target) || !deletes_arrive(&target))
        return false;
    set_columns(&target);
    set_keys(&target);
    set_kept(&target);
    set_selects(&target);
    set_load(&target);
    return true;
}
