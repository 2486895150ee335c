/* From counts to a layout: see infer.h. Each choice errs to the side where a value that comes later still fits, and what was
 * counted stands beside it, in `note`. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tool/infer.h"

#define COLUMNS_MOST 200
#define TYPE_SIZE 64
#define NOTE_SIZE 512

struct proposal {
    const struct sample *sample;
    struct output *out;
    struct arena arena;
    struct text names[COLUMNS_MOST]; /* of the columns so far */
    size_t count;
    size_t left_away; /* places that became no column */
    bool changes;     /* rows are updated or deleted, and so the latest counts */
};

struct column_proposal {
    struct text name;
    char type[TYPE_SIZE]; /* without Nullable */
    bool is_text;
    const char *unit; /* or NULL */
    bool base64;
    char note[NOTE_SIZE];
};

__attribute__((format(printf, 2, 3))) static void put(struct output *out, const char *format, ...)
{
    char part[4096];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(part, sizeof part, format, list);
    va_end(list);
    output_put(out, part, size < (int)sizeof part ? (size_t)size : sizeof part - 1);
}

__attribute__((format(printf, 2, 3))) static void add_note(struct column_proposal *column, const char *format,
                                                           ...)
{
    size_t used = strlen(column->note);
    va_list list;
    va_start(list, format);
    vsnprintf(column->note + used, NOTE_SIZE - used, format, list);
    va_end(list);
}

/* ---- Names --------------------------------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What can stand in a layout's string as it is; a path's name has no dot and no bracket, too. */
static bool is_plain(struct text text, const char *without)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == '"' || text.data[i] == '\\' ||
            strchr(without, text.data[i]))
            return false;
    return text.size > 0;
}

static struct text identifier(struct arena *arena, struct text text)
{
    struct text name = arena_printf(arena, "%s%.*s", text.size && is_letter(text.data[0]) ? "" : "_",
                                    (int)text.size, text.data);
    char *copy = arena_alloc(arena, name.size + 1);
    for (size_t i = 0; copy && i < name.size; i++)
        copy[i] = name.data[i];
    for (size_t i = 0; copy && i < name.size; i++)
        if (!is_letter(copy[i]) && !(copy[i] >= '0' && copy[i] <= '9'))
            copy[i] = '_';
    return (struct text){copy, copy ? name.size : 0};
}

static bool is_taken(const struct proposal *proposal, struct text name)
{
    bool taken = text_equal(name, TEXT("outcome")) || text_equal(name, TEXT("reason"));
    for (size_t i = 0; i < proposal->count; i++)
        taken |= text_equal(name, proposal->names[i]);
    return taken;
}

/* The member's name, with those of the members around it where it alone is taken; empty where all that is taken, too. */
static struct text column_name(struct proposal *proposal, const struct place_seen *place)
{
    struct text name = identifier(&proposal->arena, place->name);
    for (place = place->parent; place->depth > 0 && is_taken(proposal, name); place = place->parent) {
        struct text around = identifier(&proposal->arena, place->name);
        name = arena_printf(&proposal->arena, "%.*s_%.*s", (int)around.size, around.data, (int)name.size,
                            name.data);
    }
    bool fits = name.size <= INFER_NAME && !is_taken(proposal, name);
    return fits ? name : (struct text){NULL, 0};
}

static struct text path_of(struct arena *arena, const struct place_seen *place)
{
    if (place->depth == 0)
        return TEXT("after");
    struct text above = path_of(arena, place->parent);
    return arena_printf(arena, "%.*s.%.*s", (int)above.size, above.data, (int)place->name.size,
                        place->name.data);
}

static bool ends_with(struct text text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static bool holds(struct text text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, part, size) == 0)
            return true;
    return false;
}

/* Small counts of seconds and days are told from other numbers by their names alone. */
static bool is_named_time(struct text name)
{
    return holds(name, "time") || holds(name, "date") || holds(name, "day") || holds(name, "expire") ||
           ends_with(name, "_at") || ends_with(name, "_on") || ends_with(name, "At") || ends_with(name, "ts");
}

static bool is_named_number(struct text name)
{
    return ends_with(name, "id") || ends_with(name, "Id") || ends_with(name, "ID") || holds(name, "count") ||
           holds(name, "number") || holds(name, "lsn");
}

/* ---- Types --------------------------------------------------------------------------------------------------------------- */

