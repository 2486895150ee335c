#include "debezium/view.h"

/* ---- The members that tell the forms apart ------------------------------------------------------------------------------- */

enum member {
    MEMBER_OP,
    MEMBER_ID,
    MEMBER_KEY,
    MEMBER_DATA,
    MEMBER_TYPE,
    MEMBER_AFTER,
    MEMBER_TS_MS,
    MEMBER_TS_US,
    MEMBER_TS_NS,
    MEMBER_TOPIC,
    MEMBER_BEFORE,
    MEMBER_SOURCE,
    MEMBER_SCHEMA,
    MEMBER_STATUS,
    MEMBER_PAYLOAD,
    MEMBER_UPDATED,
    MEMBER_SCHEMA_ID,
    MEMBER_RESOLVED,
    MEMBER_DELETED,
    MEMBER_TIMESTAMP,
    MEMBER_EVENT_COUNT,
    MEMBER_SPECVERSION,
    MEMBER_TRANSACTION,
    MEMBER_TABLE_CHANGES,
    MEMBER_AGGREGATE_TYPE,
    MEMBER_MVCC_TIMESTAMP,
    MEMBER_ADDITIONAL_DATA,
    MEMBER_DATA_COLLECTIONS,
    MEMBER_OTHER, /* every other name */
    MEMBER_NAMES = MEMBER_OTHER,
    /* What a name may be besides. */
    MEMBER_METADATA_OP, /* op by the layout's metadata_prefix */
    MEMBER_METADATA_TS, /* ts_ms likewise */
    MEMBER_JSON_COLUMN,
    MEMBER_KNOWN, /* a member that the layout reads below its JSON column */
    MEMBER_FLAT_SOURCE,
    MEMBER_FLAT_AFTER,
    MEMBER_FLAT_BEFORE,
    MEMBER_CLOUD, /* begins with iodebezium */
    MEMBERS
};

#define BIT(member) (UINT64_C(1) << (member))
#define NAME_BITS (BIT(MEMBER_OTHER + 1) - 1)

/* In the order of enum member, and of their sizes. */
static const struct text names[MEMBER_NAMES] = {{"op", 2},
                                                {"id", 2},
                                                {"key", 3},
                                                {"data", 4},
                                                {"type", 4},
                                                {"after", 5},
                                                {"ts_ms", 5},
                                                {"ts_us", 5},
                                                {"ts_ns", 5},
                                                {"topic", 5},
                                                {"before", 6},
                                                {"source", 6},
                                                {"schema", 6},
                                                {"status", 6},
                                                {"payload", 7},
                                                {"updated", 7},
                                                {"schemaId", 8},
                                                {"resolved", 8},
                                                {"__deleted", 9},
                                                {"timestamp", 9},
                                                {"event_count", 11},
                                                {"specversion", 11},
                                                {"transaction", 11},
                                                {"tableChanges", 12},
                                                {"aggregate_type", 14},
                                                {"mvcc_timestamp", 14},
                                                {"additional_data", 15},
                                                {"data_collections", 16}};

/* By what a key begins with. */
static uint64_t prefix_bits(struct text key)
{
    switch (key.size < 7 ? '\0' : key.data[0]) {
    case 's':
        return text_starts(key, TEXT("source.")) ? BIT(MEMBER_FLAT_SOURCE) : 0;
    case 'a':
        return text_starts(key, TEXT("after.")) ? BIT(MEMBER_FLAT_AFTER) : 0;
    case 'b':
        return text_starts(key, TEXT("before.")) ? BIT(MEMBER_FLAT_BEFORE) : 0;
    case 'i':
        return text_starts(key, TEXT("iodebezium")) ? BIT(MEMBER_CLOUD) : 0;
    default:
        return 0;
    }
}

#define NAMES_INDEXED (MEMBER_NAMES + 3) /* with those that the layout gives */

/* A name with the layout's prefix before it. */
static struct text prefixed(struct arena *arena, struct text prefix, struct text name)
{
    char *data = arena_alloc(arena, prefix.size + name.size + JSON_PADDING);
    if (!data)
        return (struct text){NULL, 0};
    if (prefix.size)
        memcpy(data, prefix.data, prefix.size);
    if (name.size)
        memcpy(data + prefix.size, name.data, name.size);
    memset(data + prefix.size + name.size, 0, JSON_PADDING);
    return (struct text){data, prefix.size + name.size};
}

