#include "base/hash.h"
#include "tool/infer_sampling.h"

struct text sample_keep(struct sample *sample, struct text text)
{
    return arena_copy(&sample->own, text, NAME_PADDING);
}

/* ---- Schemas ---------------------------------------------------------------------------------------------- */

static void read_schema(struct sampling *sampling, struct member *member)
{
    const struct view *view = sampling->view;
    struct arena *arena = sampling->walk->arena;
    const struct json_node *node = view_schema(view, &view->image[SPACE_ROW], member->name, arena);
    struct connect_schema schema;
    if (!node)
        return;
    connect_schema_read(view->schema.doc, node, arena, &schema);
    if (member->schema.type != CONNECT_NONE && !connect_schema_equal(&schema, &member->schema)) {
        member->schema_changed = true;
        schema.optional |= member->schema.optional;
        schema.element_optional |= member->schema.element_optional;
        if (member->schema.precision > schema.precision)
            schema.precision = member->schema.precision;
        if (member->schema.scale > schema.scale)
            schema.scale = member->schema.scale;
    }
    member->schema = schema;
}

/* depot.public.shipments.Value, depot.public.shipments.Envelope: shipments. */
static void read_schema_name(struct sampling *sampling)
{
    const struct view *view = sampling->view;
    struct arena *arena = sampling->walk->arena;
    const struct json_node *node = json_member(view->schema.doc, view->schema.node, TEXT("name"), arena);
    struct text name =
        node && node->kind == JSON_STRING ? json_text(view->schema.doc, node, arena) : (struct text){"", 0};
    size_t end = name.size;
    while (end > 0 && name.data[end - 1] != '.')
        end--;
    if (end == 0)
        return;
    size_t start = --end;
    while (start > 0 && name.data[start - 1] != '.')
        start--;
    if (end - start <= SAMPLE_NAME)
        sampling->table->schema_name =
            sample_keep(sampling->sample, (struct text){name.data + start, end - start});
}

/* Whether the schema is another than that of the message before; then all members are looked for in it. */
static bool schema_is_new(struct sampling *sampling)
{
    struct node_ref schema = sampling->view->schema;
    struct table_sample *table = sampling->table;
    if (!schema.node)
        return false;
    table->schemas++;
    uint64_t hash = hash_of(json_raw(schema.doc, schema.node)) + sampling->deleted;
    if (hash == table->last_schema)
        return false;
    if (table->schema_name.size == 0)
        read_schema_name(sampling);
    table->last_schema = hash;
    return true;
}

/* ---- Rows ------------------------------------------------------------------------------------------------- */

static struct text source_text(const struct view *view, const char *name, const struct path_walk *walk)
{
    const struct image *source = &view->image[SPACE_SOURCE];
    const struct json_node *node = source->node ? image_member(source, text_of(name), walk->arena) : NULL;
    if (!node || node->kind == JSON_NULL)
        return (struct text){"", 0};
    return text_cut(json_text(source->doc, node, walk->arena), SAMPLE_NAME);
}

static struct table_sample *table_of(struct sample *sample, const struct view *view,
                                     const struct path_walk *walk, bool bare)
{
    struct text name = source_text(view, "table", walk), schema = source_text(view, "schema", walk);
    struct text database = source_text(view, "db", walk);
    bool collection = name.size == 0;
    if (collection)
        name = source_text(view, "collection", walk);
    for (unsigned i = 0; i < sample->table_count; i++) {
        struct table_sample *table = sample->tables[i];
        if (table->bare == bare && text_equal(table->name, name) && text_equal(table->schema, schema) &&
            text_equal(table->database, database))
            return table;
    }
    if (sample->table_count == SAMPLE_TABLES)
        return NULL;
    struct table_sample *table = arena_alloc(&sample->own, sizeof *table);
    if (!table)
        return NULL;
    *table = (struct table_sample){.bare = bare,
                                   .collection = collection,
                                   .name = sample_keep(sample, name),
                                   .schema = sample_keep(sample, schema),
                                   .database = sample_keep(sample, database),
                                   .connector = sample_keep(sample, source_text(view, "connector", walk))};
    return sample->tables[sample->table_count++] = table;
}

static void add_source(struct table_sample *table, const struct view *view, const struct path_walk *walk)
{
    static const char *const names[SOURCE_FIELDS] = {"lsn",  "scn",        "pos",       "file",
                                                     "gtid", "commit_lsn", "change_lsn"};
    for (int field = 0; field < SOURCE_FIELDS; field++)
        table->source_fields[field] += source_text(view, names[field], walk).size > 0;
}