/* Whether the values are of this kind; a tenth may be mistakes, which the note counts. */
static bool mostly(const struct place_seen *place, uint64_t count)
{
    return count > 0 && count >= place->present - place->present / 10;
}

static void choose(struct column_proposal *column, const struct place_seen *place, uint64_t fit,
                   const char *what, const char *type)
{
    snprintf(column->type, TYPE_SIZE, "%s", type);
    add_note(column, "; %s %" PRIu64 " of %" PRIu64, what, fit, place->present);
    if (fit < place->present)
        add_note(column, ": each of the others would be an error");
}

struct unit_choice {
    enum guess guess;
    const char *name, *type;
};
static const struct unit_choice units[] = {{GUESS_NANOS, "ns", "DateTime64(9, 'UTC')"},
                                           {GUESS_MICROS, "us", "DateTime64(6, 'UTC')"},
                                           {GUESS_MILLIS, "ms", "DateTime64(3, 'UTC')"},
                                           {GUESS_SECONDS, "s", "DateTime64(0, 'UTC')"},
                                           {GUESS_DAYS, "days", "Date32"}};
#define UNITS (sizeof units / sizeof *units)

/* The unit in which the most of the numbers are times of this century; NULL where none is. */
static const struct unit_choice *best_unit(const struct place_seen *place)
{
    const struct unit_choice *best = NULL;
    for (const struct unit_choice *unit = units; unit < units + UNITS; unit++)
        if (place->fits[unit->guess] > (best ? place->fits[best->guess] : 0))
            best = unit;
    return best;
}

static bool choose_number_time(struct column_proposal *column, const struct place_seen *place)
{
    const struct unit_choice *unit = best_unit(place);
    bool named = is_named_time(place->name);
    bool small = unit && (unit->guess == GUESS_SECONDS || unit->guess == GUESS_DAYS);
    if (!unit || (!named && (small || is_named_number(place->name))))
        return false;
    /* Under such a name times of other centuries are likelier than other numbers. */
    uint64_t likely = named ? 3 * place->fits[unit->guess] : place->fits[unit->guess];
    if (!mostly(place, likely))
        return false;
    char what[64];
    snprintf(what, sizeof what, "as %s in 2000 to 2099", unit->name);
    snprintf(column->type, TYPE_SIZE, "%s", unit->type);
    add_note(column, "; %s %" PRIu64 " of %" PRIu64, what, place->fits[unit->guess], place->present);
    column->unit = unit->name;
    return true;
}

static bool choose_text_time(struct column_proposal *column, const struct place_seen *place)
{
    uint64_t dates = place->fits[GUESS_DATE], times = place->fits[GUESS_TIME], counted = 0;
    const struct unit_choice *unit = best_unit(place);
    for (size_t i = 0; i < UNITS; i++)
        counted += place->fits[units[i].guess];
    if (dates + times == 0 || !mostly(place, dates + times + counted))
        return false;
    if (times + counted == 0) {
        choose(column, place, dates, "ISO dates", "Date32");
        return true;
    }
    unsigned precision = place->fraction <= 3 ? 3 : place->fraction <= 6 ? 6 : 9;
    char type[TYPE_SIZE];
    snprintf(type, sizeof type, "DateTime64(%u, 'UTC')", counted && precision < 6 ? 6 : precision);
    choose(column, place, dates + times + counted, "ISO times", type);
    if (counted == 0)
        return true;
    add_note(column, ", of them numbers");
    for (size_t i = 0; i < UNITS; i++)
        if (place->fits[units[i].guess])
            add_note(column, " as %s %" PRIu64, units[i].name, place->fits[units[i].guess]);
    if (counted == place->fits[unit->guess])
        column->unit = unit->name;
    return true;
}

static bool choose_number(struct column_proposal *column, const struct place_seen *place)
{
    const uint64_t *fits = place->fits;
    if (mostly(place, fits[GUESS_INT64]))
        choose(column, place, fits[GUESS_INT64], "whole numbers", "Int64");
    else if (mostly(place, fits[GUESS_UINT64]))
        choose(column, place, fits[GUESS_UINT64], "whole numbers", "UInt64");
    else if (place->numbers == 0 && mostly(place, fits[GUESS_DECIMAL])) {
        char type[TYPE_SIZE];
        snprintf(type, sizeof type, "Decimal(%u, %u)", place->whole + place->scale <= 14 ? 18u : 38u,
                 place->scale);
        choose(column, place, fits[GUESS_DECIMAL], "decimals as text", type);
    } else if (mostly(place, fits[GUESS_FLOAT64]))
        choose(column, place, fits[GUESS_FLOAT64], "numbers", "Float64");
    else
        return false;
    if (place->strings > 0 && place->numbers > 0)
        add_note(column, ", %" PRIu64 " of them as text", place->strings);
    else if (place->strings > 0)
        add_note(column, ", all as text");
    return true;
}