bool view_index(struct arena *arena, struct view_options *options)
{
    const struct text none = {NULL, 0};
    struct text *list = arena_alloc(arena, NAMES_INDEXED * sizeof *list);
    uint64_t *bits = arena_alloc(arena, NAMES_INDEXED * sizeof *bits);
    if (!list || !bits)
        return false;
    for (size_t i = 0; i < MEMBER_NAMES; i++) {
        list[i] = prefixed(arena, none, names[i]);
        bits[i] = BIT(i);
    }
    list[MEMBER_NAMES] = prefixed(arena, options->metadata_prefix, TEXT("op"));
    bits[MEMBER_NAMES] = BIT(MEMBER_OTHER) | BIT(MEMBER_METADATA_OP);
    list[MEMBER_NAMES + 1] = prefixed(arena, options->metadata_prefix, TEXT("ts_ms"));
    bits[MEMBER_NAMES + 1] = BIT(MEMBER_OTHER) | BIT(MEMBER_METADATA_TS);
    list[MEMBER_NAMES + 2] = options->json_column.size ? prefixed(arena, options->json_column, none) : none;
    bits[MEMBER_NAMES + 2] = BIT(MEMBER_OTHER) | BIT(MEMBER_JSON_COLUMN);
    /* Of equal names the first is found: it is what any of them is. */
    for (size_t i = 0; i < NAMES_INDEXED; i++)
        for (size_t j = i + 1; j < NAMES_INDEXED; j++)
            if (list[j].data && text_equal(list[i], list[j]))
                bits[i] |= bits[j] & ~(i < MEMBER_NAMES ? BIT(MEMBER_OTHER) : 0);
    options->name_bits = bits;
    return !arena->failed && names_index(arena, &options->names, list, NAMES_INDEXED);
}

/* All but MEMBER_KNOWN, which few forms ask for. */
static inline uint64_t own_bits(const struct view_options *options, struct text key)
{
    const ptrdiff_t index = names_find(&options->names, key);
    return (index < 0 ? BIT(MEMBER_OTHER) : options->name_bits[index]) | prefix_bits(key);
}

static bool is_known(const struct view_options *options, struct text key)
{
    return options->document && path_tree_child(options->document, key);
}

uint64_t view_key_bits(const struct view_options *options, struct text key)
{
    return own_bits(options, key) | (is_known(options, key) ? BIT(MEMBER_KNOWN) : 0);
}

bool view_is_told_by_first(uint64_t key_bits)
{
    const uint64_t others = BIT(MEMBER_OTHER) | BIT(MEMBER_KNOWN) | BIT(MEMBER_FLAT_SOURCE) |
                            BIT(MEMBER_FLAT_AFTER) | BIT(MEMBER_FLAT_BEFORE);
    return (key_bits & ~others) != 0;
}

/* An object's members: which there are, and of each of those the first one's node, by its index. */
struct members {
    const struct json_node *object;
    uint64_t bits;
    uint32_t first[MEMBERS];
};

/* One message while it is looked at. */
struct looking {
    const struct view_options *options;
    const struct path_walk *walk;
    struct view *view;
    const struct json_doc *doc;
};

static void list_members(const struct looking *looking, const struct json_node *object,
                         struct members *members)
{
    struct view *view = looking->view;
    const struct json_doc *doc = looking->doc;
    members->object = object;
    members->bits = 0;
    if (view->judged_count < VIEW_JUDGED)
        view->judged[view->judged_count++] = object;
    for (const struct json_node *member = json_first(doc, object); member;
         member = json_after(doc, object, member)) {
        const uint64_t bits = own_bits(looking->options, json_key(doc, member, looking->walk->arena));
        for (uint64_t left = bits & ~members->bits; left; left &= left - 1)
            members->first[__builtin_ctzll(left)] = (uint32_t)(member - doc->nodes);
        members->bits |= bits;
    }
}

/* A member's node, or NULL. */
static const struct json_node *node_of(const struct looking *looking, const struct members *members,
                                       enum member member)
{
    return members->bits >> member & 1 ? &looking->doc->nodes[members->first[member]] : NULL;
}

