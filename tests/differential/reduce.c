#include "reduce.h"

#include <stdio.h>
#include <stdlib.h>

struct reduction {
    struct layout_parts *layout;
    struct stream *stream;
    const struct setting *setting;
    struct difference last;
};

/* Whether the case as it is now still shows a difference in the same way. */
static bool still_differs(struct reduction *reduction)
{
    struct buffer json = {0};
    put_layout(&json, reduction->layout);
    struct difference now = compare(buffer_view(&json), reduction->stream, reduction->setting, NULL);
    buffer_free(&json);
    if (!now.found || now.way != reduction->last.way) {
        difference_free(&now);
        return false;
    }
    difference_free(&reduction->last);
    reduction->last = now;
    reduction->stream->count = now.message + 1;
    return true;
}

/* ---- The stream ---------------------------------------------------------------------------------------------------------- */

static bool drop_messages(struct reduction *reduction, unsigned from, unsigned count)
{
    struct stream *stream = reduction->stream, *before = malloc(sizeof *before);
    if (!before)
        return false;
    *before = *stream;
    memmove(&stream->messages[from], &stream->messages[from + count],
            (stream->count - from - count) * sizeof *stream->messages);
    stream->count -= count;
    const bool differs = still_differs(reduction);
    if (!differs)
        *stream = *before;
    free(before);
    return differs;
}

static void reduce_messages(struct reduction *reduction)
{
    struct stream *stream = reduction->stream;
    for (unsigned size = stream->count / 2; size > 0; size /= 2)
        for (unsigned from = 0; from + size < stream->count;)
            if (!drop_messages(reduction, from, size))
                from += size;
}

/* ---- The layout ---------------------------------------------------------------------------------------------------------- */

/* Leaves out one of `count` texts if a difference remains. */
static bool drop_text(struct reduction *reduction, struct buffer *texts, unsigned *count, unsigned index)
{
    struct buffer dropped = texts[index];
    memmove(&texts[index], &texts[index + 1], (*count - index - 1) * sizeof *texts);
    texts[--*count] = (struct buffer){0};
    if (still_differs(reduction)) {
        buffer_free(&dropped);
        return true;
    }
    memmove(&texts[index + 1], &texts[index], (*count - index) * sizeof *texts);
    texts[index] = dropped;
    ++*count;
    return false;
}

static void reduce_texts(struct reduction *reduction, struct buffer *texts, unsigned *count, unsigned least)
{
    for (unsigned i = 0; i<*count && * count> least;)
        if (!drop_text(reduction, texts, count, i))
            i++;
}

static bool drop_column(struct reduction *reduction, unsigned index)
{
    struct layout_parts *layout = reduction->layout;
    const struct column_parts dropped = layout->columns[index];
    memmove(&layout->columns[index], &layout->columns[index + 1],
            (layout->column_count - index - 1) * sizeof dropped);
    layout->columns[--layout->column_count] = (struct column_parts){0};
    if (still_differs(reduction))
        return true;
    memmove(&layout->columns[index + 1], &layout->columns[index],
            (layout->column_count - index) * sizeof dropped);
    layout->columns[index] = dropped;
    layout->column_count++;
    return false;
}

/* "unavailable" needs a path of the row image, which must not go. */
static bool needs_its_paths(const struct column_parts *column)
{
    for (unsigned i = 0; i < column->key_count; i++)
        if (text_starts(buffer_view(&column->keys[i]), TEXT("\"unavailable\"")))
            return true;
    return false;
}

static void reduce_layout(struct reduction *reduction)
{
    struct layout_parts *layout = reduction->layout;
    for (unsigned i = 0; i < layout->column_count && layout->column_count > 1;)
        if (!drop_column(reduction, i))
            i++;
    reduce_texts(reduction, layout->rules, &layout->rule_count, 0);
    reduce_texts(reduction, layout->keys, &layout->key_count, 0);
    for (unsigned i = 0; i < layout->column_count; i++) {
        struct column_parts *column = &layout->columns[i];
        for (unsigned j = 0; j < column->key_count;) {
            /* A required column may have a default only where it is lenient. */
            if (text_equal(buffer_view(&column->keys[j]), TEXT("\"lenient\":true")) && column->key_count > 1)
                j++;
            else if (!drop_text(reduction, column->keys, &column->key_count, j))
                j++;
        }
        if (!needs_its_paths(column))
            reduce_texts(reduction, column->paths, &column->path_count, 1);
    }
}

/* ---- Members ------------------------------------------------------------------------------------------------------------- */

