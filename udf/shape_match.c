#include <stdlib.h>

#include "digits.h"
#include "json_check.h"
#include "left_out.h"
#include "scan.h"
#include "shape_graph.h"

#define CREDIT 64           /* new shapes learned at most before hits earn more */
#define HITS_A_CREDIT 16    /* hits that earn another */
#define MISSES_A_CREDIT 256 /* misses that do: not to be stuck with shapes that have gone */
#define LITERAL_SHORT 64    /* bytes that are compared in place */

struct shapes *shapes_new(const struct shape_layout *layout)
{
    struct shapes *shapes = calloc(1, sizeof *shapes);
    size_t count = layout->layout->column_count;
    if (!shapes)
        return NULL;
    shapes->layout = *layout;
    shapes->credit = CREDIT;
    shapes->chosen = calloc(count, sizeof *shapes->chosen);
    shapes->opened = calloc(count, sizeof *shapes->opened);
    shapes->absent = calloc(count, sizeof *shapes->absent);
    shapes->required = calloc(count, sizeof *shapes->required);
    if (!shapes->chosen || !shapes->opened || !shapes->absent || !shapes->required) {
        shapes_free(shapes);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        shapes->absent[i] = layout->layout->columns[i].absent;
        if (layout->layout->columns[i].required)
            shapes->required[shapes->required_count++] = (uint16_t)i;
    }
    shapes->mark_specials = special_in_use()->mark;
    return shapes;
}

void shapes_free(struct shapes *shapes)
{
    if (!shapes)
        return;
    arena_free(&shapes->arena);
    free(shapes->chosen);
    free(shapes->opened);
    free(shapes->absent);
    free(shapes->required);
    free(shapes);
}

struct shape_counts shapes_counts(const struct shapes *shapes)
{
    return shapes->counts;
}

/* One message on its way through the automaton. What takes a part of it answers where that ends, or NULL where the general decoder
 * must look. */
struct run {
    struct shapes *shapes;
    struct arena *arena;
    struct value *values;
    const char *start, *end;
    const uint64_t *specials; /* of the message: special.h */
};

/* ---- Values to columns --------------------------------------------------------------------------------------------------- */

/* Gives a value, which is not null, to a column. False where the general decoder must look. */
static inline bool give(struct run *run, const struct shape_use *use, const struct json_value *value)
{
    const struct column *column = use->column;
    uint16_t *chosen = &run->shapes->chosen[use->index];
    struct value *out = &run->values[use->index];
    const bool is_string = use->as.type.kind == TYPE_STRING;
    if (value->kind == VALUE_STRING) {
        if (value->text.size == 0 && (column->required || !is_string))
            return !column->required;
    }
    if (use->row_member && is_left_out_form(value->text))
        return false;
    if (*chosen && *chosen < use->rank)
        return true;
    *chosen = use->rank;
    if (is_string) {
        out->null = false;
        out->as.text = value->text;
        return true;
    }
    if (convert(value, &use->as, out))
        return true;
    *out = column->absent;
    return column->lenient;
}