/* The same, where its kind or its text tells something. */
static const struct json_node *consult(const struct looking *looking, const struct members *members,
                                       enum member member)
{
    const struct json_node *node = node_of(looking, members, member);
    if (node)
        ledger_add(looking->walk->ledger, looking->walk->arena,
                   (struct ledger_entry){.doc = looking->doc, .node = node, .what = CONSULTED_FORM});
    return node;
}

static bool has(const struct members *members, enum member member)
{
    return members->bits >> member & 1;
}

static bool has_exactly(const struct members *members, uint64_t bits)
{
    return (members->bits & NAME_BITS) == bits;
}

static bool is_kind(const struct json_node *node, enum json_kind kind)
{
    return node && node->kind == kind;
}

static struct text text_of_node(const struct looking *looking, const struct json_node *node)
{
    return json_text(looking->doc, node, looking->walk->arena);
}

static bool is_text(const struct looking *looking, const struct json_node *node, struct text text)
{
    return is_kind(node, JSON_STRING) && text_equal(text_of_node(looking, node), text);
}

/* One of the operations that Debezium writes. */
static bool is_operation(const struct looking *looking, const struct json_node *node, const char *operations)
{
    if (!is_kind(node, JSON_STRING))
        return false;
    struct text op = text_of_node(looking, node);
    return op.size == 1 && op.data[0] && strchr(operations, op.data[0]);
}

/* ---- Operations that no member says -------------------------------------------------------------------------------------- */

static const char implied_texts[2][1 + JSON_PADDING] = {"c", "d"};
static const struct json_node implied_node = {.end = 1, .next = 1, .kind = JSON_STRING};
static const struct json_doc implied[2] = {{implied_texts[0], &implied_node, 1},
                                           {implied_texts[1], &implied_node, 1}};

bool view_is_implied(const struct json_doc *doc)
{
    return doc == &implied[0] || doc == &implied[1];
}

static void imply_op(struct view *view, bool deleted)
{
    view->op = (struct text){implied[deleted].text, 1};
    view->op_value = (struct node_ref){&implied[deleted], &implied_node};
}

/* ---- Images -------------------------------------------------------------------------------------------------------------- */

static struct image plain_image(const struct json_doc *doc, const struct json_node *node, struct text field)
{
    return (struct image){.doc = doc, .node = node, .naming = NAMED_PLAINLY, .field = field};
}

/* The object that a row image is, or that its string holds; *problem if there is none. */
static struct image row_image(const struct looking *looking, const struct members *members,
                              enum member member, bool *in_string, struct text *problem)
{
    const struct json_node *node = consult(looking, members, member);
    struct text field = names[member];
    *in_string = false;
    *problem = !node || node->kind == JSON_NULL ? TEXT("missing") : TEXT("not an object");
    if (is_kind(node, JSON_OBJECT)) {
        *problem = (struct text){NULL, 0};
        return plain_image(looking->doc, node, field);
    }
    const struct json_doc *held =
        is_kind(node, JSON_STRING) ? document_in_string(looking->walk, looking->doc, node) : NULL;
    if (!held || held->nodes->kind != JSON_OBJECT)
        return plain_image(looking->doc, NULL, field);
    *problem = (struct text){NULL, 0};
    *in_string = true;
    return plain_image(held, held->nodes, field);
}

/* The row image and the row before of an envelope, whose operation is known. */
static void take_rows(const struct looking *looking, const struct members *members)
{
    struct view *view = looking->view;
    bool deleted = text_equal(view->op, TEXT("d")), in_string;
    struct text problem;
    view->row_name = deleted ? TEXT("before") : TEXT("after");
    view->image[SPACE_BEFORE] =
        row_image(looking, members, MEMBER_BEFORE, &view->row_in_string, &view->row_problem);
    view->image[SPACE_ROW] = view->image[SPACE_BEFORE];
    if (deleted)
        return;
    view->image[SPACE_ROW] = row_image(looking, members, MEMBER_AFTER, &in_string, &problem);
    view->row_in_string = in_string;
    view->row_problem = problem;
}

