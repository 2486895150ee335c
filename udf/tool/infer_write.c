/* A proposal as a layout file. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tool/infer_propose.h"

__attribute__((format(printf, 2, 3))) static void put(struct output *out, const char *format, ...)
{
    char part[1024];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(part, sizeof part, format, list);
    va_end(list);
    if (size > 0)
        output_put(out, part, size < (int)sizeof part ? (size_t)size : sizeof part - 1);
}

/* A JSON string. */
static void put_string(struct output *out, struct text text)
{
    put(out, "\"");
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20)
            put(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            put(out, "\\%c", c);
        else
            output_put(out, text.data + i, 1);
    }
    put(out, "\"");
}

/* The note may have been cut within a character. */
static struct text note_of(const struct proposed_column *column)
{
    struct text note = text_of(column->as.note);
    return note.size == NOTE_SIZE - 1 ? text_cut(note, NOTE_SIZE - 5) : note;
}

void proposal_write_column(struct output *out, const struct proposed_column *column)
{
    put(out, "    {\"name\": ");
    put_string(out, column->name);
    put(out, ", \"type\": \"%s\", \"path\": ", column->as.type);
    put_string(out, column->path);
    if (column->as.unit)
        put(out, ", \"unit\": \"%s\"", column->as.unit);
    if (column->as.base64)
        put(out, ", \"encoding\": \"base64\"");
    if (column->as.nan)
        put(out, ", \"nan\": true");
    if (column->required)
        put(out, ", \"required\": true");
    if (column->as.note[0]) {
        put(out, ",\n     \"note\": ");
        put_string(out, note_of(column));
    }
    put(out, "}");
}

static void write_note(const struct proposal *proposal, struct output *out)
{
    const struct table_sample *table = proposal->table;
    const char *joint = ": op";
    put(out, "  \"note\": \"Proposed from %" PRIu64 " messages of %s", table->messages, database_name(table));
    for (size_t i = 0; i < sizeof OPERATIONS - 1; i++) {
        if (table->operations[i] == 0)
            continue;
        put(out, "%s %c %" PRIu64, joint, OPERATIONS[i], table->operations[i]);
        joint = ",";
    }
    if (table->other_operations)
        put(out, "%s others %" PRIu64, joint, table->other_operations);
    put(out, ". You can edit names and types and remove the notes.\",\n");
}

static void write_rule(struct output *out, const char *path, struct text value)
{
    put(out, ", \"%s\": [", path);
    put_string(out, value);
    put(out, "]");
}

/* Where there are several tables, the rules that tell this one. */
static void write_tables(const struct proposal *proposal, struct output *out)
{
    const struct table_sample *table = proposal->table;
    bool other_name = false, other_schema = false, other_database = false;
    for (unsigned i = 0; i < proposal->sample->table_count; i++) {
        const struct table_sample *other = proposal->sample->tables[i];
        if (other->bare != table->bare)
            continue;
        other_name |= !text_equal(other->name, table->name);
        other_schema |= !text_equal(other->schema, table->schema);
        other_database |= !text_equal(other->database, table->database);
    }
    if (other_name && table->name.size)
        write_rule(out, table->collection ? "source.collection" : "source.table", table->name);
    if (other_schema && table->schema.size)
        write_rule(out, "source.schema", table->schema);
    if (other_database && table->database.size)
        write_rule(out, "source.db", table->database);
}

static void write_key(const struct proposal *proposal, struct output *out)
{
    const char *joint = "";
    if (proposal->key_source == KEY_NONE)
        return;
    put(out, "  \"key\": [");
    for (size_t i = 0; i < proposal->count; i++) {
        if (!proposal->columns[i].key)
            continue;
        put(out, "%s", joint);
        put_string(out, proposal->columns[i].name);
        joint = ", ";
    }
    put(out, "],\n");
}

/* Cassandra's connector calls an insert i. */
static const char *operations_of(const struct proposal *proposal)
{
    return proposal->outbox                                            ? "\"c\", \"r\""
           : text_equal(proposal->table->connector, TEXT("cassandra")) ? "\"c\", \"r\", \"u\", \"d\", \"i\""
                                                                       : "\"c\", \"r\", \"u\", \"d\"";
}

bool proposal_write(const struct proposal *proposal, struct output *out)
{
    put(out, "{\n  \"function\": ");
    put_string(out, proposal->function);
    put(out, ",\n");
    write_note(proposal, out);
    if (proposal->table->bare)
        put(out, "  \"message\": \"row\",\n");
    if (proposal->metadata_prefix.data) {
        put(out, "  \"metadata_prefix\": ");
        put_string(out, proposal->metadata_prefix);
        put(out, ",\n");
    }
    put(out, "  \"exact\": true,\n  \"accept\": {\"op\": [%s]", operations_of(proposal));
    write_tables(proposal, out);
    put(out, "},\n  \"accept_missing\": \"error\",\n");
    write_key(proposal, out);
    put(out, "  \"columns\": [\n");
    for (size_t i = 0; i < proposal->count; i++) {
        proposal_write_column(out, &proposal->columns[i]);
        put(out, i + 1 < proposal->count ? ",\n" : "\n");
    }
    put(out, "  ]\n}\n");
    return !proposal->arena.failed && output_flush(out);
}
