/* States, steps and keys of the automaton: see automaton.h. */
#include "decode/fast/automaton.h"

#include "base/hash.h"
#include "base/scan.h"

struct text automaton_keep(struct shapes *shapes, struct text text)
{
    char *copy = arena_alloc(&shapes->arena, text.size + LITERAL_PADDING);
    if (!copy)
        return (struct text){NULL, 0};
    if (text.size)
        memcpy(copy, text.data, text.size);
    memset(copy + text.size, 0, LITERAL_PADDING);
    return (struct text){copy, text.size};
}

uint32_t automaton_key(struct shapes *shapes, struct text name, bool unique, unsigned stage)
{
    uint32_t key = 0;
    while (key < shapes->key_count && !text_equal(shapes->key_names[key], name))
        key++;
    if (key == shapes->key_count) {
        if (key == KEYS_LIMIT)
            return KEY_NONE;
        shapes->key_names[key] = automaton_keep(shapes, name);
        if (!shapes->key_names[key].data)
            return KEY_NONE;
        shapes->key_count++;
        if (unique)
            key_add(&shapes->unique, key);
    }
    for (size_t i = stage; i < shapes->finder->layout->accept_count + 2; i++)
        key_add(&shapes->decisive[i], key);
    return key;
}

/* ---- States -------------------------------------------------------------------------------------------------------------- */

struct shape_state *automaton_find_state(const struct shapes *shapes, struct text identity)
{
    struct shape_state *state = shapes->by_hash[hash_of(identity) % BUCKETS];
    while (state && !text_equal(state->identity, identity))
        state = state->same_hash;
    return state;
}

struct shape_state *automaton_add_state(struct shapes *shapes, struct text identity, unsigned level)
{
    static struct shape_head none = {.step = NULL};
    struct shape_state *state = arena_alloc(&shapes->arena, sizeof *state);
    identity = automaton_keep(shapes, identity);
    if (!state || !identity.data || shapes->states == STATES_LIMIT)
        return NULL;
    const struct text quote = quote_of_level[level];
    *state = (struct shape_state){
        .identity = identity, .level = (uint8_t)level, .quote_size = (uint8_t)quote.size, .heads = &none};
    memcpy(&state->quote, quote.data, quote.size);
    memset(&state->quote_mask, 0xFF, quote.size);
    struct shape_state **others = &shapes->by_hash[hash_of(identity) % BUCKETS];
    state->same_hash = *others;
    *others = state;
    shapes->states++;
    return state;
}

/* ---- Steps --------------------------------------------------------------------------------------------------------------- */

static uint32_t common_size(struct text a, struct text b)
{
    uint32_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

/* Says anew by which bytes the state's literals are told apart. */
static void tell_apart(const struct shapes *shapes, struct shape_state *state)
{
    const struct shape_step *first = state->heads[0].step;
    const bool is_quick =
        state->step_count == 1 && first->mark_count == 0 && first->size <= shapes->step_size;
    state->quick = is_quick ? first : NULL;
    state->common = first->size < COMMON_LIMIT ? first->size : COMMON_LIMIT;
    for (uint32_t i = 0; i < state->step_count; i++) {
        const struct shape_step *step = state->heads[i].step;
        state->common = common_size((struct text){first->literal, state->common},
                                    (struct text){step->literal, step->size});
    }
    for (uint32_t i = 0; i < state->step_count; i++) {
        struct shape_head *head = &state->heads[i];
        uint32_t left = head->step->size - state->common;
        head->bytes = scan_word(head->step->literal + state->common);
        head->mask = left < 8 ? scan_first_bytes(left) : UINT64_MAX;
    }
}

static bool insert_step(struct shapes *shapes, struct shape_state *state, const struct shape_step *step)
{
    if (state->step_count + 1 >= state->step_capacity) {
        uint32_t capacity = 2 * state->step_capacity + 2;
        struct shape_head *heads = arena_alloc(&shapes->arena, capacity * sizeof *heads);
        if (!heads)
            return false;
        memcpy(heads, state->heads, (state->step_count + 1) * sizeof *heads);
        state->heads = heads;
        state->step_capacity = capacity;
    }
    uint32_t at = 0;
    while (at < state->step_count && state->heads[at].step->size > step->size)
        at++;
    memmove(&state->heads[at + 1], &state->heads[at], (state->step_count + 1 - at) * sizeof *state->heads);
    state->heads[at].step = step;
    state->step_count++;
    tell_apart(shapes, state);
    return true;
}

const struct shape_step *automaton_find_step(const struct shape_state *state, struct text literal)
{
    for (uint32_t i = 0; i < state->step_count; i++) {
        const struct shape_step *step = state->heads[i].step;
        if (text_equal((struct text){step->literal, step->size}, literal))
            return step;
    }
    return NULL;
}

bool automaton_add_step(struct shapes *shapes, struct shape_state *state, struct text literal,
                        const struct shape_step *step)
{
    if (literal.size == 0 || shapes->steps == STEPS_LIMIT ||
        shapes->literal_bytes + literal.size > LITERALS_LIMIT)
        return false;
    struct shape_step *copy = arena_alloc(&shapes->arena, sizeof *copy);
    struct shape_mark *marks = arena_alloc(&shapes->arena, step->mark_count * sizeof *marks);
    literal = automaton_keep(shapes, literal);
    if (!copy || !marks || !literal.data)
        return false;
    *copy = *step;
    copy->literal = literal.data;
    copy->size = (uint32_t)literal.size;
    copy->last = UINT32_MAX >> (31 - (literal.size - 1) % shapes->step_size);
    copy->marks = marks;
    if (step->mark_count)
        memcpy(marks, step->marks, step->mark_count * sizeof *marks);
    for (uint32_t i = 0; i < step->mark_count; i++) {
        if (marks[i].name.size == 0)
            continue;
        marks[i].name = automaton_keep(shapes, marks[i].name);
        if (!marks[i].name.data)
            return false;
    }
    if (!insert_step(shapes, state, copy))
        return false;
    shapes->steps++;
    shapes->literal_bytes += literal.size;
    return true;
}

/* ---- Forgetting ---------------------------------------------------------------------------------------------------------- */

void automaton_forget_if_full(struct shapes *shapes)
{
    if (shapes->states < STATES_LIMIT && shapes->steps < STEPS_LIMIT &&
        shapes->literal_bytes < LITERALS_LIMIT && shapes->key_count < KEYS_LIMIT &&
        shapes->signature_count < SIGNATURES_LIMIT)
        return;
    arena_free(&shapes->arena);
    memset(shapes->by_hash, 0, sizeof shapes->by_hash);
    memset(&shapes->unique, 0, sizeof shapes->unique);
    memset(shapes->decisive, 0, (shapes->finder->layout->accept_count + 2) * sizeof *shapes->decisive);
    shapes->start_count = shapes->states = shapes->steps = shapes->key_count = shapes->signature_count = 0;
    shapes->literal_bytes = 0;
    shapes->counts.forgotten++;
}
