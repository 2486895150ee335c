/* What a person must know about a proposal, a line each on standard error. */
#include <inttypes.h>
#include <stdio.h>

#include "host/host.h"
#include "tool/infer_propose.h"

/* Names of the columns that identify a row, joined by spaces. */
static void list_key(const struct proposal *proposal, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        if (column->key && used + column->name.size + 2 < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? " " : "",
                                     TEXT_ARGUMENTS(column->name));
    }
}

static void report_key(const struct proposal *proposal)
{
    char key[512];
    list_key(proposal, key, sizeof key);
    if (proposal->key_source == KEY_GUESSED)
        host_complain(
            "infer: key: `%s` is a guess by its name; confirm it with --key %s, or name the columns of the primary key",
            key, key);
    else if (proposal->key_source == KEY_IN_DELETES)
        host_complain(
            "infer: key: `%s` is a guess: the rows before deletes have nothing else; confirm it with --key %s",
            key, key);
    else if (proposal->key_source == KEY_NONE && !proposal->outbox)
        host_complain("infer: key: not known; name the columns of the primary key with --key COLUMN...");
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        if (column->key && column->member && column->member->changed)
            host_complain("infer: key: %" PRIu64
                          " updates change `%.*s`, and the row by its old value would stay in the table; "
                          "name the key of Kafka's messages, for which Debezium sends a delete and an insert",
                          column->member->changed, TEXT_ARGUMENTS(column->name));
    }
}

static void report_tables(const struct proposal *proposal)
{
    const struct sample *sample = proposal->sample;
    const struct table_sample *table = proposal->table;
    char others[512];
    size_t used = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < sample->table_count; i++) {
        const struct table_sample *other = sample->tables[i];
        if (other == table || other->bare != table->bare)
            continue;
        count++;
        struct text name = text_cut(other->name.size ? other->name : TEXT("(no name)"), 64);
        if (used + 128 < sizeof others)
            used += (size_t)snprintf(others + used, sizeof others - used, "%s%.*s %" PRIu64, used ? ", " : "",
                                     TEXT_ARGUMENTS(name), other->messages);
    }
    if (count == 0)
        return;
    host_complain(
        "infer: the messages are of %u tables: the proposal is for %.*s (%" PRIu64
        " messages) and skips the others (%s%s) by its accept rules; give each table a topic, or a layout, of its own",
        count + 1, TEXT_ARGUMENTS(text_cut(table->name, 64)), table->messages, others,
        sample->of_other_tables ? " and more" : "");
}

static void report_reasons(const struct proposal *proposal)
{
    const struct sample *sample = proposal->sample;
    for (unsigned i = 0; i < sample->reason_count; i++) {
        const struct reason_count *reason = &sample->reasons[i];
        if (reason->skipped)
            continue;
        host_complain("infer: %" PRIu64 " of %" PRIu64
                      " messages will be errors, the first is number %" PRIu64 ": %.*s",
                      reason->count, sample->messages, reason->first,
                      TEXT_ARGUMENTS(text_cut(reason->reason, 300)));
    }
    if (sample->other_reasons)
        host_complain("infer: %" PRIu64 " more messages will be errors, for other reasons",
                      sample->other_reasons);
}

/* Objects without an operation among messages that have one. */
static void report_bare(const struct proposal *proposal)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < proposal->sample->table_count; i++)
        if (proposal->sample->tables[i]->bare && !proposal->table->bare)
            count += proposal->sample->tables[i]->messages;
    if (count > 0)
        host_complain("infer: %" PRIu64 " of %" PRIu64
                      " messages are objects without an operation and will be errors `unknown shape`; give "
                      "them a topic, or a layout, of their own",
                      count, proposal->sample->messages);
    for (const struct member *member = proposal->table->root.first; member && proposal->table->bare;
         member = member->next)
        if (text_ends(member->name, TEXT("op")) && member->facts.operations == member->facts.count &&
            member->facts.count)
            host_complain(
                "infer: %.*s: taken as a column; if it is the operation, write \"metadata_prefix\": \"%.*s\" into the layout in "
                "place of \"message\": \"row\"",
                TEXT_ARGUMENTS(text_cut(member->name, 64)),
                TEXT_ARGUMENTS(text_cut(member->name, member->name.size - 2)));
    if (proposal->table->bare)
        host_complain(
            "infer: message: the objects have no operation; each is taken as a row (\"message\": \"row\")");
}

static void report_outbox(const struct proposal *proposal)
{
    if (proposal->outbox && !proposal->table->router)
        host_complain(
            "infer: taken as an outbox, since there are an aggregate's type and id and a document: c and r are accepted, u "
            "and d are skipped");
}

static void report_version(const struct proposal *proposal)
{
    const struct table_sample *table = proposal->table;
    if (proposal->outbox || (proposal->version && proposal->version == table->time_path))
        return;
    if (proposal->version)
        host_complain(
            "infer: version: %s, which is not quite the order of changes: a transaction that was open during a snapshot comes later with "
            "an earlier one; the messages have no ts_ns%s",
            proposal->version,
            table->bare || table->deletes_marked ? ", which the transform's add.fields=op,ts_ns adds" : "");
    else
        host_complain(
            "infer: version: %s has no single number that grows with each change; Kafka's offset decides which row is the latest, so add no partitions to the topic",
            table->connector.size ? database_name(table) : "the messages' form");
}

