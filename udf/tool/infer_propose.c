#include "tool/infer_propose.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "tool/column_name.h"

#define COLUMNS_LIMIT 980 /* of a layout's 1,000: the rest is for metadata */
#define NAME_LIMIT 120    /* bytes of a column's name, before a number after it */

/* ---- Names ------------------------------------------------------------------------------------------------ */

static bool is_name_letter(char c)
{
    return is_letter(c) || c == '_';
}

/* A name that SQL does not quote: every other character becomes _. */
static struct text identifier(struct arena *arena, struct text name)
{
    char *out = arena_alloc(arena, name.size + 2);
    size_t size = 0;
    if (!out)
        return (struct text){NULL, 0};
    for (size_t i = 0; i < name.size && size < NAME_LIMIT; i++) {
        char c = name.data[i];
        if (is_name_letter(c) || is_digit(c)) {
            if (size == 0 && is_digit(c))
                out[size++] = '_';
            out[size++] = c;
        } else if (((unsigned char)c & 0xC0) != 0x80) {
            out[size++] = '_';
        }
    }
    if (size == 0)
        out[size++] = '_';
    return (struct text){out, size};
}

/* Whether a name is `wanted`, whatever its case and its underscores. */
static bool is_named(struct text name, const char *wanted)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '_')
            continue;
        if (is_upper(c))
            c = (char)(c - 'A' + 'a');
        if (c != *wanted++)
            return false;
    }
    return *wanted == '\0';
}

/* Names of what every row has, of what a pipeline has beside it, and of Kafka's own columns. */
static bool is_reserved(struct text name)
{
    static const char *const names[] = {"outcome",  "reason",   "op",  "version", "lsn",
                                        "unmapped", "left_out", "key", "attempt", "message"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(name, text_of(names[i])))
            return true;
    return column_name_judge(name) != COLUMN_NAME_FREE;
}

static bool is_taken(const struct proposal *proposal, struct text name)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (text_equal(proposal->columns[i].name, name))
            return true;
    return is_reserved(name);
}

static struct text join(struct arena *arena, struct text a, struct text b)
{
    return arena_printf(arena, "%.*s_%.*s", TEXT_ARGUMENTS(a), TEXT_ARGUMENTS(b));
}

/* The member's name; where that is taken, with those of the documents around it; then with a number after it. */
static struct text column_name(struct proposal *proposal, const struct member *member)
{
    struct arena *arena = &proposal->arena;
    struct text name = identifier(arena, member->name);
    if (is_reserved(name))
        name = arena_printf(arena, "%.*s_", TEXT_ARGUMENTS(name));
    for (member = member->parent; member && member->depth > 0 && is_taken(proposal, name);
         member = member->parent)
        name = identifier(arena, join(arena, member->name, name));
    struct text first = name;
    for (unsigned number = 2; is_taken(proposal, name); number++)
        name = arena_printf(arena, "%.*s_%u", TEXT_ARGUMENTS(first), number);
    return name;
}

/* ---- Columns ---------------------------------------------------------------------------------------------- */

static struct proposed_column *new_column(struct proposal *proposal)
{
    if (proposal->count == proposal->capacity) {
        size_t capacity = proposal->capacity ? 2 * proposal->capacity : 64;
        struct proposed_column *columns = realloc(proposal->columns, capacity * sizeof *columns);
        if (!columns) {
            proposal->arena.failed = true;
            return NULL;
        }
        proposal->columns = columns;
        proposal->capacity = capacity;
    }
    struct proposed_column *column = &proposal->columns[proposal->count];
    memset(column, 0, sizeof *column);
    return column;
}

static void add_metadata(struct proposal *proposal, const char *name, const char *type, const char *path,
                         bool required)
{
    struct proposed_column *column = new_column(proposal);
    if (!column)
        return;
    column->name = text_of(name);
    if (is_taken(proposal, column->name) && !is_reserved(column->name))
        return;
    column->path = text_of(path);
    column->required = required;
    snprintf(column->as.type, TYPE_SIZE, "%s", type);
    proposal->count++;
}

