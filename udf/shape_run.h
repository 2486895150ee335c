/* The way through the automaton, a template of simd_levels.h: see shape_match.c, which has the parts without SIMD. */

enum { OF(step_size) = STEP };
_Static_assert(STEP <= 32, "the bits of shape_step.last");

/* Whether the step's literal stands here, `left` bytes before the end: in whole steps, of the last one only the first bytes count. */
static inline TARGET bool OF(is_literal)(const char *at, size_t left, const struct shape_step *step)
{
    const char *literal = step->literal;
    size_t size = step->size;
    if (size > left)
        return false;
    for (; size > STEP; at += STEP, literal += STEP, size -= STEP)
        if (OF(different)(at, literal))
            return false;
    return (OF(different)(at, literal) & step->last) == 0;
}

/* The step whose literal comes next; NULL where none does. */
static inline TARGET const struct shape_step *OF(find_step)(const struct shape_state *state, const char *at,
                                                            size_t left)
{
    if (state->only)
        return OF(is_literal)(at, left, state->only) ? state->only : NULL;
    const uint64_t bytes = scan_word(at + state->common); /* within the padding at most */
    for (const struct shape_head *head = state->heads; head->step; head++)
        if (((bytes ^ head->bytes) & head->mask) == 0 && OF(is_literal)(at, left, head->step))
            return head->step;
    return NULL;
}

/* The first special byte from `at` on, or a place behind the end; `at` is at most 3 bytes behind it. */
static inline TARGET const char *OF(next_special)(const char *at, const char *end)
{
    do {
        const uint64_t found = OF(special)(at);
        if (found)
            return at + __builtin_ctzll(found);
        at += STEP;
    } while (at <= end);
    return at;
}

/* The first byte from `at` on that is no digit, or a place behind the end; `at` is at most 3 bytes behind it. */
static inline TARGET const char *OF(behind_digits)(const char *at, const char *end)
{
    do {
        const uint64_t found = OF(other)(at);
        if (found)
            return at + __builtin_ctzll(found);
        at += STEP;
    } while (at <= end);
    return at;
}

/* What takes a value is at its first byte and answers where it ends, or NULL where the general decoder must look. */

/* Behind a quote. */
static inline TARGET const char *OF(take_string)(struct run *run, const struct shape_state *state,
                                                 const char *start)
{
    const char *const end = run->end;
    bool escaped = false;
    const char *at = OF(next_special)(start, end);
    while (at < end && !is_quote(state, at)) {
        at = behind_special(run, at, state->level, &escaped);
        if (!at)
            return NULL;
        at = OF(next_special)(at, end);
    }
    const char *behind = at + state->quote_size;
    if (behind > end)
        return NULL;
    if (state->how == HOW_PASS)
        return behind;
    struct text text = {start, (size_t)(at - start)};
    if (escaped)
        text = unescape(run, text, state->level + 1u);
    return give_string(run, state, text) ? behind : NULL;
}

/* A number without sign and exponent. */
static inline TARGET const char *OF(take_number)(struct run *run, const struct shape_state *state,
                                                 const char *at)
{
    const char *const end = run->end;
    const char *point = OF(behind_digits)(at, end), *stop = point;
    bool plain = *at != '0' || point == at + 1;
    if (*point == '.') {
        stop = OF(behind_digits)(point + 1, end);
        plain &= stop > point + 1;
    }
    if (!plain || stop >= end || (*stop | 0x20) == 'e')
        return take_other(run, state, at);
    return state->how == HOW_PASS || give_number(run, state, at, point, stop) ? stop : NULL;
}

static inline TARGET const char *OF(take_value)(struct run *run, const struct shape_state *state,
                                                const char *at)
{
    if (is_quote(state, at))
        return OF(take_string)(run, state, at + state->quote_size);
    return is_digit(*at) && at < run->end ? OF(take_number)(run, state, at) : take_other(run, state, at);
}

static TARGET bool OF(run_through)(struct run *run)
{
    const struct shape_state *state = run->shapes->start;
    const char *at = run->start;
    shape_lanes seen = {0}, twice = {0};
    while (state) {
        const struct shape_step *step = OF(find_step)(state, at, (size_t)(run->end - at));
        if (!step || (step->mark_count && !take_marks(run, step, at)))
            return false;
        shape_lanes keys;
        memcpy(&keys, &step->keys, sizeof keys);
        twice |= seen & keys;
        seen |= keys;
        at += step->size;
        state = step->next;
        if (state && !(at = OF(take_value)(run, state, at)))
            return false;
    }
    return at == run->end && is_complete(run, seen, twice) && !run->arena->failed;
}