static void take_op(const struct looking *looking, const struct json_node *op)
{
    looking->view->op = text_of_node(looking, op);
    looking->view->op_value = (struct node_ref){looking->doc, op};
}

static void take_ts_ms(const struct looking *looking, const struct json_node *node)
{
    looking->view->ts_ms = (struct node_ref){looking->doc, node};
}

/* ---- Messages that are no change events ---------------------------------------------------------------------------------- */

static bool skip(struct view *view, const char *name)
{
    view->verdict = VERDICT_SKIPPED;
    view->reason = text_of(name);
    return true;
}

static bool see_control(const struct looking *looking, const struct members *members)
{
    const uint64_t transaction =
        BIT(MEMBER_STATUS) | BIT(MEMBER_ID) | BIT(MEMBER_EVENT_COUNT) | BIT(MEMBER_DATA_COLLECTIONS);
    const uint64_t notification = BIT(MEMBER_ID) | BIT(MEMBER_TYPE) | BIT(MEMBER_AGGREGATE_TYPE) |
                                  BIT(MEMBER_ADDITIONAL_DATA) | BIT(MEMBER_TIMESTAMP);
    if (has_exactly(members, BIT(MEMBER_TS_MS)))
        return skip(looking->view, "heartbeat");
    if (has_exactly(members, transaction) || has_exactly(members, transaction | BIT(MEMBER_TS_MS)))
        return skip(looking->view, "transaction");
    if (has_exactly(members, notification))
        return skip(looking->view, "notification");
    if (has_exactly(members, BIT(MEMBER_RESOLVED)))
        return skip(looking->view, "resolved");
    if (!has(members, MEMBER_TABLE_CHANGES) || !has(members, MEMBER_SOURCE) || has(members, MEMBER_OP) ||
        has(members, MEMBER_METADATA_OP) || has(members, MEMBER_DELETED))
        return false;
    return is_kind(consult(looking, members, MEMBER_SOURCE), JSON_OBJECT) &&
           is_kind(consult(looking, members, MEMBER_TABLE_CHANGES), JSON_ARRAY) &&
           skip(looking->view, "schema change");
}

/* ---- Forms --------------------------------------------------------------------------------------------------------------- */

static bool is_cloud_event(const struct looking *looking, const struct members *members)
{
    if (!has(members, MEMBER_SPECVERSION) || !has(members, MEMBER_DATA))
        return false;
    if (has(members, MEMBER_CLOUD))
        return true;
    const struct json_node *type = consult(looking, members, MEMBER_TYPE);
    return is_kind(type, JSON_STRING) && text_starts(text_of_node(looking, type), TEXT("io.debezium."));
}

static const struct json_node *cloud_member(const struct looking *looking, const struct members *members,
                                            struct text name)
{
    return json_member(looking->doc, members->object, name, looking->walk->arena);
}

static bool see_cloud_event(const struct looking *looking, const struct members *members)
{
    struct view *view = looking->view;
    if (!is_cloud_event(looking, members))
        return false;
    const struct json_node *op = cloud_member(looking, members, TEXT("iodebeziumop"));
    const struct json_node *data = consult(looking, members, MEMBER_DATA);
    struct members inner = {.object = data, .bits = 0};
    if (is_kind(data, JSON_OBJECT))
        list_members(looking, data, &inner);
    if (has_exactly(&inner, BIT(MEMBER_SCHEMA) | BIT(MEMBER_PAYLOAD))) {
        view->schema = (struct node_ref){looking->doc, node_of(looking, &inner, MEMBER_SCHEMA)};
        data = consult(looking, &inner, MEMBER_PAYLOAD);
        inner.object = data;
        inner.bits = 0;
        if (is_kind(data, JSON_OBJECT))
            list_members(looking, data, &inner);
    }
    if (op)
        ledger_add(looking->walk->ledger, looking->walk->arena,
                   (struct ledger_entry){.doc = looking->doc, .node = op, .what = CONSULTED_FORM});
    else
        op = consult(looking, &inner, MEMBER_OP);
    if (op)
        take_op(looking, op);
    view->root = data;
    take_ts_ms(looking, node_of(looking, &inner, MEMBER_TS_MS));
    take_rows(looking, &inner);
    view->image[SPACE_MESSAGE] = plain_image(looking->doc, data, (struct text){NULL, 0});
    view->image[SPACE_SOURCE] =
        (struct image){.doc = looking->doc, .node = members->object, .naming = NAMED_BY_CLOUD};
    return true;
}