static void add_unnamed(struct proposal *proposal, struct text path, const char *why)
{
    struct text *list = arena_alloc(&proposal->arena, (proposal->unnamed_count + 1) * sizeof *list);
    if (!list)
        return;
    if (proposal->unnamed_count)
        memcpy(list, proposal->unnamed, proposal->unnamed_count * sizeof *list);
    list[proposal->unnamed_count++] = arena_printf(&proposal->arena, "%.*s: %s", TEXT_ARGUMENTS(path), why);
    proposal->unnamed = list;
}

static void add_column(struct proposal *proposal, const struct member *member)
{
    struct arena *arena = &proposal->arena;
    struct text path = member_path(arena, member);
    if (path.size == 0) {
        add_unnamed(proposal, member_path(arena, member->parent),
                    "a member with an empty name, which a path cannot reach");
        return;
    }
    if (proposal->count >= COLUMNS_LIMIT) {
        add_unnamed(proposal, path, "a layout cannot have more columns");
        return;
    }
    struct proposed_column *column = new_column(proposal);
    if (!column)
        return;
    column->name = column_name(proposal, member);
    column->path = path;
    column->member = member;
    column_type_choose(proposal->table, member, false, member->depth > 1 && !proposal->outbox, &column->as);
    proposal->count++;
}

/* Whether a member is opened: a document, and not a text that may hold one. A row whose document is no JSON is an error where the
 * document is opened; an outbox's are meant to be JSON, in another table every value of the sample must be a document. */
static bool is_opened(const struct proposal *proposal, const struct member *member)
{
    const struct value_facts *facts = &member->facts;
    bool text = member->schema.type == CONNECT_STRING && strcmp(member->schema.semantic, JSON_NAME) != 0;
    bool documents = facts->documents + facts->objects + facts->arrays + facts->empty == facts->count;
    /* Within a document, a text that holds JSON is a text. */
    bool nested = member->depth > 1 && 2 * facts->objects < facts->count;
    return member_is_document(member) && !nested && (proposal->outbox || (documents && !text)) &&
           member->schema.type <= CONNECT_STRING;
}

/* A document's members; it is kept whole as well, because a later one may be no object, or have other members. */
static void add_documents(struct proposal *proposal, const struct member *parent)
{
    for (const struct member *member = parent->first; member; member = member->next) {
        if (!is_opened(proposal, member))
            continue;
        for (const struct member *child = member->first; child; child = child->next)
            add_column(proposal, child);
        add_documents(proposal, member);
    }
}

/* ---- What kind of table it is ----------------------------------------------------------------------------- */

/* An outbox names its aggregate's type and id and has a JSON document. A router's message is one where it is the document alone. */
static bool is_outbox(const struct table_sample *table)
{
    bool type = false, id = false, document = false;
    for (const struct member *member = table->root.first; member; member = member->next) {
        type |= is_named(member->name, "aggregatetype");
        id |= is_named(member->name, "aggregateid");
        document |= member->facts.documents + member->facts.objects + member->facts.coded > 0;
    }
    return table->router || (type && id && document);
}

static void name_function(struct proposal *proposal, const struct infer_options *options)
{
    const struct table_sample *table = proposal->table;
    struct text name = table->name.size ? table->name : table->schema_name;
    if (options->function)
        proposal->function = text_of(options->function);
    else
        proposal->function =
            arena_printf(&proposal->arena, "%.*sRow",
                         TEXT_ARGUMENTS(identifier(&proposal->arena, name.size ? name : TEXT("message"))));
}

/* ---- The key ---------------------------------------------------------------------------------------------- */