/* When Debezium took the change from the source. A bare row's own ts_ns is none. */
static void add_time(struct table_sample *table, const struct view *view, const struct path_walk *walk)
{
    const struct image *row = &view->image[SPACE_ROW];
    const char *path = row->beside_metadata ? "__ts_ns" : "ts_ns";
    bool bare = row->node == view->root && row->naming == NAMED_PLAINLY && !row->beside_metadata;
    const struct json_node *node = json_member(view->doc, view->root, text_of(path), walk->arena);
    if (bare || !node || node->kind != JSON_NUMBER)
        return;
    if (table->times == 0)
        table->time_path = path;
    table->times += table->time_path[0] == path[0];
}

static void add_operation(struct table_sample *table, const struct view *view)
{
    const char *known = view->op.size == 1 && view->op.data[0] ? strchr(OPERATIONS, view->op.data[0]) : NULL;
    if (known)
        table->operations[known - OPERATIONS]++;
    else
        table->other_operations++;
    table->before_seen |= text_equal(view->op, TEXT("u")) && view->image[SPACE_BEFORE].node;
}

/* Whether an update brings another value of this member in the row before. */
static bool is_changed(const struct sampling *sampling, const struct json_node *node, struct text name)
{
    const struct image *before = &sampling->view->image[SPACE_BEFORE];
    if (!before->node || !text_equal(sampling->view->op, TEXT("u")))
        return false;
    const struct json_node *old = image_member(before, name, sampling->walk->arena);
    return old && old->kind != JSON_NULL && node->kind != JSON_NULL &&
           !text_equal(json_raw(before->doc, old), json_raw(sampling->view->image[SPACE_ROW].doc, node));
}

static void add_image(struct sampling *sampling)
{
    const struct image *row = &sampling->view->image[SPACE_ROW];
    struct arena *arena = sampling->walk->arena;
    bool new_schema = schema_is_new(sampling);
    struct text name;
    for (const struct json_node *node = image_next(row, NULL, arena, &name); node;
         node = image_next(row, node, arena, &name)) {
        struct member *child = child_of(sampling, &sampling->table->root, name);
        if (!child)
            continue;
        if (new_schema || (child->schema.type == CONNECT_NONE && sampling->view->schema.node))
            read_schema(sampling, child);
        add_value(sampling, child, row->doc, node);
        child->changed += is_changed(sampling, node, name);
    }
}

static void add_document(struct sampling *sampling)
{
    const struct node_ref *document = &sampling->view->document;
    struct member *payload = child_of(sampling, &sampling->table->root, TEXT("payload"));
    if (payload)
        add_members(sampling, payload, document->doc, document->node);
}

void sample_add_row(struct sample *sample, const struct view *view, const struct path_walk *walk, bool bare)
{
    struct table_sample *table = table_of(sample, view, walk, bare);
    const struct image *row = &view->image[SPACE_ROW];
    if (!table) {
        sample->of_other_tables++;
        return;
    }
    bool deleted = text_equal(view->op, TEXT("d"));
    struct sampling sampling = {sample, table, view, walk, deleted};
    table->messages++;
    add_operation(table, view);
    table->changefeed |= !bare && view_is_implied(view->op_value.doc) &&
                         json_member(view->doc, view->root, TEXT("after"), walk->arena);
    table->router |= view->document.node != NULL;
    if (text_equal(view->op, TEXT("t")) || view->row_problem.size || (!row->node && !view->document.node)) {
        table->without_row++;
        table->deletes_without_row += deleted;
        return;
    }
    table->rows += !deleted;
    table->deletes += deleted;
    table->in_strings |= view->row_in_string;
    table->deletes_marked |=
        row->beside_metadata && json_member(view->doc, view->root, TEXT("__deleted"), walk->arena);
    add_source(table, view, walk);
    add_time(table, view, walk);
    if (view->document.node)
        add_document(&sampling);
    else
        add_image(&sampling);
}

void sample_add_reason(struct sample *sample, struct text reason, bool skipped)
{
    for (unsigned i = 0; i < sample->reason_count; i++) {
        if (text_equal(sample->reasons[i].reason, reason)) {
            sample->reasons[i].count++;
            return;
        }
    }
    if (sample->reason_count == SAMPLE_REASONS) {
        sample->other_reasons++;
        return;
    }
    struct text copy = sample_keep(sample, reason);
    if (copy.data)
        sample->reasons[sample->reason_count++] =
            (struct reason_count){.reason = copy, .count = 1, .first = sample->messages, .skipped = skipped};
}

const struct table_sample *sample_most(const struct sample *sample, bool bare)
{
    const struct table_sample *most = NULL;
    for (unsigned i = 0; i < sample->table_count; i++) {
        const struct table_sample *table = sample->tables[i];
        if (table->bare == bare && table->rows + table->deletes > 0 &&
            (!most || table->messages > most->messages))
            most = table;
    }
    return most;
}