/* Whether a value is what the row image of an envelope without a source may be. */
static bool may_be_row(const struct looking *looking, const struct members *members, enum member member)
{
    const struct json_node *node = consult(looking, members, member);
    if (!node || node->kind != JSON_STRING)
        return node && (node->kind == JSON_OBJECT || node->kind == JSON_NULL);
    const struct json_doc *held = document_in_string(looking->walk, looking->doc, node);
    return held && held->nodes->kind == JSON_OBJECT;
}

static bool is_envelope(const struct looking *looking, const struct members *members)
{
    const uint64_t bare = BIT(MEMBER_BEFORE) | BIT(MEMBER_AFTER) | BIT(MEMBER_OP) | BIT(MEMBER_TS_MS) |
                          BIT(MEMBER_TS_US) | BIT(MEMBER_TS_NS) | BIT(MEMBER_TRANSACTION);
    if (!has(members, MEMBER_OP))
        return false;
    if (has(members, MEMBER_SOURCE))
        return is_kind(consult(looking, members, MEMBER_SOURCE), JSON_OBJECT);
    if (members->bits & NAME_BITS & ~bare)
        return false;
    return is_operation(looking, consult(looking, members, MEMBER_OP), "crudtm") &&
           (may_be_row(looking, members, MEMBER_AFTER) || may_be_row(looking, members, MEMBER_BEFORE));
}

static bool see_envelope(const struct looking *looking, const struct members *members)
{
    if (!is_envelope(looking, members))
        return false;
    take_op(looking, consult(looking, members, MEMBER_OP));
    take_ts_ms(looking, node_of(looking, members, MEMBER_TS_MS));
    take_rows(looking, members);
    looking->view->image[SPACE_SOURCE] =
        plain_image(looking->doc, node_of(looking, members, MEMBER_SOURCE), TEXT("source"));
    return true;
}

static bool see_changefeed(const struct looking *looking, const struct members *members)
{
    const uint64_t known = BIT(MEMBER_AFTER) | BIT(MEMBER_BEFORE) | BIT(MEMBER_UPDATED) |
                           BIT(MEMBER_MVCC_TIMESTAMP) | BIT(MEMBER_KEY) | BIT(MEMBER_TOPIC);
    if (!has(members, MEMBER_AFTER) || (members->bits & NAME_BITS & ~known))
        return false;
    if (is_kind(consult(looking, members, MEMBER_AFTER), JSON_NULL))
        imply_op(looking->view, true);
    take_rows(looking, members);
    return true;
}

static bool see_flattened(const struct looking *looking, const struct members *members)
{
    struct view *view = looking->view;
    if (!has(members, MEMBER_OP) || (!has(members, MEMBER_FLAT_SOURCE) && !has(members, MEMBER_FLAT_AFTER)))
        return false;
    take_op(looking, consult(looking, members, MEMBER_OP));
    take_ts_ms(looking, node_of(looking, members, MEMBER_TS_MS));
    struct image image = {.doc = looking->doc, .node = members->object, .naming = NAMED_BY_PREFIX};
    view->image[SPACE_MESSAGE] = image;
    image.prefix = TEXT("source.");
    view->image[SPACE_SOURCE] = image;
    image.prefix = TEXT("before.");
    if (has(members, MEMBER_FLAT_BEFORE))
        view->image[SPACE_BEFORE] = image;
    bool deleted = text_equal(view->op, TEXT("d"));
    view->row_name = deleted ? TEXT("before") : TEXT("after");
    if (!has(members, deleted ? MEMBER_FLAT_BEFORE : MEMBER_FLAT_AFTER)) {
        view->row_problem = TEXT("missing");
        return true;
    }
    if (!deleted)
        image.prefix = TEXT("after.");
    view->image[SPACE_ROW] = image;
    return true;
}

/* The root itself is the row image. */
static void take_bare_row(const struct looking *looking, const struct members *members)
{
    struct image row = plain_image(looking->doc, members->object, (struct text){NULL, 0});
    looking->view->image[SPACE_ROW] = row;
}