static size_t string_end(struct text text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++)
        at += text.data[at] == '\\';
    return at + 1;
}

/* Behind the value that begins here. */
static size_t value_end(struct text text, size_t at)
{
    unsigned depth = 0;
    for (; at < text.size; at++) {
        const char c = text.data[at];
        if (c == '"')
            at = string_end(text, at) - 1;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth-- <= 1)
            return depth == 0 ? at + 1 : at;
        else if (c == ',' && depth == 0)
            return at;
    }
    return at;
}

/* The message without the member whose key's quote is at `at`. */
static struct buffer without_member(struct text text, size_t at)
{
    struct buffer shorter = {0};
    size_t end = value_end(text, string_end(text, at)), start = at;
    while (end < text.size && strchr(" \t\r\n", text.data[end]))
        end++;
    if (end < text.size && text.data[end] == ',')
        end++;
    else
        while (start > 0 && strchr(", \t\r\n", text.data[start - 1]) && text.data[start - 1])
            start--;
    buffer_put(&shorter, text.data, start);
    buffer_put(&shorter, text.data + end, end < text.size ? text.size - end : 0);
    return shorter;
}

/* Where the number-th key stands; false where there are fewer. */
static bool find_key(struct text text, unsigned number, size_t *at)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '"')
            continue;
        const size_t start = i, end = string_end(text, i);
        i = end - 1;
        if (end < text.size && text.data[end] == ':' && number-- == 0) {
            *at = start;
            return true;
        }
    }
    return false;
}

/* Replaces the messages by those that `change` makes of them; the old stream comes back where no difference remains. */
static bool try_stream(struct reduction *reduction, struct stream *changed)
{
    struct stream *stream = reduction->stream, before = *stream;
    *stream = *changed;
    if (still_differs(reduction)) {
        buffer_free(&before.text);
        return true;
    }
    buffer_free(&stream->text);
    *stream = before;
    return false;
}

/* Takes the member with this key out of all messages, once in each. */
static bool drop_key(struct reduction *reduction, struct text key)
{
    static struct stream changed;
    changed = (struct stream){0};
    for (unsigned i = 0; i < reduction->stream->count; i++) {
        const struct text text = stream_message(reduction->stream, i);
        struct buffer shorter = {0};
        size_t at;
        for (unsigned j = 0; !shorter.data && find_key(text, j, &at); j++)
            if (text_equal((struct text){text.data + at, string_end(text, at) - at}, key))
                shorter = without_member(text, at);
        stream_add(&changed, shorter.data ? buffer_view(&shorter) : text, reduction->stream->messages[i].kind,
                   0);
        buffer_free(&shorter);
    }
    return try_stream(reduction, &changed);
}

/* Takes one member out of one message. */
static bool drop_member(struct reduction *reduction, unsigned message, size_t at)
{
    static struct stream changed;
    changed = (struct stream){0};
    for (unsigned i = 0; i < reduction->stream->count; i++) {
        const struct text text = stream_message(reduction->stream, i);
        struct buffer shorter = {0};
        if (i == message)
            shorter = without_member(text, at);
        stream_add(&changed, i == message ? buffer_view(&shorter) : text, reduction->stream->messages[i].kind,
                   0);
        buffer_free(&shorter);
    }
    return try_stream(reduction, &changed);
}

static void reduce_members(struct reduction *reduction)
{
    for (unsigned i = 0; i < reduction->stream->count; i++) {
        size_t at;
        for (unsigned j = 0; find_key(stream_message(reduction->stream, i), j, &at);) {
            const struct text text = stream_message(reduction->stream, i);
            char key[128];
            const size_t size = string_end(text, at) - at;
            memcpy(key, text.data + at, size < sizeof key ? size : sizeof key);
            const bool dropped = size < sizeof key && drop_key(reduction, (struct text){key, size});
            if (i >= reduction->stream->count)
                return;
            if (!dropped && !drop_member(reduction, i, at))
                j++;
            if (i >= reduction->stream->count)
                return;
        }
    }
}

struct difference reduce(struct layout_parts *layout, struct stream *stream, const struct setting *setting,
                         struct difference found)
{
    struct setting each = *setting;
    each.alone = found.way >= WAY_ALONE;
    struct reduction reduction = {layout, stream, &each, found};
    stream->count = found.message + 1;
    for (unsigned round = 0; round < 3; round++) {
        reduce_messages(&reduction);
        reduce_layout(&reduction);
        reduce_members(&reduction);
    }
    return reduction.last;
}
