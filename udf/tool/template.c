#include "tool/template.h"

#include <stdlib.h>

#define IF_DEPTH 8 /* `--| if` within each other */

void words_set(struct words *words, const char *name, struct text value)
{
    size_t i = 0;
    while (i < words->count && strcmp(words->list[i].name, name) != 0)
        i++;
    if (i == WORDS_LIMIT)
        return;
    words->list[i] = (struct word){name, value};
    words->count += i == words->count;
}

static const struct word *find(const struct words *words, struct text name)
{
    for (size_t i = 0; i < words->count; i++)
        if (text_equal(name, text_of(words->list[i].name)))
            return &words->list[i];
    return NULL;
}

struct text words_get(const struct words *words, const char *name)
{
    const struct word *word = find(words, text_of(name));
    return word ? word->value : TEXT("");
}

void buffer_put(struct buffer *buffer, struct text text)
{
    if (buffer->capacity - buffer->size < text.size && !buffer->failed) {
        size_t capacity = 2 * buffer->capacity + text.size + 4096;
        char *data = realloc(buffer->data, capacity);
        buffer->failed = !data;
        if (data) {
            buffer->data = data;
            buffer->capacity = capacity;
        }
    }
    if (buffer->failed || !buffer->data || text.size == 0)
        return;
    memcpy(buffer->data + buffer->size, text.data, text.size);
    buffer->size += text.size;
}

/* ---- Lines --------------------------------------------------------------------------------------------- */

/* Takes the text up to the next `end`, which goes, too, from the start of *text. */
static struct text take_until(struct text *text, char end)
{
    const char *at = text->size ? memchr(text->data, end, text->size) : NULL;
    struct text part = {text->data, at ? (size_t)(at - text->data) : text->size};
    *text = text_from(*text, part.size + (at != NULL));
    return part;
}

static void fill_in(struct text line, const struct words *words, struct buffer *out)
{
    while (line.size > 0) {
        const char *open = memchr(line.data, '{', line.size);
        struct text before = {line.data, open ? (size_t)(open - line.data) : line.size};
        buffer_put(out, before);
        line = text_from(line, before.size);
        const char *close = open ? memchr(open, '}', line.size) : NULL;
        if (!close) {
            buffer_put(out, line);
            return;
        }
        const struct word *word = find(words, (struct text){open + 1, (size_t)(close - open - 1)});
        buffer_put(out, word ? word->value : TEXT("{"));
        line = text_from(line, word ? (size_t)(close + 1 - open) : 1);
    }
}

/* TABLE by COLUMN, …: on a cluster the table over those of all nodes. */
static void distribute(struct text line, const struct words *words, struct buffer *out)
{
    static const struct text by = TEXT(" by ");
    struct buffer filled = {.data = NULL};
    fill_in(line, words, &filled);
    struct text rest = {filled.data, filled.size};
    struct text table = take_until(&rest, ' ');
    struct text key = text_starts(rest, TEXT("by ")) ? text_from(rest, by.size - 1) : rest;
    struct arena arena = {.blocks = NULL};
    struct text cluster = words_get(words, "cluster"), storage = words_get(words, "storage"),
                database = words_get(words, "database");
    buffer_put(out, arena_printf(&arena,
                                 "CREATE OR REPLACE TABLE %.*s.%.*s AS %.*s.%.*s\n"
                                 "ENGINE = Distributed('%.*s', '%.*s', '%.*s', cityHash64(%.*s));\n\n",
                                 TEXT_ARGUMENTS(database), TEXT_ARGUMENTS(table), TEXT_ARGUMENTS(storage),
                                 TEXT_ARGUMENTS(table), TEXT_ARGUMENTS(cluster), TEXT_ARGUMENTS(storage),
                                 TEXT_ARGUMENTS(table), TEXT_ARGUMENTS(key)));
    out->failed = out->failed || filled.failed || arena.failed;
    arena_free(&arena);
    free(filled.data);
}

/* Which lines are taken: those where every `--| if` around them holds. */
struct conditions {
    bool holds[IF_DEPTH];
    size_t depth;
};

static bool all_hold(const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->depth; i++)
        if (!conditions->holds[i])
            return false;
    return true;
}

/* What a line says behind `--| `. False if it says nothing that is known. */
static bool direct(struct text line, const struct words *words, struct conditions *conditions,
                   struct buffer *out)
{
    struct text command = take_until(&line, ' ');
    if (text_equal(command, TEXT("if")) && conditions->depth < IF_DEPTH) {
        bool negated = text_starts(line, TEXT("not "));
        const struct word *word = find(words, negated ? text_from(line, sizeof "not " - 1) : line);
        conditions->holds[conditions->depth++] = (word && word->value.size > 0) != negated;
        return true;
    }
    if (text_equal(command, TEXT("end")) && line.size == 0 && conditions->depth > 0) {
        conditions->depth--;
        return true;
    }
    if (!text_equal(command, TEXT("distributed")))
        return false;
    if (all_hold(conditions) && words_get(words, "cluster").size > 0)
        distribute(line, words, out);
    return true;
}

/* ---- Views that are there already ---------------------------------------------------------------------- */

/* Where the query of a materialized view begins: behind its line `TO table AS`. Its size is 0 if the statement is none. */
static struct text query_of(struct text statement, struct text *view)
{
    static const struct text create = TEXT("CREATE MATERIALIZED VIEW IF NOT EXISTS ");
    while (text_starts(statement, TEXT("--")) || text_starts(statement, TEXT("\n")))
        take_until(&statement, '\n');
    if (!text_starts(statement, create))
        return TEXT("");
    statement = text_from(statement, create.size);
    *view = take_until(&statement, '\n');
    while (statement.size > 0) {
        struct text line = take_until(&statement, '\n');
        if (text_starts(line, TEXT("TO ")) && text_ends(line, TEXT(" AS")))
            return statement;
    }
    return TEXT("");
}

/* The text with a statement behind each materialized view that gives an existing one its query. */
static void put_statements(struct text text, struct buffer *out)
{
    size_t start = 0;
    for (size_t at = 0; at < text.size; at++) {
        if (text.data[at] != '\n' || at == 0 || text.data[at - 1] != ';')
            continue;
        struct text statement = {text.data + start, at + 1 - start}, view = TEXT("");
        buffer_put(out, statement);
        struct text query = query_of(statement, &view);
        if (query.size > 0) {
            buffer_put(out, TEXT("\nALTER TABLE "));
            buffer_put(out, view);
            buffer_put(out, TEXT(" MODIFY QUERY\n"));
            buffer_put(out, query);
        }
        start = at + 1;
    }
    buffer_put(out, text_from(text, start));
}

bool template_render(struct text source, const struct words *words, struct buffer *out, size_t *number)
{
    static const struct text mark = TEXT("--| ");
    struct conditions conditions = {.depth = 0};
    struct buffer filled = {.data = NULL};
    bool sound = true;
    for (*number = 1; source.size > 0 && sound; ++*number) {
        struct text line = take_until(&source, '\n');
        if (text_starts(line, mark)) {
            sound = direct(text_from(line, mark.size), words, &conditions, &filled);
        } else if (all_hold(&conditions)) {
            fill_in(line, words, &filled);
            buffer_put(&filled, TEXT("\n"));
        }
    }
    sound = sound && conditions.depth == 0;
    if (sound && !filled.failed)
        put_statements((struct text){filled.data, filled.size}, out);
    out->failed = out->failed || filled.failed;
    free(filled.data);
    return sound;
}
