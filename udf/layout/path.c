/* Paths as the layout writes them: see layout.h. */
#include "json/json_check.h"
#include "layout/layout.h"

static bool parse_index(struct text *rest, struct step *step)
{
    size_t i = 1;
    uint64_t index = 0;
    while (i < rest->size && rest->data[i] >= '0' && rest->data[i] <= '9' && index < UINT32_MAX)
        index = index * 10 + (uint64_t)(rest->data[i++] - '0');
    if (i == 1 || i >= rest->size || rest->data[i] != ']' || index >= UINT32_MAX)
        return false;
    *step = (struct step){.index = (uint32_t)index};
    *rest = text_from(*rest, i + 1);
    return true;
}

/* ["name"]: a JSON string within brackets. */
static bool parse_quoted(struct arena *arena, struct text *rest, struct step *step)
{
    size_t end = 2;
    while (end < rest->size && rest->data[end] != '"')
        end += rest->data[end] == '\\' ? 2 : 1;
    if (end + 1 >= rest->size || rest->data[end + 1] != ']' || end == 2)
        return false;
    struct text quoted = {rest->data + 1, end};
    char *copy = arena_alloc(arena, quoted.size + JSON_PADDING);
    struct json_fault fault;
    if (!copy)
        return false;
    memcpy(copy, quoted.data, quoted.size);
    memset(copy + quoted.size, 0, JSON_PADDING);
    if (!json_check(arena, (struct text){copy, quoted.size}, NULL, &fault))
        return false;
    *step = (struct step){.name = json_unescape(arena, (struct text){copy + 1, quoted.size - 2})};
    *rest = text_from(*rest, end + 2);
    return step->name.data != NULL;
}

/* The next step, with the dot before it where it is no first one. */
static bool parse_step(struct arena *arena, struct text *rest, bool first, struct step *step)
{
    if (!first && rest->data[0] == '[')
        return rest->size > 1 && rest->data[1] == '"' ? parse_quoted(arena, rest, step)
                                                      : parse_index(rest, step);
    if (!first && rest->data[0] != '.')
        return false;
    if (!first)
        *rest = text_from(*rest, 1);
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '.' && rest->data[size] != '[')
        size++;
    *step = (struct step){.name = {rest->data, size}};
    *rest = text_from(*rest, size);
    return size > 0;
}

static enum path_space space_of(const struct step *steps, size_t count)
{
    if (count == 1)
        return text_equal(steps[0].name, TEXT("op"))      ? SPACE_OP
               : text_equal(steps[0].name, TEXT("ts_ms")) ? SPACE_TS_MS
                                                          : SPACE_MESSAGE;
    if (!steps[1].name.data)
        return SPACE_MESSAGE;
    return text_equal(steps[0].name, TEXT("after"))    ? SPACE_ROW
           : text_equal(steps[0].name, TEXT("before")) ? SPACE_BEFORE
           : text_equal(steps[0].name, TEXT("source")) ? SPACE_SOURCE
                                                       : SPACE_MESSAGE;
}

bool path_parse(struct arena *arena, struct text text, struct path *path)
{
    struct step steps[PATH_STEPS_LIMIT];
    size_t count = 0, member_size = text.size;
    struct text rest = text;
    do {
        if (count == PATH_STEPS_LIMIT || !parse_step(arena, &rest, count == 0, &steps[count]))
            return false;
        if (++count == 2)
            member_size = text.size - rest.size;
    } while (rest.size > 0);
    struct step *kept = arena_alloc(arena, count * sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, steps, count * sizeof *kept);
    *path = (struct path){.text = text, .steps = kept, .count = count, .member_size = member_size, .space = space_of(kept, count)};
    return true;
}
