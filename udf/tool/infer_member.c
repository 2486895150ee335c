#include "base/digits.h"
#include "debezium/left_out.h"
#include "tool/infer_sampling.h"

/* ---- Paths ------------------------------------------------------------------------------------------------ */

/* A name that a path must quote. A flattened key that is several names joined by dots is one name, too: it may be no more than that. */
static bool needs_brackets(struct text name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '.' || c == '[' || c == ']' || c == '"' || c == '\\' || (unsigned char)c < 0x20)
            return true;
    }
    return false;
}

/* A name as a JSON string within brackets. */
static struct text in_brackets(struct arena *arena, struct text name)
{
    char *out = arena_alloc(arena, 6 * name.size + 4);
    size_t size = 0;
    if (!out)
        return (struct text){NULL, 0};
    out[size++] = '[';
    out[size++] = '"';
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < 0x20) {
            const char code[] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
            memcpy(out + size, code, sizeof code);
            size += sizeof code;
            continue;
        }
        if (c == '"' || c == '\\')
            out[size++] = '\\';
        out[size++] = (char)c;
    }
    out[size++] = '"';
    out[size++] = ']';
    return (struct text){out, size};
}

struct text member_path(struct arena *arena, const struct member *member)
{
    if (member->depth == 0)
        return TEXT("after");
    struct text above = member_path(arena, member->parent), name = member->name;
    if (above.size == 0 || name.size == 0)
        return (struct text){NULL, 0};
    bool quoted = needs_brackets(name);
    if (quoted)
        name = in_brackets(arena, name);
    return arena_printf(arena, "%.*s%s%.*s", TEXT_ARGUMENTS(above), quoted ? "" : ".", TEXT_ARGUMENTS(name));
}

bool member_is_document(const struct member *member)
{
    const struct value_facts *facts = &member->facts;
    return member->first && !member->full && facts->scaled == 0 &&
           2 * (facts->objects + facts->documents - facts->listed) >= facts->count;
}

/* ---- Members ---------------------------------------------------------------------------------------------- */

static void note_untaken(struct sampling *sampling, struct member *parent, struct text name)
{
    struct table_sample *table = sampling->table;
    const struct member member = {
        .name = text_cut(name, SAMPLE_NAME), .parent = parent, .depth = parent->depth + 1};
    if (parent->depth > 0) /* Its document stays whole. */
        return;
    struct text path = member_path(sampling->walk->arena, &member);
    for (size_t i = 0; i < table->untaken_count && i < SAMPLE_UNTAKEN; i++)
        if (text_equal(table->untaken[i], path))
            return;
    if (table->untaken_count < SAMPLE_UNTAKEN)
        table->untaken[table->untaken_count] = sample_keep(sampling->sample, path);
    table->untaken_count++;
}

static bool takes_another(const struct sample *sample, const struct member *parent, struct text name)
{
    unsigned limit = parent->depth == 0 ? SAMPLE_COLUMNS : SAMPLE_CHILDREN;
    return !(parent->full && parent->depth > 0) && parent->depth < SAMPLE_DEPTH && name.size <= SAMPLE_NAME &&
           parent->children < limit && sample->members < SAMPLE_MEMBERS;
}

/* The column of the layout to compare with that reads a member. */
static const struct column *reader_of(struct sampling *sampling, const struct member *member)
{
    const struct layout *layout = sampling->sample->against;
    if (!layout)
        return NULL;
    struct text path = member_path(sampling->walk->arena, member);
    for (size_t i = 0; i < layout->column_count; i++)
        for (size_t j = 0; j < layout->columns[i].path_count; j++)
            if (text_equal(layout->columns[i].paths[j].text, path))
                return &layout->columns[i];
    return NULL;
}

static void try_reader(struct sampling *sampling, struct member *member, const struct json_doc *doc,
                       const struct json_node *node)
{
    struct value value;
    const struct column *read = member->read;
    if (!read || read->lenient)
        return;
    bool fits = node->kind == JSON_NULL ? read->as.type.nullable || !read->as.exact
                                        : convert_node(doc, node, sampling->walk->arena, &read->as, &value);
    member->misfits += !fits;
}