static struct proposed_column *find_column(struct proposal *proposal, struct text name)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->columns[i].member && text_equal(proposal->columns[i].name, name))
            return &proposal->columns[i];
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->columns[i].member && proposal->columns[i].member->depth == 1 &&
            text_equal(proposal->columns[i].member->name, name))
            return &proposal->columns[i];
    return NULL;
}

static void make_key(struct proposal *proposal, struct proposed_column *column)
{
    column->key = true;
    column_type_choose(proposal->table, column->member, true, false, &column->as);
}

static bool refuse_key(struct proposal *proposal, struct text name)
{
    size_t used = (size_t)snprintf(proposal->problem, INFER_PROBLEM,
                                   "infer: --key %.*s: the messages have no such column; there are",
                                   TEXT_ARGUMENTS(text_cut(name, 64)));
    for (size_t i = 0; i < proposal->count && used + 140 < INFER_PROBLEM; i++)
        if (proposal->columns[i].member)
            used += (size_t)snprintf(proposal->problem + used, INFER_PROBLEM - used, " %.*s",
                                     TEXT_ARGUMENTS(proposal->columns[i].name));
    return false;
}

static bool take_key(struct proposal *proposal, const struct infer_options *options)
{
    for (size_t i = 0; i < options->key_count; i++) {
        struct proposed_column *column = find_column(proposal, text_of(options->key[i]));
        if (!column)
            return refuse_key(proposal, text_of(options->key[i]));
        make_key(proposal, column);
    }
    proposal->key_source = KEY_GIVEN;
    return true;
}

static bool is_always_there(const struct table_sample *table, const struct member *member)
{
    const struct value_facts *facts = &member->facts;
    return member->depth == 1 && member->present == table->rows &&
           member->in_deletes + member->empty_in_deletes >= table->deletes &&
           facts->objects + facts->arrays + facts->booleans == 0 && facts->empty == 0;
}

/* Where rows before deletes hold some of the columns alone, those are the replica identity: the key, as a rule. */
static size_t guess_by_deletes(struct proposal *proposal, bool mark)
{
    const struct table_sample *table = proposal->table;
    size_t found = 0, members = 0;
    for (size_t i = 0; i < proposal->count; i++) {
        struct proposed_column *column = &proposal->columns[i];
        if (!column->member || column->member->depth != 1)
            continue;
        members++;
        if (table->deletes == 0 || column->member->in_deletes != table->deletes)
            continue;
        found++;
        if (!mark)
            continue;
        make_key(proposal, column);
        note_add(&column->as, "; taken as the key, since rows before deletes have it");
    }
    return found <= 4 && 2 * found <= members ? found : 0;
}

static void guess_key(struct proposal *proposal)
{
    static const char *const names[] = {"id", "_id"};
    if (guess_by_deletes(proposal, false) > 0) {
        guess_by_deletes(proposal, true);
        proposal->key_source = KEY_IN_DELETES;
        return;
    }
    for (size_t i = 0; i < proposal->count; i++) {
        struct proposed_column *column = &proposal->columns[i];
        for (size_t j = 0; column->member && j < sizeof names / sizeof *names; j++) {
            bool named = is_named(column->member->name, "id") && column->member->depth == 1;
            if (!named || !is_always_there(proposal->table, column->member) ||
                proposal->key_source != KEY_NONE)
                continue;
            make_key(proposal, column);
            note_add(&column->as, "; taken as the key by its name");
            proposal->key_source = KEY_GUESSED;
        }
    }
}

/* ---- Metadata --------------------------------------------------------------------------------------------- */

static bool is_connector(const struct table_sample *table, const char *name)
{
    return text_equal(table->connector, text_of(name));
}

/* What grows from one change of a row to its next: the time at which Debezium took it in. A position in the log does not quite: a
 * snapshot's rows have that of its end, while a transaction that was open then wrote at an earlier one and comes later. */