static inline bool give_all(struct run *run, const struct shape_state *state, const struct json_value *value)
{
    for (uint32_t i = 0; i < state->use_count; i++)
        if (!give(run, &state->uses[i], value))
            return false;
    return true;
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

const char *shape_escape_end(const char *at, const char *end, unsigned level)
{
    if (level == 0) {
        const char *what;
        return end - at >= 6 && at[1] == 'u' && is_whole_unit(at + 2) ? at + 6
                                                                      : json_escape_end(at, end, &what);
    }
    if (level > 1)
        return NULL;
    return end - at >= 7 && at[1] == '\\' && at[2] == 'u' && is_whole_unit(at + 3)
               ? at + 7
               : inner_escape_end(at, end);
}

/* Whether a quote as this state has it stands here. Up to 3 bytes behind the message are read. */
static inline bool is_quote(const struct shape_state *state, const char *at)
{
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return ((bytes ^ state->quote) & state->quote_mask) == 0;
}

static inline const char *next_special(const struct run *run, const char *at)
{
    return run->start + special_next(run->specials, (size_t)(at - run->start));
}

/* Behind a special byte that is no quote: the escape or the character that begins with it. NULL where the general decoder must
 * look. */
static const char *behind_special(const struct run *run, const char *at, unsigned level, bool *escaped)
{
    if (*at == '\\') {
        *escaped = true;
        return shape_escape_end(at, run->end, level);
    }
    size_t length = (unsigned char)*at >= 0x80 ? json_utf8_length(at, run->end) : 0;
    return length ? at + length : NULL;
}

static inline const char *take_string(struct run *run, const struct shape_state *state, const char *at)
{
    if (state->crossed || !is_quote(state, at))
        return NULL;
    const char *start = at + state->quote_size;
    bool escaped = false;
    if (start > run->end)
        return NULL;
    for (at = next_special(run, start); !is_quote(state, at); at = next_special(run, at)) {
        at = at < run->end ? behind_special(run, at, state->level, &escaped) : NULL;
        if (!at)
            return NULL;
    }
    const char *behind = at + state->quote_size;
    if (behind > run->end)
        return NULL;
    if (state->use_count == 0)
        return behind;
    struct json_value value = {.kind = VALUE_STRING, .text = {start, (size_t)(at - start)}};
    if (escaped)
        value.text = unescape(run, value.text, state->level + 1u);
    return give_all(run, state, &value) ? behind : NULL;
}

/* ---- Other values -------------------------------------------------------------------------------------------------------- */

static inline const char *take_number(struct run *run, const struct shape_state *state, const char *at)
{
    const char *digits = at + (*at == '-'), *stop = scan_other(digits, run->end);
    bool plain = stop > digits && (*digits != '0' || stop == digits + 1) && stop < run->end && *stop != '.' &&
                 (*stop | 0x20) != 'e';
    if (!plain)
        stop = json_number_end(at, run->end);
    if (!stop || state->use_count == 0)
        return stop;
    struct json_value value = {.kind = VALUE_NUMBER, .text = {at, (size_t)(stop - at)}};
    return give_all(run, state, &value) ? stop : NULL;
}

static const char *take_word(struct run *run, const struct shape_state *state, const char *at)
{
    const char *stop = json_literal_end(at, run->end);
    if (!stop || *at == 'n')
        return stop;
    struct json_value value = {.kind = *at == 't' ? VALUE_TRUE : VALUE_FALSE,
                               .text = {at, (size_t)(stop - at)}};
    return give_all(run, state, &value) ? stop : NULL;
}

static inline const char *take_value(struct run *run, const struct shape_state *state, const char *at)
{
    if (at == run->end)
        return NULL;
    if (*at == '"' || *at == '\\')
        return take_string(run, state, at);
    if (*at == '-' || (*at >= '0' && *at <= '9'))
        return take_number(run, state, at);
    return take_word(run, state, at);
}

/* ---- Literals ------------------------------------------------------------------------------------------------------------ */

/* The value of a marked text: NULL data for null. */
static struct json_value marked_value(struct run *run, const struct shape_mark *mark, struct text text)
{
    struct json_value value = {.kind = VALUE_CONTAINER, .text = text};
    const size_t quote = shape_quotes[mark->level].size;
    switch (mark->what) {
    case MARKED_DOCUMENT:
        value.kind = VALUE_STRING;
        value.text = unescape(run, text, mark->level + 1);
        return value;
    case MARKED_CONTAINER:
        value.text = unescape(run, text, mark->level);
        return value;
    case MARKED_SCALAR:
        break;
    }
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

static bool take_marks(struct run *run, const struct shape_step *step, const char *literal)
{
    for (uint32_t i = 0; i < step->mark_count; i++) {
        const struct shape_mark *mark = &step->marks[i];
        const char *at = literal + mark->offset;
        const char **opened = &run->shapes->opened[mark->use.index];
        if (!mark->closes) {
            *opened = at;
            continue;
        }
        struct json_value value = marked_value(run, mark, (struct text){*opened, (size_t)(at - *opened)});
        if (value.text.data && !give(run, &mark->use, &value))
            return false;
    }
    return true;
}

static inline bool is_literal(const char *at, const struct shape_step *step)
{
    return step->size <= LITERAL_SHORT ? scan_equal(at, step->literal, step->size)
                                       : memcmp(at, step->literal, step->size) == 0;
}

/* The step whose literal comes next; NULL where none does. */
static inline const struct shape_step *find_step(const struct run *run, const struct shape_state *state,
                                                 const char *at)
{
    const size_t left = (size_t)(run->end - at);
    const uint64_t bytes = scan_word(at + state->common); /* within the padding at most */
    for (const struct shape_head *head = state->heads; head->step; head++)
        if (((bytes ^ head->bytes) & head->mask) == 0 && head->step->size <= left &&
            is_literal(at, head->step))
            return head->step;
    return NULL;
}

/* ---- The way through ----------------------------------------------------------------------------------------------------- */

static bool is_complete(const struct run *run, shape_keys seen)
{
    const struct shapes *shapes = run->shapes;
    for (size_t i = 0; i < shapes->required_count; i++)
        if (!shapes->chosen[shapes->required[i]])
            return false;
    for (uint32_t i = 0; i < shapes->signature_count; i++)
        if ((seen & shapes->decisive) == shapes->signatures[i])
            return true;
    return false;
}

static bool run_through(struct run *run)
{
    const struct shape_state *state = run->shapes->start;
    const char *at = run->start;
    shape_keys seen = 0;
    while (state) {
        const struct shape_step *step = find_step(run, state, at);
        if (!step || (seen & step->keys) || (step->mark_count && !take_marks(run, step, at)))
            return false;
        seen |= step->keys;
        at += step->size;
        state = step->next;
        if (state && !(at = take_value(run, state, at)))
            return false;
    }
    return at == run->end && is_complete(run, seen) && !run->arena->failed;
}

bool shapes_match(struct shapes *shapes, struct text message, struct arena *arena, struct value *values)
{
    bool resting =
        shapes->missed_in_row > SHAPE_MISSES_BEFORE_REST && shapes->missed_in_row % SHAPE_REST != 0;
    bool hit = false;
    if (!resting && shapes->start) {
        size_t count = shapes->layout.layout->column_count;
        uint64_t *specials = arena_alloc(arena, SPECIAL_WORDS(message.size) * sizeof *specials);
        if (!specials)
            return false;
        shapes->mark_specials(message.data, message.size, specials);
        struct run run = {.shapes = shapes,
                          .arena = arena,
                          .values = values,
                          .start = message.data,
                          .end = message.data + message.size,
                          .specials = specials};
        memset(shapes->chosen, 0, count * sizeof *shapes->chosen);
        memcpy(values, shapes->absent, count * sizeof *values);
        hit = run_through(&run);
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
