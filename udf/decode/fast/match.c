#include <stdlib.h>

#include "base/digits.h"
#include "base/scan.h"
#include "debezium/left_out.h"
#include "decode/fast/automaton.h"
#include "json/json_check.h"

/* One message on its way through the automaton. What takes a part of it answers where that ends, or NULL if the general decoder
 * must look. */
struct run {
    struct shapes *shapes;
    struct arena *arena;
    struct value *values;
    const char *start, *end;
    bool doubtful;       /* a value is not as columns want it: no event, unless the general decoder says so */
    bool opaque_is_seen; /* `opaque` holds keys */
    struct key_set opaque; /* of strings that may hold a document and were not opened */
    struct unmapped unmapped;
    struct verdict_known *known;
};

/* ---- Values to columns --------------------------------------------------------------------------------------------------- */

/* Gives a value, which is not null, to a column. */
static inline void give(struct run *run, const struct shape_use *use, const struct json_value *value)
{
    const struct column *column = use->column;
    struct value *out = &run->values[use->index];
    if (value->text.size == 0 &&
        (column->required || !use->is_string)) { /* an empty string: nothing else is empty */
        run->doubtful |= column->required || use->as.exact;
        return;
    }
    if (use->row_member && is_left_out_form(value->text)) {
        run->doubtful = true;
        return;
    }
    if (out->rank && out->rank < use->rank)
        return;
    if (use->is_string && (value->kind != VALUE_CONTAINER || !use->as.extended)) {
        out->null = false;
        out->as.text = value->text;
    } else if (!convert(value, &use->as, run->arena, out)) {
        *out = column->absent;
        run->doubtful |= !column->lenient;
    }
    out->rank = use->rank;
}

/* To all columns that take it. */
static __attribute__((noinline)) void give_all(struct run *run, const struct shape_state *state,
                                               enum value_kind kind, struct text text)
{
    struct json_value value;
    value.kind = kind;
    value.text = text;
    for (uint32_t i = 0; i < state->use_count; i++)
        give(run, &state->uses[i], &value);
}

/* A string through which paths lead is not opened here: unless it can hold no document, who reads it by its members must not take this
 * for all. */
static __attribute__((noinline)) void leave_closed(struct run *run, const struct shape_state *state,
                                                   struct text text)
{
    const bool is_raw = text.data >= run->start && text.data <= run->end;
    if (is_raw && !state->is_document && !string_may_hold(text))
        return;
    for (unsigned i = 0; i < KEY_WORDS; i++)
        run->opaque.words[i] = state->opaque.words[i] | (run->opaque_is_seen ? run->opaque.words[i] : 0);
    run->opaque_is_seen = true;
}

/* Where a state's value goes that one column takes, by its first path. */
static inline struct value *choose(struct run *run, const struct shape_state *state)
{
    struct value *out = &run->values[state->index];
    out->null = false;
    out->rank = 1;
    return out;
}

static __attribute__((noinline)) void give_any_string(struct run *run, const struct shape_state *state,
                                                      struct text text)
{
    if (state->how == HOW_CROSSED)
        leave_closed(run, state, text);
    give_all(run, state, VALUE_STRING, text);
}

/* Whether the text may be a count in a unit that nobody says, which is no exact time: a date has a hyphen behind its year. */
static inline bool may_be_guess(const struct conversion *as, struct text text)
{
    return as->exact && as->unit == UNIT_AUTO && !(text.size > 4 && text.data[4] == '-');
}

static inline __attribute__((always_inline)) void
give_string(struct run *run, const struct shape_state *state, struct text text)
{
    if (state->how == HOW_TEXT && text.size > 0 && !(state->row_member && is_left_out_form(text))) {
        choose(run, state)->as.text = text;
        return;
    }
    int64_t ticks;
    if (state->how == HOW_TIME && !may_be_guess(&state->uses->as, text) &&
        ticks_from_text(text, state->uses->as.unit, state->uses->as.exact, state->precision, &ticks)) {
        choose(run, state)->as.integer = ticks;
        return;
    }
    give_any_string(run, state, text);
}

#define NATURAL_DIGITS 16