struct member *child_of(struct sampling *sampling, struct member *parent, struct text name)
{
    struct sample *sample = sampling->sample;
    struct member **end = &parent->first;
    for (; *end; end = &(*end)->next)
        if (text_equal((*end)->name, name))
            return *end;
    if (!takes_another(sample, parent, name)) {
        parent->full = true;
        note_untaken(sampling, parent, name);
        return NULL;
    }
    struct member *child = arena_alloc(&sample->own, sizeof *child);
    struct text copy = sample_keep(sample, name);
    if (!child || !copy.data)
        return NULL;
    *child = (struct member){.name = copy, .parent = parent, .depth = parent->depth + 1};
    child->read = reader_of(sampling, child);
    *end = child;
    parent->children++;
    sample->members++;
    return child;
}

/* ---- Values ----------------------------------------------------------------------------------------------- */

void add_members(struct sampling *sampling, struct member *parent, const struct json_doc *doc,
                 const struct json_node *object)
{
    for (const struct json_node *node = json_first(doc, object); node; node = json_after(doc, object, node)) {
        struct member *child = child_of(sampling, parent, json_key(doc, node, sampling->walk->arena));
        if (child)
            add_value(sampling, child, doc, node);
    }
}

/* The one member of an object that has no other; NULL if it has. */
static const struct json_node *only_member(const struct json_doc *doc, const struct json_node *object)
{
    const struct json_node *first = json_first(doc, object);
    return first && !json_after(doc, object, first) ? first : NULL;
}

/* MongoDB's Extended JSON: {"$numberLong":"5"} is counted as the number that it stands for, and so on. */
static bool add_extended(struct value_facts *facts, struct text key, struct text text, bool number)
{
    bool numeric = text_equal(key, TEXT("$numberInt")) || text_equal(key, TEXT("$numberLong")) ||
                   text_equal(key, TEXT("$numberDouble")) || text_equal(key, TEXT("$numberDecimal"));
    if (numeric && (number || is_json_number(text))) {
        facts_add_number(facts, text);
        facts->wide_decimals += text_equal(key, TEXT("$numberDecimal"));
    } else if (numeric || text_equal(key, TEXT("$oid")) || text_equal(key, TEXT("$uuid"))) {
        facts_add_text(facts, text);
    } else if (text_equal(key, TEXT("$date"))) {
        facts->count++;
        facts->moments++;
    } else {
        return false;
    }
    return true;
}

static bool is_extended(struct sampling *sampling, struct member *member, const struct json_doc *doc,
                        const struct json_node *object)
{
    struct arena *arena = sampling->walk->arena;
    const struct json_node *only = sampling->view->row_in_string ? only_member(doc, object) : NULL;
    if (!only)
        return false;
    /* {"$date":{"$numberLong":"1709141609404"}} */
    const struct json_node *inner = only->kind == JSON_OBJECT ? only_member(doc, only) : only;
    if (!inner || inner->kind > JSON_STRING)
        return false;
    return add_extended(&member->facts, json_key(doc, only, arena), json_text(doc, inner, arena),
                        inner->kind == JSON_NUMBER);
}

static bool is_scaled(const struct json_doc *doc, const struct json_node *object, struct arena *arena)
{
    const struct json_node *scale = json_member(doc, object, TEXT("scale"), arena);
    const struct json_node *value = json_member(doc, object, TEXT("value"), arena);
    if (!scale || !value)
        return false;
    const struct json_node *first = json_first(doc, object);
    const struct json_node *second = first ? json_after(doc, object, first) : NULL;
    return scale->kind == JSON_NUMBER && value->kind == JSON_STRING && is_base64(json_raw(doc, value)) &&
           second && !json_after(doc, object, second);
}

static void add_object(struct sampling *sampling, struct member *member, const struct json_doc *doc,
                       const struct json_node *node)
{
    if (is_extended(sampling, member, doc, node))
        return;
    bool scaled = is_scaled(doc, node, sampling->walk->arena);
    member->facts.count++;
    member->facts.objects++;
    member->facts.scaled += scaled;
    /* A geometry: its members are of one kind all over, and known. */
    if (!scaled && !json_member(doc, node, TEXT("wkb"), sampling->walk->arena))
        add_members(sampling, member, doc, node);
}

