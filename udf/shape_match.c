#include <stdlib.h>

#include "json_check.h"
#include "scan.h"
#include "shape_graph.h"

#define CREDIT 64          /* new shapes learned at most before hits earn more */
#define HITS_A_CREDIT 16   /* hits that earn another */
#define MISSES_A_CREDIT 64 /* misses that do: not to be stuck with shapes that have gone */
#define LITERAL_SHORT 64   /* bytes that are compared in place */

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
    if (!shapes->chosen || !shapes->opened || !shapes->absent) {
        shapes_free(shapes);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        shapes->absent[i] = layout->layout->columns[i].absent;
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
    free(shapes);
}

struct shape_counts shapes_counts(const struct shapes *shapes)
{
    return shapes->counts;
}

/* One message on its way through the automaton. */
struct run {
    struct shapes *shapes;
    struct arena *arena;
    struct value *values;
    const char *at, *end;
    shape_keys seen;
};

/* Gives a value, which is not null, to a column. False where the general decoder must look. */
static bool give(struct run *run, const struct shape_use *use, const struct json_value *value)
{
    const struct column *column = use->column;
    uint16_t *chosen = &run->shapes->chosen[use->index];
    if (value->kind == VALUE_STRING) {
        if (value->text.size == 0 && (column->required || column->as.type.kind != TYPE_STRING))
            return !column->required;
        if (use->row_member && text_equal(value->text, TEXT("__debezium_unavailable_value")))
            return false;
    }
    if (*chosen && *chosen < use->rank)
        return true;
    *chosen = use->rank;
    struct value *out = &run->values[use->index];
    *out = (struct value){0};
    if (convert(value, &use->as, out))
        return true;
    *out = column->absent;
    return column->lenient;
}

static bool give_all(struct run *run, const struct shape_state *state, const struct json_value *value)
{
    for (uint32_t i = 0; i < state->use_count; i++)
        if (!give(run, &state->uses[i], value))
            return false;
    return true;
}

/* The string behind an opening quote, in the message itself: any escape is read. */
static bool take_string(struct run *run, const struct shape_state *state)
{
    const char *start = ++run->at;
    bool escaped = false;
    for (;;) {
        run->at = scan_special(run->at, run->end);
        if (run->at == run->end)
            return false;
        if (*run->at == '"')
            break;
        const char *next = NULL, *what;
        if (*run->at == '\\') {
            next = json_escape_end(run->at, run->end, &what);
            escaped = true;
        } else if ((unsigned char)*run->at >= 0x80) {
            size_t length = json_utf8_length(run->at, run->end);
            next = length ? run->at + length : NULL;
        }
        if (!next)
            return false;
        run->at = next;
    }
    struct json_value value = {.kind = VALUE_STRING, .text = {start, (size_t)(run->at++ - start)}};
    if (state->use_count == 0)
        return true;
    if (escaped)
        value.text = json_unescape(run->arena, value.text);
    return give_all(run, state, &value);
}

/* A character outside ASCII that the message itself escapes: \uD83D\uDE00. */
static const char *outer_escape_end(const char *at, const char *end)
{
    const char *what, *stop = json_escape_end(at, end, &what);
    bool is_ascii = stop && at[2] == '0' && at[3] == '0' && at[4] < '8';
    return is_ascii ? NULL : stop;
}

/* The escape with its own backslash unescaped has the form that json_escape_end knows; at most a surrogate pair is that long. */
const char *shape_inner_escape_end(const char *at, const char *end)
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

/* The string behind an opening \" in the string-encoded document. */
static bool take_inner_string(struct run *run, const struct shape_state *state)
{
    const char *start = run->at += 2;
    bool escaped = false;
    for (;;) {
        run->at = scan_special(run->at, run->end);
        if (run->end - run->at < 2)
            return false;
        const char *next = NULL;
        if ((unsigned char)*run->at >= 0x80) {
            size_t length = json_utf8_length(run->at, run->end);
            next = length ? run->at + length : NULL;
        } else if (*run->at == '\\') {
            if (run->at[1] == '"')
                break;
            next = shape_inner_escape_end(run->at, run->end);
            escaped = true;
        }
        if (!next)
            return false;
        run->at = next;
    }
    struct json_value value = {.kind = VALUE_STRING, .text = {start, (size_t)(run->at - start)}};
    run->at += 2;
    if (escaped && state->use_count)
        value.text = json_unescape(run->arena, json_unescape(run->arena, value.text));
    return give_all(run, state, &value);
}