static void choose_type(struct column_proposal *column, const struct place_seen *place)
{
    const uint64_t *fits = place->fits;
    if (mostly(place, fits[GUESS_SCALED])) {
        choose(column, place, fits[GUESS_SCALED], "decimals with a scale of their own", "Decimal(38, 10)");
        column->base64 = true;
        return;
    }
    if (mostly(place, fits[GUESS_BOOL])) {
        choose(column, place, fits[GUESS_BOOL], "true or false", "Bool");
        return;
    }
    if (mostly(place, fits[GUESS_UUID])) {
        choose(column, place, fits[GUESS_UUID], "UUIDs", "UUID");
        return;
    }
    if (choose_text_time(column, place) || choose_number_time(column, place) || choose_number(column, place))
        return;
    snprintf(column->type, TYPE_SIZE, "String");
    column->is_text = true;
    if (place->objects + place->arrays > 0)
        add_note(column, "; JSON %" PRIu64 " of %" PRIu64, place->objects + place->arrays, place->present);
    else if (mostly(place, fits[GUESS_BASE64]) && fits[GUESS_PADDED] > 0)
        add_note(column,
                 "; base64 %" PRIu64 " of %" PRIu64
                 ": where PostgreSQL has numeric(P, S), write type Decimal(P, S) "
                 "and encoding base64",
                 fits[GUESS_BASE64], place->present);
}

/* ---- Columns ------------------------------------------------------------------------------------------------------------- */

static const struct place_seen *member_of(const struct place_seen *place)
{
    while (place->depth > 1)
        place = place->parent;
    return place;
}

static void put_required(struct proposal *proposal, const struct place_seen *place)
{
    const struct sample *sample = proposal->sample;
    if (place->in_deletes == sample->deletes) {
        put(proposal->out, ", \"required\": true");
        return;
    }
    const char *comma = "";
    put(proposal->out, ", \"required\": [");
    for (const char *op = "cru"; *op; op++) {
        if (sample->ops[strchr(OPERATIONS, *op) - OPERATIONS] == 0)
            continue;
        put(proposal->out, "%s\"%c\"", comma, *op);
        comma = ", ";
    }
    put(proposal->out, "]");
}

static void put_column(struct proposal *proposal, struct text name, const char *type, const char *path)
{
    put(proposal->out, "%s    {\"name\": \"%.*s\", \"type\": \"%s\", \"path\": %s",
        proposal->count ? "},\n" : "", (int)name.size, name.data, type, path);
    proposal->names[proposal->count++] = name;
}

static void propose_column(struct proposal *proposal, const struct place_seen *place)
{
    struct column_proposal column = {.note = ""};
    uint64_t rows = proposal->sample->rows, left_out = member_of(place)->left_out;
    column.name = column_name(proposal, place);
    if (column.name.size == 0 || proposal->count + 4 >= COLUMNS_MOST) {
        proposal->left_away++;
        return;
    }
    add_note(&column, "in %" PRIu64 " of %" PRIu64 " rows", place->present, rows);
    if (place->empty)
        add_note(&column, ", empty in %" PRIu64, place->empty);
    if (left_out)
        add_note(&column, ", left out of %" PRIu64, left_out);
    choose_type(&column, place);
    bool required = place->present + left_out == rows;
    bool member = place->depth == 1;
    bool nullable = !(required && (member || !left_out)) && (!column.is_text || left_out);
    char type[TYPE_SIZE + 16];
    snprintf(type, sizeof type, nullable ? "Nullable(%s)" : "%s", column.type);
    struct text path = path_of(&proposal->arena, place);
    struct text quoted = arena_printf(&proposal->arena, "\"%.*s\"", (int)path.size, path.data);
    put_column(proposal, column.name, type, quoted.data);
    if (column.unit)
        put(proposal->out, ", \"unit\": \"%s\"", column.unit);
    if (column.base64)
        put(proposal->out, ", \"encoding\": \"base64\"");
    if (required)
        put_required(proposal, place);
    if (left_out)
        put(proposal->out, ", \"unavailable\": %s",
            member && column.is_text ? "\"__debezium_unavailable_value\""
            : nullable               ? "null"
                                     : "0");
    put(proposal->out, ",\n     \"note\": \"%s\"", column.note);
}

