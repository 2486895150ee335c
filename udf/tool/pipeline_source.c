/* The words of operations that compare a pipeline's rows with its source's table. */
#include <stdio.h>

#include "tool/pipeline_words.h"

/* The column's own name in the source. Its data is NULL if the column is not a member of the row as it is. */
static struct text source_name(const struct column *column)
{
    const struct path *path = &column->paths[0];
    if (path->space != SPACE_ROW || path_step_count(path) != 1)
        return (struct text){NULL, 0};
    return path_steps(path)[0].name;
}

static bool is_key(const struct layout *layout, const struct column *column)
{
    for (size_t i = 0; i < layout->key_count; i++)
        if (layout->key[i] == column)
            return true;
    return false;
}

/* Adds an item to a list with commas. */
static void add(struct arena *arena, struct text *list, struct text item)
{
    *list = text_append(arena, *list, "%s%.*s", list->size ? ", " : "", TEXT_ARGUMENTS(item));
}

static struct text cast(struct arena *arena, const struct column *column)
{
    return arena_printf(arena, "CAST(%.*s AS %s)", TEXT_ARGUMENTS(sql_name(arena, source_name(column))),
                        column->as.type.name);
}

static struct text hash_of(struct arena *arena, struct text value)
{
    return arena_printf(arena, "cityHash64(ifNull(toString(%.*s), '\\\\N'))", TEXT_ARGUMENTS(value));
}

bool pipeline_source(const char *source, const struct layout *layout, struct arena *arena,
                     struct words *words, char *problem)
{
    struct text keys = TEXT(""), values = TEXT(""), either = TEXT(""), equals = TEXT(""), theirs = TEXT(""),
                ours = TEXT(""), names = TEXT("");
    if (strchr(source, '\n') || strchr(source, ';')) {
        snprintf(
            problem, PIPELINE_PROBLEM,
            "--source: give one table function, such as \"postgresql(shop_postgres, table = 'tickets')\"");
        return false;
    }
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct column *column = &layout->columns[i];
        struct text name = sql_name(arena, column->name);
        if (!source_name(column).data && is_key(layout, column)) {
            snprintf(problem, PIPELINE_PROBLEM, "%.*s: key column %.*s is not a column of the source's table",
                     TEXT_ARGUMENTS(words_get(words, "layout")), TEXT_ARGUMENTS(column->name));
            return false;
        }
        if (!source_name(column).data)
            continue;
        struct text value = cast(arena, column);
        if (is_key(layout, column)) {
            add(arena, &keys,
                arena_printf(arena, "%.*s AS %.*s", TEXT_ARGUMENTS(value), TEXT_ARGUMENTS(name)));
            add(arena, &values, value);
            add(arena, &either,
                arena_printf(arena, "if(here.there = 1, here.%.*s, in_source.%.*s) AS %.*s",
                             TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name)));
            equals = text_append(arena, equals, "%shere.%.*s = in_source.%.*s", equals.size ? " AND " : "",
                                 TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
        } else {
            add(arena, &theirs, hash_of(arena, value));
            add(arena, &ours, hash_of(arena, name));
            add(arena, &names, sql_text(arena, column->name));
        }
    }
    words_set(words, "source", text_of(source));
    words_set(words, "source_key", keys);
    words_set(words, "source_key_values", values);
    words_set(words, "either_key", either);
    words_set(words, "source_equals", equals);
    words_set(words, "source_hashes", theirs);
    words_set(words, "here_hashes", ours);
    words_set(words, "compared_columns", arena_printf(arena, "[%.*s]", TEXT_ARGUMENTS(names)));
    return true;
}