static void report_deletes(const struct proposal *proposal)
{
    const struct table_sample *table = proposal->table;
    bool mongo = text_equal(table->connector, TEXT("mongodb"));
    if (proposal->outbox || table->deletes > 0)
        return;
    if (table->bare)
        host_complain(
            "infer: deletes: the delete of a bare row is a tombstone without a row; set the transform's "
            "delete.tombstone.handling.mode=rewrite (before Debezium 2.5 delete.handling.mode=rewrite), and infer again");
    else if (mongo && !table->before_seen)
        host_complain(
            "infer: deletes: MongoDB's have no row before; set capture.mode=change_streams_update_full_with_pre_image, and "
            "changeStreamPreAndPostImages of the collection");
    else if (table->changefeed && !table->before_seen)
        host_complain("infer: deletes: a changefeed's have no row before; create it WITH diff");
    else if (table->deletes_without_row)
        host_complain("infer: deletes: %" PRIu64 " have no row before, and will be errors; %s",
                      table->deletes_without_row,
                      text_equal(table->connector, TEXT("postgresql"))
                          ? "give the table a primary key or REPLICA IDENTITY FULL"
                          : "let the connector write it");
}

static void report_rows(const struct proposal *proposal)
{
    const struct table_sample *table = proposal->table;
    uint64_t without = table->without_row - table->deletes_without_row - table->operations[4];
    if (table->operations[4] && !proposal->outbox)
        host_complain("infer: op t: %" PRIu64
                      " truncates are in the sample; each will be a dead letter `op t`",
                      table->operations[4]);
    if (table->other_operations && !text_equal(table->connector, TEXT("cassandra")))
        host_complain("infer: %" PRIu64
                      " messages have an operation that Debezium does not have and will be dead letters",
                      table->other_operations);
    if (without > 0)
        host_complain("infer: %" PRIu64 " messages have an operation and no row image", without);
}

/* Whether a row's values are objects that say which of them the change has set: Cassandra, YugabyteDB. */
static bool has_cells(const struct table_sample *table)
{
    for (const struct member *cell = table->root.first; cell; cell = cell->next) {
        unsigned found = 0;
        for (const struct member *part = cell->first; part; part = part->next)
            found += text_equal(part->name, TEXT("value")) || text_equal(part->name, TEXT("set"));
        if (found == 2 && cell->facts.strings == 0)
            return true;
    }
    return false;
}

/* Messages that hold a part of the row: the rest is null in them, as if it were so in the source. */
static void report_parts(const struct proposal *proposal)
{
    if (has_cells(proposal->table))
        host_complain(
            "infer: rows: a message holds the values that the change has set, and null for the others, so the "
            "latest message is not the whole row; keep each message: pipeline --kind events");
    else if (text_equal(proposal->table->connector, TEXT("spanner")))
        host_complain(
            "infer: rows: Spanner's are whole only if the change stream has value_capture_type NEW_ROW or "
            "NEW_ROW_AND_OLD_VALUES; else what an update did not change is null in its message");
}

/* What is beyond 2^63 comes below zero, and nobody can tell. */
static void report_unsigned(const struct proposal *proposal)
{
    const struct text connector = proposal->table->connector;
    char columns[400];
    size_t used = 0;
    if (!text_equal(connector, TEXT("mysql")) && !text_equal(connector, TEXT("mariadb")))
        return;
    for (size_t i = 0; i < proposal->count; i++) {
        const struct proposed_column *column = &proposal->columns[i];
        bool wide = column->member && (column->member->schema.type == CONNECT_NONE ||
                                       (column->member->schema.wide && !column->member->schema.semantic[0]));
        if (wide && column->member->depth == 1 && column->member->facts.negative &&
            strstr(column->as.type, "Int64") && !column->as.unit &&
            used + column->name.size + 8 < sizeof columns)
            used += (size_t)snprintf(columns + used, sizeof columns - used, "%s%.*s", used ? ", " : "",
                                     TEXT_ARGUMENTS(column->name));
    }
    if (used)
        host_complain(
            "infer: negative in the sample: %s; a bigint unsigned above 2^63 arrives so, unless the connector has "
            "bigint.unsigned.handling.mode=precise",
            columns);
}

/* Rows that the proposal itself refuses. */
static void report_documents(const struct proposal *proposal)
{
    for (const struct member *member = proposal->table->root.first; member; member = member->next) {
        const struct value_facts *facts = &member->facts;
        uint64_t others = facts->strings - facts->documents - facts->scalars - facts->empty;
        if (proposal->outbox && member_is_document(member) && facts->strings && others)
            host_complain("infer: %.*s: %" PRIu64 " texts are not JSON and will be errors",
                          TEXT_ARGUMENTS(text_cut(member->name, 64)), others);
    }
}

void proposal_report(const struct proposal *proposal)
{
    report_tables(proposal);
    report_outbox(proposal);
    report_bare(proposal);
    report_reasons(proposal);
    for (size_t i = 0; i < proposal->unnamed_count; i++)
        host_complain("infer: no column for %.*s", TEXT_ARGUMENTS(proposal->unnamed[i]));
    if (proposal->table->untaken_count > SAMPLE_UNTAKEN)
        host_complain("infer: no column for %" PRIu64 " more members",
                      proposal->table->untaken_count - SAMPLE_UNTAKEN);
    report_documents(proposal);
    report_unsigned(proposal);
    report_key(proposal);
    report_version(proposal);
    report_deletes(proposal);
    report_rows(proposal);
    report_parts(proposal);
}