/* Whether a text is JSON as decode reads a document: a string in it is read again. */
static bool is_json(const struct path_walk *walk, struct text text)
{
    for (int i = 0; i < ENCODINGS_LIMIT; i++) {
        struct json_doc document;
        struct json_fault fault;
        if (!json_parse(walk->parser, walk->arena, text, 1, &document, &fault))
            return false;
        text = json_text(&document, document.nodes, walk->arena);
        if (document.nodes->kind != JSON_STRING || text.size == 0)
            return true;
    }
    return false;
}

static void add_string(struct sampling *sampling, struct member *member, const struct json_doc *doc,
                       const struct json_node *node)
{
    struct text text = json_text(doc, node, sampling->walk->arena);
    struct json_doc document;
    facts_add_text(&member->facts, text);
    if (document_in_text(sampling->walk, text, &document)) {
        member->facts.documents++;
        if (document.nodes->kind == JSON_OBJECT)
            add_members(sampling, member, &document, document.nodes);
        else
            member->facts.listed++;
    } else if (is_json(sampling->walk, text)) {
        member->facts.scalars++;
    } else if (is_base64(text) && document_in_base64(sampling->walk, doc, node)) {
        member->facts.coded++;
    }
}

/* What Debezium writes before a delete for a column that must not be NULL and is not part of the replica identity. */
static bool is_filler(const struct json_doc *doc, const struct json_node *node, struct arena *arena)
{
    struct text text = json_text(doc, node, arena);
    return node->kind == JSON_FALSE || text.size == 0 || text_equal(text, TEXT("0")) ||
           text_equal(text, TEXT("0.0")) || text_equal(text, TEXT("AA==")) ||
           text_equal(text, TEXT("{\"scale\":0,\"value\":\"AA==\"}")) ||
           text_starts(text, TEXT("1970-01-01T00:00:00"));
}

/* Whether a value fits the time that its schema's name stands for. */
static bool is_outside(const struct sampling *sampling, const struct member *member,
                       const struct json_doc *doc, const struct json_node *node)
{
    const struct schema_column *known = schema_column_of(member->schema.semantic);
    struct conversion as = {.unit = UNIT_AUTO};
    struct value value;
    if (!known || strncmp(known->type, "Date", 4) != 0 || !type_parse(known->type, &as.type))
        return false;
    as.unit = schema_unit_of(known);
    return !convert_node(doc, node, sampling->walk->arena, &as, &value);
}

void add_value(struct sampling *sampling, struct member *member, const struct json_doc *doc,
               const struct json_node *node)
{
    struct arena *arena = sampling->walk->arena;
    if (!sampling->deleted && !is_left_out_form(json_text(doc, node, arena)))
        try_reader(sampling, member, doc, node);
    if (node->kind == JSON_NULL) {
        member->nulls += !sampling->deleted;
        return;
    }
    if (is_left_out_form(json_text(doc, node, arena))) {
        member->left_out += !sampling->deleted;
        return;
    }
    if (sampling->deleted && is_filler(doc, node, arena)) {
        member->empty_in_deletes++;
        member->empty_text_in_deletes |= node->kind == JSON_STRING && node->start == node->end;
        return;
    }
    member->outside += is_outside(sampling, member, doc, node);
    member->present += !sampling->deleted;
    member->in_deletes += sampling->deleted;
    if (node->kind == JSON_OBJECT) {
        add_object(sampling, member, doc, node);
    } else if (node->kind == JSON_STRING) {
        add_string(sampling, member, doc, node);
    } else if (node->kind == JSON_NUMBER) {
        facts_add_number(&member->facts, json_raw(doc, node));
    } else {
        member->facts.count++;
        member->facts.arrays += node->kind == JSON_ARRAY;
        member->facts.booleans += node->kind != JSON_ARRAY;
    }
}
