/* The difference between a layout that is there and the messages. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tool/infer_propose.h"

struct comparison {
    struct proposal *proposal;
    const struct layout *layout;
    struct text name;  /* of the layout's file, without .json */
    const char *table; /* rows or events */
    struct output *out;
    bool differs;
};

__attribute__((format(printf, 2, 3))) static void put(struct comparison *comparison, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (size > 0)
        output_put(comparison->out, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1);
}

static bool is_below(struct text path, struct text above)
{
    return text_starts(path, above) && path.size > above.size &&
           (path.data[above.size] == '.' || path.data[above.size] == '[');
}

static bool reads(const struct layout *layout, struct text path, bool below)
{
    for (size_t i = 0; i < layout->column_count; i++)
        for (size_t j = 0; j < layout->columns[i].path_count; j++) {
            struct text read = layout->columns[i].paths[j].text;
            if (below ? is_below(read, path) : text_equal(read, path))
                return true;
        }
    return false;
}

static bool is_ignored(const struct layout *layout, struct text path)
{
    for (size_t i = 0; i < layout->ignored_count; i++)
        if (text_equal(layout->ignored[i].text, path) || is_below(path, layout->ignored[i].text))
            return true;
    return false;
}

/* A document's member is missed where the layout reads the document member by member. */
static bool is_missed(const struct comparison *comparison, const struct proposed_column *column)
{
    const struct layout *layout = comparison->layout;
    struct arena *arena = &comparison->proposal->arena;
    if (!column->member || reads(layout, column->path, false) || reads(layout, column->path, true) ||
        is_ignored(layout, column->path))
        return false;
    return column->member->depth == 1 || reads(layout, member_path(arena, column->member->parent), true);
}

static void begin(struct comparison *comparison, bool *begun, const char *heading)
{
    if (!*begun)
        put(comparison, "/* %s\n", heading);
    *begun = comparison->differs = true;
}

static void write_line(struct comparison *comparison, const struct proposed_column *column, struct text name)
{
    struct proposed_column line = *column;
    line.name = name;
    line.as.note[0] = '\0';
    proposal_write_column(comparison->out, &line);
    put(comparison, "\n");
}

static void write_missed(struct comparison *comparison)
{
    const struct proposal *proposal = comparison->proposal;
    bool begun = false;
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        if (!is_missed(comparison, column))
            continue;
        begin(comparison, &begun,
              "The messages have members that the layout does not have. Lines to add to its columns:");
        write_line(comparison, column, column->name);
    }
    if (!begun)
        return;
    put(comparison, "*/\n");
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        if (is_missed(comparison, column))
            put(comparison, "ALTER TABLE %.*s_%s ADD COLUMN IF NOT EXISTS %.*s %s;\n",
                TEXT_ARGUMENTS(comparison->name), comparison->table, TEXT_ARGUMENTS(column->name),
                column->as.type);
    }
}

static void write_misfits(struct comparison *comparison)
{
    const struct proposal *proposal = comparison->proposal;
    bool begun = false;
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        const struct column *read = column->member ? column->member->read : NULL;
        if (!read || column->member->misfits == 0)
            continue;
        begin(comparison, &begun,
              "Values that no longer fit. Write these lines instead of the present ones:");
        put(comparison, "%.*s: %" PRIu64 " values do not fit %s\n", TEXT_ARGUMENTS(read->name),
            column->member->misfits, read->as.type.name);
        write_line(comparison, column, read->name);
    }
    if (!begun)
        return;
    put(comparison, "*/\n");
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        if (column->member && column->member->read && column->member->misfits)
            put(comparison, "ALTER TABLE %.*s_%s MODIFY COLUMN %.*s %s;\n", TEXT_ARGUMENTS(comparison->name),
                comparison->table, TEXT_ARGUMENTS(column->member->read->name), column->as.type);
    }
}

static bool is_in_messages(const struct proposal *proposal, const struct column *column)
{
    for (size_t i = 0; i < column->path_count; i++)
        for (size_t j = 0; j < proposal->count; j++) {
            struct text path = column->paths[i].text;
            if (column->paths[i].space != SPACE_ROW || text_equal(proposal->columns[j].path, path) ||
                is_below(path, proposal->columns[j].path))
                return true;
        }
    return false;
}

static void write_absent(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->layout->column_count; i++) {
        const struct column *column = &comparison->layout->columns[i];
        if (is_in_messages(comparison->proposal, column))
            continue;
        comparison->differs = true;
        put(comparison, "-- %.*s: the sample has nothing at %.*s\n", TEXT_ARGUMENTS(column->name),
            TEXT_ARGUMENTS(text_cut(column->paths[0].text, 300)));
    }
}

/* tickets of layouts/tickets.json */
static struct text name_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    struct text name = text_of(slash ? slash + 1 : file);
    if (text_ends(name, TEXT(".json")))
        name.size -= sizeof ".json" - 1;
    return name;
}

bool proposal_compare(struct proposal *proposal, const struct layout *layout, const char *file,
                      struct output *out)
{
    struct comparison comparison = {.proposal = proposal,
                                    .layout = layout,
                                    .name = name_of(file),
                                    .table = proposal->outbox && layout->key_count == 0 ? "events" : "rows",
                                    .out = out};
    if (proposal->table->bare != layout->rows) {
        comparison.differs = true;
        put(&comparison, "-- write \"message\": \"%s\" into the layout\n",
            proposal->table->bare ? "row" : "auto");
    }
    write_missed(&comparison);
    write_misfits(&comparison);
    write_absent(&comparison);
    if (!comparison.differs)
        put(&comparison, "-- %.*s reads everything that the messages have\n",
            TEXT_ARGUMENTS(comparison.name));
    return !proposal->arena.failed && output_flush(out);
}