/* The number that so many digits make, 9 to NATURAL_DIGITS. */
static __attribute__((noinline)) uint64_t long_natural_of(const char *digits, size_t count)
{
    const uint64_t first = eight_values(eight_bytes(digits)), second = eight_values(eight_bytes(digits + 8));
    return number_of(first) * power_of_ten[count - 8] + number_of(second << (128 - 8 * count));
}

/* The number that so many digits make, 1 to NATURAL_DIGITS; up to 8 bytes after their first are read, or 16. */
static inline uint64_t natural_of(const char *digits, size_t count)
{
    if (count > 8)
        return long_natural_of(digits, count);
    return number_of(eight_values(eight_bytes(digits)) << (64 - 8 * count));
}

#define EXACT_DIGITS                                                                                         \
    15 /* any number of so many is exact in a double, as is that power of ten, and their quotient rounded once */

/* What the digits make without the point that stands behind the first `whole` of them; `size` bytes in all, to EXACT_DIGITS. */
static inline uint64_t without_point(const char *digits, size_t whole, size_t size)
{
    const size_t fraction = size - whole - 1;
    if (size > 8)
        return natural_of(digits, whole) * power_of_ten[fraction] + natural_of(digits + whole + 1, fraction);
    const uint64_t values = eight_values(eight_bytes(digits)), before = scan_first_bytes(whole);
    return number_of(((values & before) | (values >> 8 & ~before)) << (72 - 8 * size));
}

/* A number of digits alone up to `point`, and digits between that and `stop` where it has a fraction: point is stop where it has none. */
static inline void give_number(struct run *run, const struct shape_state *state, const char *digits,
                               const char *point, const char *stop)
{
    const size_t size = (size_t)(stop - digits), whole = (size_t)(point - digits);
    if (state->how == HOW_TEXT) {
        choose(run, state)->as.text = (struct text){digits, size};
        return;
    }
    if (state->how == HOW_NATURAL && stop == point && size <= NATURAL_DIGITS) {
        const uint64_t number = natural_of(digits, size);
        if (number <= state->limit) {
            choose(run, state)->as.natural = number;
            return;
        }
    }
    if (state->how == HOW_REAL && size <= EXACT_DIGITS) {
        const bool is_whole = stop == point;
        const uint64_t number = is_whole ? natural_of(digits, size) : without_point(digits, whole, size);
        choose(run, state)->as.real =
            is_whole ? (double)number : (double)number / exact_power_of_ten[size - whole - 1];
        return;
    }
    give_all(run, state, VALUE_NUMBER, (struct text){digits, size});
}

/* ---- Strings ------------------------------------------------------------------------------------------------------------- */

/* A string's text, its escapes read as often as it was escaped. */
static struct text unescape(struct run *run, struct text text, unsigned times)
{
    while (times-- > 0)
        text = json_unescape(run->arena, text);
    return text;
}

/* A character that the message itself escapes, above ASCII: \uD83D\uDE00. */
static const char *outer_escape_end(const char *at, const char *end)
{
    const char *what, *stop = json_escape_end(at, end, &what);
    bool is_ascii = stop && at[2] == '0' && at[3] == '0' && at[4] < '8';
    return is_ascii ? NULL : stop;
}

/* With its own backslashes unescaped the escape has the form that json_escape_end knows; at most a surrogate pair is that long. */
static const char *inner_escape_end(const char *at, const char *end)
{
    if (end - at >= 2 && at[1] == 'u')
        return outer_escape_end(at, end);
    char plain[12] = {0};
    size_t size = 0;
    const char *from = at;
    while (size < sizeof plain && from < end) {
        if (*from == '"')
            break;
        if (*from == '\\') {
            if (end - from < 2 || (from[1] != '\\' && from[1] != '"'))
                break;
            from++;
        }
        plain[size++] = *from++;
    }
    const char *what, *stop = json_escape_end(plain, plain + size, &what);
    if (size == 0 || *plain != '\\' || !stop)
        return NULL;
    for (const char *p = plain; p < stop; p++)
        at += *at == '\\' ? 2 : 1;
    return at;
}