static bool take_number(struct run *run, const struct shape_state *state)
{
    const char *start = run->at, *digits = start + (*start == '-');
    const char *stop = scan_other(digits, run->end);
    bool plain = stop > digits && (*digits != '0' || stop == digits + 1) && stop < run->end && *stop != '.' &&
                 (*stop | 0x20) != 'e';
    if (!plain) {
        stop = json_number_end(start, run->end);
        if (!stop)
            return false;
    }
    run->at = stop;
    struct json_value value = {.kind = VALUE_NUMBER, .text = {start, (size_t)(stop - start)}};
    return give_all(run, state, &value);
}

static bool take_literal(struct run *run, const struct shape_state *state)
{
    const char *start = run->at, *stop = json_literal_end(start, run->end);
    if (!stop)
        return false;
    run->at = stop;
    if (*start == 'n')
        return true;
    struct json_value value = {.kind = *start == 't' ? VALUE_TRUE : VALUE_FALSE,
                               .text = {start, (size_t)(stop - start)}};
    return give_all(run, state, &value);
}

static bool take_value(struct run *run, const struct shape_state *state)
{
    if (run->at == run->end)
        return false;
    char c = *run->at;
    if (c == '"')
        return !state->escaped && !state->crossed && take_string(run, state);
    if (c == '\\')
        return state->escaped && !state->crossed && run->end - run->at >= 2 && run->at[1] == '"' &&
               take_inner_string(run, state);
    if (c == '-' || (c >= '0' && c <= '9'))
        return take_number(run, state);
    return take_literal(run, state);
}

/* The value of a marked text: NULL data for null. */
static struct json_value marked_value(struct run *run, const struct shape_mark *mark, struct text text)
{
    struct json_value value = {.kind = VALUE_CONTAINER, .text = text};
    if (!mark->scalar) {
        if (mark->escaped)
            value.text = json_unescape(run->arena, text);
        return value;
    }
    size_t quote = mark->escaped ? 2 : 1;
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

static bool take_marks(struct run *run, const struct shape_step *step)
{
    for (uint32_t i = 0; i < step->mark_count; i++) {
        const struct shape_mark *mark = &step->marks[i];
        const char *at = run->at + mark->offset;
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

static bool is_literal(const char *at, const char *literal, size_t size)
{
    return size <= LITERAL_SHORT ? scan_equal(at, literal, size) : memcmp(at, literal, size) == 0;
}

/* The step whose literal comes next; NULL where none does. */
static const struct shape_step *find_step(const struct run *run, const struct shape_state *state)
{
    size_t left = (size_t)(run->end - run->at);
    for (const struct shape_step *step = state->steps; step; step = step->other)
        if (step->size <= left && is_literal(run->at, step->literal, step->size))
            return step;
    return NULL;
}

static bool is_complete(const struct run *run)
{
    const struct shapes *shapes = run->shapes;
    const struct layout *layout = shapes->layout.layout;
    for (size_t i = 0; i < layout->column_count; i++)
        if (layout->columns[i].required && !shapes->chosen[i])
            return false;
    for (uint32_t i = 0; i < shapes->signature_count; i++)
        if ((run->seen & shapes->decisive) == shapes->signatures[i])
            return true;
    return false;
}

static bool run_through(struct run *run)
{
    const struct shape_state *state = run->shapes->start;
    while (state) {
        const struct shape_step *step = find_step(run, state);
        if (!step || (run->seen & step->keys) || !take_marks(run, step))
            return false;
        run->seen |= step->keys;
        run->at += step->size;
        state = step->next;
        if (state && !take_value(run, state))
            return false;
    }
    return run->at == run->end && is_complete(run) && !run->arena->failed;
}

bool shapes_match(struct shapes *shapes, struct text message, struct arena *arena, struct value *values)
{
    bool resting =
        shapes->missed_in_row > SHAPE_MISSES_BEFORE_REST && shapes->missed_in_row % SHAPE_REST != 0;
    bool hit = false;
    if (!resting && shapes->start) {
        size_t count = shapes->layout.layout->column_count;
        struct run run = {shapes, arena, values, message.data, message.data + message.size, 0};
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