static bool see_unwrapped(const struct looking *looking, const struct members *members)
{
    struct view *view = looking->view;
    struct text prefix = looking->options->metadata_prefix;
    const struct json_node *op = NULL, *deleted;
    if (has(members, MEMBER_METADATA_OP))
        op = consult(looking, members, MEMBER_METADATA_OP);
    if (prefix.size == 0 && !is_operation(looking, op, "crud"))
        op = NULL;
    if (!op && !has(members, MEMBER_DELETED) && !has(members, MEMBER_JSON_COLUMN))
        return false;
    if (op)
        take_op(looking, op);
    else if ((deleted = consult(looking, members, MEMBER_DELETED)) != NULL &&
             (deleted->kind == JSON_TRUE || is_text(looking, deleted, TEXT("true"))))
        imply_op(view, true);
    take_bare_row(looking, members);
    view->image[SPACE_ROW].beside_metadata = true;
    view->image[SPACE_ROW].prefix = prefix;
    view->image[SPACE_SOURCE] = (struct image){
        .doc = looking->doc, .node = members->object, .naming = NAMED_AS_METADATA, .prefix = prefix};
    take_ts_ms(looking, node_of(looking, members, MEMBER_METADATA_TS));
    return true;
}

static bool has_known_member(const struct looking *looking, const struct json_doc *doc, const struct json_node *object)
{
    for (const struct json_node *member = json_first(doc, object); member; member = json_after(doc, object, member))
        if (is_known(looking->options, json_key(doc, member, looking->walk->arena)))
            return true;
    return false;
}

static bool see_router(const struct looking *looking, const struct members *members)
{
    if (!has_known_member(looking, looking->doc, members->object))
        return false;
    looking->view->document = (struct node_ref){looking->doc, members->object};
    return true;
}

/* ---- What is refused ----------------------------------------------------------------------------------------------------- */

static bool refuse(struct view *view, struct text reason)
{
    view->verdict = VERDICT_REFUSED;
    view->reason = reason;
    return true;
}

/* A member that may be the operation under another prefix: its name's end is op, and its value an operation. */
static bool is_prefixed_op(const struct looking *looking, const struct json_node *member, struct text key)
{
    return key.size >= 2 && key.size <= 64 && memcmp(key.data + key.size - 2, "op", 2) == 0 &&
           is_operation(looking, member, "crud");
}

