/* The way through the automaton, a template of simd_levels.h: see match.c, which has the parts without SIMD. */

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

/* The step whose literal comes next; NULL if none does. */
static inline TARGET const struct shape_step *OF(find_step)(struct run *run, const struct shape_state *state,
                                                            const char *at)
{
    if (at > run->end)
        return NULL;
    const size_t left = (size_t)(run->end - at);
    const uint64_t bytes = scan_word(at + state->common); /* within the padding at most */
    for (const struct shape_head *head = state->heads; head->step; head++)
        if (((bytes ^ head->bytes) & head->mask) == 0 && OF(is_literal)(at, left, head->step))
            return head->step;
    return NULL;
}

/* The first byte from `at` on that is not a digit, or a place after the end; `at` is at most 3 bytes after it. */
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

/* What takes a value is at its first byte and answers where it ends, or NULL if the general decoder must look. */

/* Behind a quote. Of each block, the special bytes one after the other. */
static inline TARGET const char *OF(take_string)(struct run *run, const struct shape_state *state,
                                                 const char *start)
{
    bool escaped = false;
    const char *block = start, *at;
    uint64_t found = OF(special)(block);
    for (;;) {
        while (found == 0) {
            block += STEP;
            if (block > run->end)
                return NULL;
            found = OF(special)(block);
        }
        at = block + __builtin_ctzll(found);
        if (is_quote(state, at))
            break;
        const char *behind = behind_special(run, at, state->level, &escaped);
        if (!behind)
            return NULL;
        const size_t done = (size_t)(behind - block);
        if (done < STEP) {
            found = found >> done << done;
        } else {
            block = behind;
            found = OF(special)(block);
        }
    }
    const char *behind = at + state->quote_size;
    if (behind > run->end)
        return NULL;
    if (state->how == HOW_PASS)
        return behind;
    struct text text = {start, (size_t)(at - start)};
    if (escaped)
        text = unescape(run, text, state->level + 1u);
    give_string(run, state, text);
    return behind;
}

/* Digits, and more of them behind a point; neither a sign nor an exponent. */
static inline TARGET const char *OF(take_number)(struct run *run, const struct shape_state *state,
                                                 const char *at)
{
    const char *point = OF(behind_digits)(at, run->end), *stop = point;
    if (point != at + 1 && *at == '0')
        return NULL;
    if (*point != ',') {
        if (*point == '.') {
            stop = OF(behind_digits)(point + 1, run->end);
            if (stop == point + 1)
                return NULL;
        }
        if (stop >= run->end)
            return NULL;
        if ((*stop | 0x20) == 'e')
            return take_other(run, state, at);
    }
    if (state->how != HOW_PASS)
        give_number(run, state, at, point, stop);
    return stop;
}

static inline TARGET const char *OF(take_value)(struct run *run, const struct shape_state *state,
                                                const char *at)
{
    if (is_quote(state, at))
        return OF(take_string)(run, state, at + state->quote_size);
    return is_digit(*at) ? OF(take_number)(run, state, at) : take_other(run, state, at);
}

static TARGET bool OF(run_through)(struct run *run, const struct shape_state *state)
{
    const char *at = run->start;
    key_lanes seen = {0};
    uint32_t unique_count = 0;
    while (state) {
        const struct shape_step *step = state->quick;
        if (!step || (OF(different)(at, step->literal) & step->last) != 0) {
            if (step || !(step = OF(find_step)(run, state, at)))
                return false;
            if (step->mark_count)
                take_marks(run, step, at);
        }
        key_lanes keys;
        memcpy(&keys, &step->keys, sizeof keys);
        seen |= keys;
        unique_count += step->unique_count;
        at += step->size;
        state = step->next;
        if (at > run->end || (state && !(at = OF(take_value)(run, state, at))))
            return false;
    }
    if (at != run->end)
        return false;
    /* Fewer were seen than were counted where one was there twice. */
    struct key_set set;
    memcpy(&set, &seen, sizeof set);
    uint32_t seen_count = 0;
    for (unsigned i = 0; i < KEY_WORDS; i++)
        seen_count += (uint32_t)__builtin_popcountll(set.words[i] & run->shapes->unique.words[i]);
    return seen_count == unique_count && end_run(run, &set);
}