static const char *version_path(const struct table_sample *table)
{
    uint64_t all = table->rows + table->deletes;
    if (table->times == all)
        return table->time_path;
    bool postgres = is_connector(table, "postgresql") || table->connector.size == 0;
    if (postgres && table->source_fields[SOURCE_LSN] == all)
        return "source.lsn";
    if (is_connector(table, "oracle") && table->source_fields[SOURCE_SCN] == all)
        return "source.scn";
    return NULL;
}

/* Positions that are no single number: kept to look at, whatever tells the latest row. */
static void add_positions(struct proposal *proposal)
{
    const uint64_t *fields = proposal->table->source_fields;
    if (fields[SOURCE_FILE] && fields[SOURCE_POS]) {
        add_metadata(proposal, "binlog_file", "Nullable(String)", "source.file", false);
        add_metadata(proposal, "binlog_pos", "Nullable(UInt64)", "source.pos", false);
    }
    if (fields[SOURCE_GTID])
        add_metadata(proposal, "gtid", "Nullable(String)", "source.gtid", false);
    if (fields[SOURCE_COMMIT_LSN])
        add_metadata(proposal, "commit_lsn", "Nullable(String)", "source.commit_lsn", false);
    if (fields[SOURCE_CHANGE_LSN])
        add_metadata(proposal, "change_lsn", "Nullable(String)", "source.change_lsn", false);
}

/* Whether a value was left out in the sample: Oracle's large objects are, too, where an update does not change them. */
static bool has_left_out(const struct table_sample *table)
{
    for (const struct member *member = table->root.first; member; member = member->next)
        if (member->left_out)
            return true;
    return false;
}

static void add_metadata_columns(struct proposal *proposal)
{
    const struct table_sample *table = proposal->table;
    const char *version = version_path(table);
    if (proposal->outbox) {
        if (table->source_fields[SOURCE_LSN])
            add_metadata(proposal, "lsn", "Nullable(UInt64)", "source.lsn", false);
        return;
    }
    add_metadata(proposal, "op", "String", "op", false);
    proposal->version = version;
    if (version)
        add_metadata(proposal, "version", "UInt64", version, true);
    if (!version || version == table->time_path)
        add_positions(proposal);
    add_metadata(proposal, "unmapped", "Array(String)", "unmapped", false);
    if (is_connector(table, "postgresql") || table->connector.size == 0 || has_left_out(table))
        add_metadata(proposal, "left_out", "Array(String)", "left_out", false);
}

/* ---- The whole -------------------------------------------------------------------------------------------- */

/* kcat -J puts messages into objects of its own. */
static bool is_kcat(const struct table_sample *table)
{
    static const char *const names[] = {"topic", "partition", "offset", "payload"};
    unsigned found = 0;
    for (const struct member *member = table->root.first; member; member = member->next)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            found += text_equal(member->name, text_of(names[i]));
    return table->bare && found == sizeof names / sizeof *names;
}

bool proposal_make(struct proposal *proposal, const struct sample *sample, const struct table_sample *table,
                   const struct infer_options *options)
{
    *proposal = (struct proposal){.sample = sample, .table = table};
    if (is_kcat(table)) {
        snprintf(proposal->problem, INFER_PROBLEM,
                 "infer: these are kcat's own objects around the messages; call kcat without -J");
        return false;
    }
    proposal->outbox = is_outbox(table);
    name_function(proposal, options);
    for (const struct member *member = table->root.first; member; member = member->next)
        if (!table->router)
            add_column(proposal, member);
    add_documents(proposal, &table->root);
    for (size_t i = 0; i < table->untaken_count && i < SAMPLE_UNTAKEN; i++)
        add_unnamed(proposal, table->untaken[i], "its name is too long, or there are too many members");
    if (options->key_count > 0) {
        if (!take_key(proposal, options))
            return false;
    } else {
        guess_key(proposal);
    }
    add_metadata_columns(proposal);
    return !proposal->arena.failed;
}

void proposal_free(struct proposal *proposal)
{
    free(proposal->columns);
    arena_free(&proposal->arena);
}