/* The rest of \u: four hexadecimal digits of a character that is no half of a surrogate pair. */
static inline bool is_whole_unit(const char *at)
{
    return hex_value(at[0]) < 16 && hex_value(at[1]) < 16 && hex_value(at[2]) < 16 && hex_value(at[3]) < 16 &&
           !((at[0] | 0x20) == 'd' && at[1] >= '8');
}

/* What follows the backslash of an escape of two bytes. */
static inline bool is_short_escape(char c)
{
    static const bool known[256] = {['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
                                    ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true};
    return known[(unsigned char)c];
}

const char *automaton_escape_end(const char *at, const char *end, unsigned level)
{
    if (level == 0) {
        const char *what;
        if (end - at >= 2 && is_short_escape(at[1]))
            return at + 2;
        return end - at >= 6 && at[1] == 'u' && is_whole_unit(at + 2) ? at + 6
                                                                      : json_escape_end(at, end, &what);
    }
    if (level > 1)
        return NULL;
    if (end - at >= 3 && at[1] == '\\' && at[2] != '"' && at[2] != '\\' && is_short_escape(at[2]))
        return at + 3;
    return end - at >= 7 && at[1] == '\\' && at[2] == 'u' && is_whole_unit(at + 3)
               ? at + 7
               : inner_escape_end(at, end);
}

/* Whether a quote as this state has it stands here. Up to 3 bytes after the message are read. */
static inline bool is_quote(const struct shape_state *state, const char *at)
{
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return ((bytes ^ state->quote) & state->quote_mask) == 0;
}

/* Behind a special byte that is no quote: the escape or the character that begins with it. NULL if the general decoder must
 * look. */
static inline const char *behind_special(const struct run *run, const char *at, unsigned level, bool *escaped)
{
    if (at >= run->end)
        return NULL;
    if (*at == '\\') {
        *escaped = true;
        if (level == 0 && is_short_escape(at[1]))
            return at + 2;
        return automaton_escape_end(at, run->end, level);
    }
    size_t length = (unsigned char)*at >= 0x80 ? json_utf8_length(at, run->end) : 0;
    return length ? at + length : NULL;
}

/* ---- Other values -------------------------------------------------------------------------------------------------------- */

static const char *take_word(struct run *run, const struct shape_state *state, const char *at)
{
    const char *stop = json_literal_end(at, run->end);
    if (stop && *at != 'n')
        give_all(run, state, *at == 't' ? VALUE_TRUE : VALUE_FALSE, (struct text){at, (size_t)(stop - at)});
    return stop;
}

/* Any value that is no string. */
static const char *take_other(struct run *run, const struct shape_state *state, const char *at)
{
    if (at == run->end)
        return NULL;
    if (*at != '-' && !is_digit(*at))
        return take_word(run, state, at);
    const char *stop = json_number_end(at, run->end);
    if (stop)
        give_all(run, state, VALUE_NUMBER, (struct text){at, (size_t)(stop - at)});
    return stop;
}

/* ---- Marks --------------------------------------------------------------------------------------------------------------- */

/* The value of a marked scalar: NULL data for null. */
static __attribute__((noinline)) struct json_value scalar_of(struct text text, unsigned level)
{
    const size_t quote = quote_of_level[level].size;
    struct json_value value = {.text = text};
    switch (*text.data) {
    case '"':
    case '\\':
        value.kind = VALUE_STRING;
        value.text = (struct text){text.data + quote, text.size - 2 * quote};
        break;
    case 't':
        value.kind = VALUE_TRUE;
        break;
    case 'f':
        value.kind = VALUE_FALSE;
        break;
    case 'n':
        value.text.data = NULL;
        break;
    default:
        value.kind = VALUE_NUMBER;
    }
    return value;
}

static void give_marked(struct run *run, const struct shape_mark *mark, struct text text)
{
    struct json_value value;
    switch (mark->what) {
    case MARKED_DOCUMENT:
        value.kind = VALUE_STRING;
        value.text = unescape(run, text, mark->level + 1u);
        break;
    case MARKED_CONTAINER:
        value.kind = VALUE_CONTAINER;
        value.text = unescape(run, text, mark->level);
        break;
    default:
        value = scalar_of(text, mark->level);
        break;
    }
    if (value.text.data)
        give(run, &mark->use, &value);
}

static void take_marks(struct run *run, const struct shape_step *step, const char *literal)
{
    for (uint32_t i = 0; i < step->mark_count; i++) {
        const struct shape_mark *mark = &step->marks[i];
        const char *at = literal + mark->offset;
        if (mark->what == MARKED_UNMAPPED) {
            unmapped_add(&run->unmapped, run->arena,
                         mark->name); /* if memory is refused the arena has failed */
            continue;
        }
        const char **opened = &run->shapes->opened[mark->use.index];
        if (mark->closes)
            give_marked(run, mark, (struct text){*opened, (size_t)(at - *opened)});
        else
            *opened = at;
    }
}

/* ---- The end of the way -------------------------------------------------------------------------------------------------- */

/* Whether what decides until the signature's stage was seen just so. */
static bool is_signed(const struct shapes *shapes, const struct signature *signature,
                      const struct key_set *seen)
{
    const struct key_set *decisive = &shapes->decisive[signature->stage];
    uint64_t different = 0;
    for (unsigned i = 0; i < KEY_WORDS; i++)
        different |= (seen->words[i] ^ signature->keys.words[i]) & decisive->words[i];
    return different == 0;
}

/* What no member of the message says: the operation, and the members that no column takes. */
static void give_implied(struct run *run, char op)
{
    const struct finder *finder = run->shapes->finder;
    const struct layout *layout = finder->layout;
    for (uint32_t i = 0; op && i < finder->op.reader_count; i++) {
        const struct reader *reader = &finder->op.readers[i];
        const struct column *column = &layout->columns[reader->column];
        static const char ops[2][VALUE_PADDING] = {"c", "d"};
        const struct json_value value = {VALUE_STRING, {ops[op == 'd'], 1}};
        const struct shape_use use = {.column = column,
                                      .as = column->as,
                                      .index = reader->column,
                                      .rank = (uint16_t)(reader->path + 1),
                                      .is_string = column->as.type.kind == TYPE_STRING};
        give(run, &use, &value);
    }
    for (size_t i = 0; run->unmapped.count && i < layout->column_count; i++) {
        if (layout->columns[i].paths[0].space != SPACE_UNMAPPED)
            continue;
        run->values[i] = value_of_texts(run->arena, run->unmapped.names, run->unmapped.count);
        run->values[i].rank = 1;
    }
}

static bool is_complete(const struct run *run, bool is_router)
{
    const struct shapes *shapes = run->shapes;
    const size_t count = is_router ? shapes->router_needed_count : shapes->needed_count;
    for (size_t i = 0; i < count; i++)
        if (!run->values[shapes->needed[i]].rank)
            return false;
    return !run->doubtful && !run->arena->failed;
}

/* Whether a message that holds this is of a known shape. */
static bool end_run(struct run *run, struct key_set *seen)
{
    const struct shapes *shapes = run->shapes;
    for (unsigned i = 0; run->opaque_is_seen && i < KEY_WORDS; i++)
        seen->words[i] |= run->opaque.words[i];
    const struct signature *signature = shapes->signatures;
    const struct signature *const end = signature + shapes->signature_count;
    while (signature < end && !is_signed(shapes, signature, seen))
        signature++;
    if (signature == end)
        return false;
    run->known->skipped = signature->skipped;
    run->known->reason = signature->reason;
    if (signature->skipped)
        return !run->arena->failed;
    if (signature->implied_op || run->unmapped.count)
        give_implied(run, signature->implied_op);
    return is_complete(run, signature->is_router);
}

#define SIMD_TEMPLATE "decode/fast/run.h"
#include "base/simd_levels.h"

static bool (*const run_through[SIMD_LEVELS])(struct run *,
                                              const struct shape_state *) = SIMD_TABLE(run_through);
static const unsigned step_sizes[SIMD_LEVELS] = SIMD_TABLE(step_size);

/* ---- All of it ----------------------------------------------------------------------------------------------------------- */

/* Whether no event is without a value of the column. */
static bool is_needed(const struct layout *layout, const struct column *column)
{
    const bool has_none = !column->as.type.nullable && !column->has_default && !column->lenient;
    bool is_key = false;
    for (size_t i = 0; i < layout->key_count; i++)
        is_key |= layout->key[i] == column;
    return column->required ||
           (has_none && (is_key || (column->as.exact && column->paths[0].space < SPACE_UNMAPPED)));
}

/* Whether all that the column may be is a member of the row, and so nothing that a router value has. */
static bool is_of_row(const struct column *column)
{
    size_t i = 0;
    while (i < column->path_count && column->paths[i].space == SPACE_ROW && column->paths[i].count == 2)
        i++;
    return i == column->path_count;
}

static void list_needed(struct shapes *shapes, const struct layout *layout, bool of_row)
{
    for (size_t i = 0; i < layout->column_count; i++)
        if (is_needed(layout, &layout->columns[i]) && is_of_row(&layout->columns[i]) == of_row)
            shapes->needed[shapes->needed_count++] = (uint16_t)i;
}

struct shapes *shapes_new(const struct finder *finder)
{
    const struct layout *layout = finder->layout;
    struct shapes *shapes = calloc(1, sizeof *shapes);
    if (!shapes)
        return NULL;
    shapes->finder = finder;
    shapes->credit = CREDIT;
    shapes->opened = calloc(layout->column_count, sizeof *shapes->opened);
    shapes->absent = calloc(layout->column_count, sizeof *shapes->absent);
    shapes->needed = calloc(layout->column_count, sizeof *shapes->needed);
    shapes->decisive = calloc(layout->accept_count + 2, sizeof *shapes->decisive);
    if (!shapes->opened || !shapes->absent || !shapes->needed || !shapes->decisive) {
        shapes_free(shapes);
        return NULL;
    }
    for (size_t i = 0; i < layout->column_count; i++)
        shapes->absent[i] = layout->columns[i].absent;
    list_needed(shapes, layout, false);
    shapes->router_needed_count = shapes->needed_count;
    list_needed(shapes, layout, true);
    shapes->level = simd_in_use();
    shapes->step_size = step_sizes[shapes->level];
    return shapes;
}

void shapes_free(struct shapes *shapes)
{
    if (!shapes)
        return;
    arena_free(&shapes->arena);
    free(shapes->opened);
    free(shapes->absent);
    free(shapes->needed);
    free(shapes->decisive);
    free(shapes);
}

struct shape_counts shapes_counts(const struct shapes *shapes)
{
    return shapes->counts;
}

bool shapes_are_curious(const struct shapes *shapes, struct text message)
{
    return shapes->credit > 0 && message.size <= LESSON_LIMIT;
}

static bool run_from(struct shapes *shapes, const struct shape_state *start, struct text message,
                     struct arena *arena, struct value *values, struct verdict_known *known)
{
    struct run run;
    run.shapes = shapes;
    run.arena = arena;
    run.values = values;
    run.start = message.data;
    run.end = message.data + message.size;
    run.known = known;
    run.doubtful = run.opaque_is_seen = false;
    run.unmapped = (struct unmapped){.names = NULL};
    memcpy(values, shapes->absent, shapes->finder->layout->column_count * sizeof *values);
    return run_through[shapes->level](&run, start);
}

bool shapes_match(struct shapes *shapes, struct text message, struct arena *arena, struct value *values,
                  struct verdict_known *known)
{
    bool resting = shapes->missed_in_row > MISSES_BEFORE_REST && shapes->missed_in_row % REST != 0;
    bool hit = false;
    for (uint32_t i = 0; i < shapes->start_count && !resting && !hit; i++) {
        struct shape_state *start = shapes->starts[i];
        hit = run_from(shapes, start, message, arena, values, known);
        if (hit && i > 0) {
            memmove(shapes->starts + 1, shapes->starts, i * sizeof *shapes->starts);
            shapes->starts[0] = start;
        }
    }
    if (!hit) {
        shapes->missed_in_row++;
        if (++shapes->counts.misses % MISSES_A_CREDIT == 0 && shapes->credit < CREDIT)
            shapes->credit++;
        return false;
    }
    shapes->missed_in_row = 0;
    if (++shapes->counts.hits % HITS_A_CREDIT == 0 && shapes->credit < CREDIT)
        shapes->credit++;
    return true;
}