/* Says what to write into the layout or the connector. */
static bool refuse_object(const struct looking *looking, const struct members *members)
{
    struct arena *arena = looking->walk->arena;
    bool by_underscore = false;
    for (const struct json_node *member = json_first(looking->doc, members->object); member;
         member = json_after(looking->doc, members->object, member)) {
        struct text key = json_key(looking->doc, member, arena);
        by_underscore |= text_starts(key, TEXT("after_")) || text_starts(key, TEXT("before_"));
    }
    if (by_underscore)
        return refuse(looking->view,
                      TEXT("unknown shape: flattened with _ between the names; set the transform's "
                           "delimiter to . in the connector"));
    for (const struct json_node *member = json_first(looking->doc, members->object); member;
         member = json_after(looking->doc, members->object, member)) {
        struct text key = json_key(looking->doc, member, arena);
        if (is_prefixed_op(looking, member, key))
            return refuse(
                looking->view,
                arena_printf(
                    arena,
                    "unknown shape: if %.*s is the operation, write \"metadata_prefix\": \"%.*s\" into "
                    "the layout; if it is a column, \"message\": \"row\"",
                    (int)key.size, key.data, (int)key.size - 2, key.data));
    }
    return refuse(looking->view,
                  TEXT("unknown shape: neither an envelope nor a row with __op or __deleted; if it is a "
                       "bare row, write \"message\": \"row\" into the layout"));
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

/* {"payload": …} alone is a wrapping where it holds an envelope, or an unwrapped row that says so. */
static bool is_lone_payload(const struct looking *looking, const struct members *members)
{
    if (!has_exactly(members, BIT(MEMBER_PAYLOAD)))
        return false;
    const struct json_node *payload = consult(looking, members, MEMBER_PAYLOAD);
    struct members inner;
    if (!is_kind(payload, JSON_OBJECT))
        return false;
    list_members(looking, payload, &inner);
    if (has(&inner, MEMBER_METADATA_OP) && looking->options->metadata_prefix.size)
        return true;
    return has(&inner, MEMBER_DELETED) || is_envelope(looking, &inner);
}

static bool is_wrapped(const struct looking *looking, const struct members *members)
{
    return has_exactly(members, BIT(MEMBER_SCHEMA) | BIT(MEMBER_PAYLOAD)) ||
           has_exactly(members, BIT(MEMBER_SCHEMA_ID) | BIT(MEMBER_PAYLOAD)) ||
           is_lone_payload(looking, members);
}

static void see_object(const struct looking *looking, const struct members *members)
{
    struct view *view = looking->view;
    view->root = members->object;
    view->image[SPACE_MESSAGE] = plain_image(looking->doc, members->object, (struct text){NULL, 0});
    if (see_control(looking, members))
        return;
    if (looking->options->rows) {
        take_bare_row(looking, members);
        return;
    }
    (void)(see_cloud_event(looking, members) || see_envelope(looking, members) ||
           see_changefeed(looking, members) || see_flattened(looking, members) ||
           see_unwrapped(looking, members) || see_router(looking, members) ||
           refuse_object(looking, members));
}

/* A string: a router value, where it holds a document that the layout reads, or its base64. */
static void see_string(const struct looking *looking, const struct json_node *node)
{
    const struct view_options *options = looking->options;
    struct view *view = looking->view;
    if (options->rows) {
        refuse(view, TEXT("not an object"));
        return;
    }
    const struct json_doc *held = document_in_string(looking->walk, looking->doc, node);
    if (!held && options->base64_document)
        held = document_in_base64(looking->walk, looking->doc, node);
    if (held && held->nodes->kind == JSON_OBJECT && has_known_member(looking, held, held->nodes))
        view->document = (struct node_ref){held, held->nodes};
    else
        refuse(view, TEXT("not an object"));
}

/* Field by field: the view is large, and much of it means something only beside something else. */
static void begin(struct view *view, const struct json_doc *doc)
{
    const struct node_ref nothing = {NULL, NULL};
    view->verdict = VERDICT_ROW;
    view->doc = doc;
    view->root = doc->nodes;
    view->schema = view->ts_ms = view->document = nothing;
    view->row_name = TEXT("after");
    view->row_problem = (struct text){NULL, 0};
    view->row_in_string = false;
    view->judged_count = 0;
    for (unsigned space = 0; space < SPACES; space++) {
        view->image[space].node = NULL;
        view->image[space].naming = NAMED_PLAINLY;
        view->image[space].beside_metadata = false;
        view->image[space].prefix = view->image[space].field = (struct text){NULL, 0};
    }
    imply_op(view, false);
}

void view_read(const struct view_options *options, const struct path_walk *walk, const struct json_doc *doc,
               struct view *view)
{
    const struct looking looking = {options, walk, view, doc};
    begin(view, doc);
    const struct json_node *node = doc->nodes;
    for (int wrappings = 0; node->kind == JSON_OBJECT; wrappings++) {
        struct members members;
        list_members(&looking, node, &members);
        if (wrappings == WRAPPINGS_LIMIT || !is_wrapped(&looking, &members)) {
            see_object(&looking, &members);
            return;
        }
        if (has(&members, MEMBER_SCHEMA))
            view->schema = (struct node_ref){doc, node_of(&looking, &members, MEMBER_SCHEMA)};
        node = consult(&looking, &members, MEMBER_PAYLOAD);
        view->root = node;
    }
    if (node->kind == JSON_NULL)
        skip(view, "tombstone");
    else if (node->kind == JSON_STRING)
        see_string(&looking, node);
    else
        refuse(view, TEXT("not an object"));
}

struct view_options view_options_of(const struct layout *layout, const struct path_tree *document)
{
    return (struct view_options){.rows = layout->rows,
                                 .json_column = layout->json_column,
                                 .metadata_prefix = layout->metadata_prefix,
                                 .document = document,
                                 .base64_document = layout_is_base64(layout, layout->json_column)};
}