static bool is_document(const struct place_seen *place)
{
    return place->first && !place->crowded && mostly(place, place->objects) &&
           !mostly(place, place->fits[GUESS_SCALED]);
}

static void propose_members(struct proposal *proposal, const struct place_seen *parent)
{
    for (const struct place_seen *place = parent->first; place; place = place->next) {
        if (!is_plain(place->name, ".[")) {
            proposal->left_away++;
            continue;
        }
        bool document = is_document(place);
        /* A document is its members; as a whole it is kept where it may be left out, which this column then tells. */
        if (!document || place->depth > 1 || place->left_out)
            propose_column(proposal, place);
        if (document)
            propose_members(proposal, place);
    }
}

/* ---- The layout ---------------------------------------------------------------------------------------------------------- */

static void put_note(const struct sample *sample, struct output *out)
{
    put(out, "  \"note\": \"Proposed from %" PRIu64 " messages:", sample->messages);
    for (size_t i = 0; i < sizeof OPERATIONS - 1; i++)
        if (sample->ops[i])
            put(out, " op %c %" PRIu64 ",", OPERATIONS[i], sample->ops[i]);
    put(out,
        " other operations %" PRIu64 ", without a row %" PRIu64 ", not JSON %" PRIu64
        ", of an unknown shape %" PRIu64,
        sample->other_ops, sample->no_row, sample->not_json, sample->unknown);
    put(out, ". Edit names, types and what is required, and take the notes out as you like.\",\n");
}

static void put_accept(const struct sample *sample, struct output *out)
{
    const char *comma = "";
    put(out, "  \"accept\": {\n    \"op\": [");
    for (const char *op = "crud"; *op; op++) {
        if (sample->ops[strchr(OPERATIONS, *op) - OPERATIONS] == 0)
            continue;
        put(out, "%s\"%c\"", comma, *op);
        comma = ", ";
    }
    put(out, "]");
    for (const struct place_seen *place = sample->root.first; place; place = place->next) {
        if (place->kind_count == 0 || place->kind_count > INFER_KINDS)
            continue;
        put(out, ",\n    \"after.%.*s\": [", (int)place->name.size, place->name.data);
        comma = "";
        for (unsigned i = 0; i < place->kind_count; i++) {
            struct text kind = place->kinds[i];
            if (!is_plain(kind, ""))
                kind = TEXT("a name that needs quoting");
            put(out, "%s\"%.*s\"", comma, (int)kind.size, kind.data);
            comma = ", ";
        }
        put(out, "]");
    }
    put(out, "\n  },\n");
}

bool infer_propose(const struct sample *sample, struct output *out)
{
    struct proposal proposal = {.sample = sample, .out = out};
    proposal.changes = sample->ops[2] + sample->ops[3] > 0;
    struct text table = sample->table.size ? identifier(&proposal.arena, sample->table) : TEXT("decoded");
    put(out, "{\n  \"function\": \"%.*sRow\",\n", (int)text_cut(table, 100).size, table.data);
    put_note(sample, out);
    put_accept(sample, out);
    put(out, "  \"columns\": [\n");
    if (proposal.changes)
        put_column(&proposal, TEXT("op"), "String", "[\"op\", \"__op\"]");
    /* The order in which Debezium sent the changes: the version of a ReplacingMergeTree. */
    if (proposal.changes && sample->versions == sample->rows + sample->deletes)
        put_column(&proposal, TEXT("version"), "UInt64", "\"ts_ns\", \"required\": true");
    propose_members(&proposal, &sample->root);
    if (sample->positions + sample->positions_bare > 0 && !is_taken(&proposal, TEXT("lsn")))
        put_column(&proposal, TEXT("lsn"), "UInt64", "[\"source.lsn\", \"__lsn\"]");
    put(out, "}\n  ]\n}\n");
    bool written = !proposal.arena.failed && output_flush(out);
    arena_free(&proposal.arena);
    return written;
}
