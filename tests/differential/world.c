#include "world.h"

#include <stdio.h>

/* ---- Trees --------------------------------------------------------------------------------------------------------------- */

static const char *const row_names[] = {"a",     "b",  "tags", "doc",    "payload",  "n", "at",
                                        "price", "op", "id",   "status", "\xC3\xA9", "x", "c"};
static const char *const inner_names[] = {"x", "y", "a", "properties", "items", "x.y", "n", "op"};
static const char *const source_names[] = {"lsn",  "ts_ms",    "table", "schema", "sequence",
                                           "txId", "snapshot", "x",     "db"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct node *add_node(struct world *world, const char *name)
{
    if (world->used == NODES_LIMIT)
        return NULL;
    struct node *node = &world->nodes[world->used];
    *node = (struct node){.name = name, .number = world->used++};
    return node;
}

static void make_scalar(struct node *node, struct chance *chance)
{
    node->form = NODE_SCALAR;
    node->kind = chance_in(chance, 55) ? KIND_LITERAL : (enum kind)chance_below(chance, KIND_LITERAL);
    if (node->kind == KIND_EPOCH)
        node->semantic = (enum semantic)chance_below(chance, SEMANTIC_SCALE_2);
    if (node->kind == KIND_BYTES)
        node->semantic = chance_in(chance, 50) ? SEMANTIC_SCALE_2 : SEMANTIC_SCALE_0;
    node->literal_count = 1 + chance_below(chance, LITERALS_A_NODE);
    node->literals[0] = chance_below(chance, literal_count());
    for (unsigned i = 1; i < node->literal_count; i++)
        node->literals[i] = literal_like(chance, node->literals[0]);
}

static void make_node(struct world *world, struct chance *chance, struct node *node, unsigned depth);

static void make_children(struct world *world, struct chance *chance, struct node *node, unsigned depth,
                          const char *const *names, unsigned name_count)
{
    const bool array = node->form == NODE_ARRAY;
    const unsigned wanted =
        array ? chance_below(chance, 4) : 1 + chance_below(chance, depth == 0 ? CHILDREN_LIMIT : 4);
    unsigned taken = chance_below(chance, name_count);
    for (unsigned i = 0; i < wanted && i < name_count; i++) {
        struct node *child = add_node(world, array ? "" : names[(taken + i) % name_count]);
        if (!child)
            return;
        child->parent = node;
        child->index = node->count;
        node->children[node->count++] = child;
        make_node(world, chance, child, depth + 1);
    }
}

static void make_node(struct world *world, struct chance *chance, struct node *node, unsigned depth)
{
    const unsigned way = chance_below(chance, 100);
    if (depth > 3 || way < 60) {
        make_scalar(node, chance);
        return;
    }
    node->form = way < 85 ? NODE_OBJECT : NODE_ARRAY;
    if (chance_in(chance, depth == 1 ? 60 : 25))
        node->encodings = chance_in(chance, 85) ? 1 : 1 + chance_below(chance, 4);
    node->literal_count = 1;
    node->literals[0] = chance_below(chance, literal_count());
    make_children(world, chance, node, depth, inner_names, COUNT(inner_names));
}

static struct node *make_object(struct world *world, struct chance *chance, const char *name,
                                const char *const *names, unsigned count)
{
    struct node *node = add_node(world, name);
    node->form = NODE_OBJECT;
    make_children(world, chance, node, 0, names, count);
    return node;
}

static struct node *make_beside(struct world *world, struct chance *chance, const char *name, enum kind kind)
{
    struct node *node = add_node(world, name);
    if (!node)
        return NULL;
    if (kind == KINDS)
        make_node(world, chance, node, 2);
    else
        make_scalar(node, chance);
    if (kind != KINDS)
        node->kind = kind;
    world->beside[world->beside_count++] = node;
    return node;
}

const struct node *world_document(const struct world *world)
{
    for (unsigned i = 0; i < world->row->count; i++)
        if (world->row->children[i]->form == NODE_OBJECT)
            return world->row->children[i];
    return NULL;
}

/* A member of the row image, mostly, or what lies below one. */
static struct node *choose_focus(struct world *world, struct chance *chance)
{
    struct node *node = chance_in(chance, 75) ? world->row : world->source;
    do
        node = node->children[chance_below(chance, node->count)];
    while (node->count > 0 && chance_in(chance, 40));
    return node;
}

void world_make(struct world *world, struct chance *chance, unsigned oddity)
{
    *world = (struct world){.oddity = oddity};
    world->row = make_object(world, chance, "after", row_names, COUNT(row_names));
    world->source = make_object(world, chance, "source", source_names, COUNT(source_names));
    /* The names in it hardly ever change. */
    for (unsigned i = 0; i < world->source->count; i++)
        if (*world->source->children[i]->name != 'l' && !chance_in(chance, oddity))
            world->source->children[i]->kind = KIND_LITERAL;
    world->op = add_node(world, "op");
    make_beside(world, chance, "ts_ms", KIND_WHOLE);
    if (chance_in(chance, 60)) {
        struct node *transaction = make_beside(world, chance, "transaction", KIND_LITERAL);
        if (transaction)
            transaction->literals[0] = 0;
    }
    if (chance_in(chance, 20))
        make_beside(world, chance, "extra", KINDS);
    static const char *const prefixes[] = {"__", "__", "__", "__", "__", "__", "_", "", "meta_", "cdc."};
    world->prefix = prefixes[chance_below(chance, COUNT(prefixes))];
    for (unsigned i = 0; i < world->row->count; i++)
        world->row->children[i]->base64 =
            world->row->children[i]->form == NODE_OBJECT && chance_in(chance, 8);
    for (unsigned i = 0; i < 2; i++)
        world->focus[i] = choose_focus(world, chance);
}

/* ---- Writing ------------------------------------------------------------------------------------------------------------- */

static void put_space(struct buffer *out, const struct writing *writing)
{
    static const char *const spaces[] = {"", " ", "\n  ", "\t", " \r\n "};
    buffer_text(out, spaces[writing->style.space]);
}

void put_comma(struct buffer *out, const struct writing *writing)
{
    buffer_text(out, ",");
    put_space(out, writing);
}

static const struct exception *exception_of(const struct writing *writing, const struct node *node,
                                            enum change change)
{
    for (unsigned i = 0; i < writing->exception_count; i++)
        if (writing->exceptions[i].node == node && writing->exceptions[i].change == change)
            return &writing->exceptions[i];
    return NULL;
}

void put_key(struct buffer *out, const struct writing *writing, const char *prefix, const struct node *node)
{
    buffer_print(out, "\"%s", prefix);
    if (exception_of(writing, node, CHANGE_ESCAPED_KEY) && (unsigned char)*node->name < 0x80)
        buffer_print(out, "\\u%04x%s", (unsigned)*node->name, node->name + 1);
    else if (exception_of(writing, node, CHANGE_RENAMED))
        buffer_print(out, "%c%s", *node->name == 'z' ? 'y' : 'z',
                     (unsigned char)*node->name < 0x80 ? node->name + 1 : "");
    else
        buffer_text(out, node->name);
    buffer_text(out, "\":");
    put_space(out, writing);
}

/* The children in the order of this style. */
static void order_of(const struct writing *writing, const struct node *node, unsigned order[CHILDREN_LIMIT])
{
    struct chance chance = chance_of(writing->style.seed, node->number);
    for (unsigned i = 0; i < node->count; i++)
        order[i] = i;
    for (unsigned i = 1; i < node->count && writing->style.shuffled && node->form == NODE_OBJECT; i++) {
        unsigned other = chance_below(&chance, i + 1), moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
}

static bool is_left_out_by_style(const struct writing *writing, const struct node *node)
{
    struct chance chance = chance_of(writing->style.seed ^ 77, node->number);
    return writing->style.shuffled && chance_in(&chance, 8);
}

static void put_literal(struct buffer *out, const struct writing *writing, const char *json)
{
    (void)writing;
    buffer_text(out, json);
}

void put_member(struct buffer *out, const struct writing *writing, const char *prefix,
                const struct node *node, bool *first)
{
    const struct exception *before = exception_of(writing, node, CHANGE_TWICE_FIRST);
    const struct exception *behind = exception_of(writing, node, CHANGE_TWICE);
    if (exception_of(writing, node, CHANGE_ABSENT) || is_left_out_by_style(writing, node))
        return;
    if (!*first)
        put_comma(out, writing);
    *first = false;
    if (before) {
        put_key(out, writing, prefix, node);
        put_literal(out, writing, literal_json(before->literal));
        put_comma(out, writing);
    }
    put_key(out, writing, prefix, node);
    put_node(out, writing, node);
    if (behind) {
        put_comma(out, writing);
        put_key(out, writing, prefix, node);
        put_literal(out, writing, literal_json(behind->literal));
    }
    const struct exception *added = exception_of(writing, node, CHANGE_ADDED);
    if (added) {
        put_comma(out, writing);
        buffer_print(out, "\"%sadded\":%s", prefix, literal_json(added->literal));
    }
}

void put_members(struct buffer *out, const struct writing *writing, const struct node *object, bool *first)
{
    unsigned order[CHILDREN_LIMIT];
    order_of(writing, object, order);
    for (unsigned i = 0; i < object->count; i++)
        put_member(out, writing, "", object->children[order[i]], first);
}

void put_flat_members(struct buffer *out, const struct writing *writing, const char *prefix,
                      const struct node *object, bool *first)
{
    unsigned order[CHILDREN_LIMIT];
    order_of(writing, object, order);
    for (unsigned i = 0; i < object->count; i++) {
        const struct node *child = object->children[order[i]];
        if (child->form != NODE_OBJECT || child->encodings > 0) {
            put_member(out, writing, prefix, child, first);
            continue;
        }
        char longer[256];
        snprintf(longer, sizeof longer, "%s%s.", prefix, child->name);
        put_flat_members(out, writing, longer, child, first);
    }
}

static void put_array(struct buffer *out, const struct writing *writing, const struct node *array)
{
    buffer_text(out, "[");
    for (unsigned i = 0; i < array->count; i++) {
        if (i > 0)
            put_comma(out, writing);
        put_node(out, writing, array->children[i]);
    }
    buffer_text(out, "]");
}

static void put_plain(struct buffer *out, const struct writing *writing, const struct node *node)
{
    bool first = true;
    switch (node->form) {
    case NODE_SCALAR:
        if (node->kind == KIND_LITERAL)
            put_literal(out, writing, literal_json(node->literals[0]));
        else
            put_kind(out, writing->chance, node->kind, node->semantic);
        break;
    case NODE_OBJECT:
        buffer_text(out, "{");
        put_members(out, writing, node, &first);
        buffer_text(out, "}");
        break;
    case NODE_ARRAY:
        put_array(out, writing, node);
        break;
    }
}

static void encode_base64(struct buffer *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buffer encoded = {0};
    for (size_t i = 0; i < text->size; i += 3) {
        const size_t left = text->size - i;
        unsigned bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (j < left ? (unsigned char)text->data[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            buffer_put(&encoded, j > left ? "=" : &letters[bits >> (18 - 6 * j) & 63], 1);
    }
    buffer_free(text);
    *text = encoded;
}

void put_node(struct buffer *out, const struct writing *writing, const struct node *node)
{
    const struct exception *literal = exception_of(writing, node, CHANGE_LITERAL);
    if (literal) {
        put_literal(out, writing, literal_json(literal->literal));
        return;
    }
    unsigned encodings = node->encodings;
    if (exception_of(writing, node, CHANGE_ENCODED))
        encodings++;
    if (exception_of(writing, node, CHANGE_PLAIN))
        encodings = 0;
    struct buffer text = {0};
    const bool base64 = node->base64 && encodings > 0;
    if (encodings == 0) {
        put_plain(out, writing, node);
        return;
    }
    put_plain(&text, writing, node);
    if (base64)
        encode_base64(&text);
    for (; encodings > 0; encodings--) {
        struct buffer encoded = {0};
        buffer_string(&encoded, buffer_view(&text));
        buffer_free(&text);
        text = encoded;
    }
    buffer_put(out, text.data, text.size);
    buffer_free(&text);
}

/* ---- Schemas ------------------------------------------------------------------------------------------------------------- */

void put_fields(struct buffer *out, const struct writing *writing, const char *prefix,
                const struct node *object, bool *first)
{
    for (unsigned i = 0; i < object->count; i++) {
        const struct node *child = object->children[i];
        struct chance chance = chance_of(writing->style.seed ^ 5, child->number);
        enum semantic semantic = child->semantic;
        if (chance_in(&chance, 10))
            semantic = (enum semantic)chance_below(&chance, SEMANTICS);
        buffer_text(out, *first ? "" : ",");
        *first = false;
        if (child->form == NODE_OBJECT && child->encodings == 0) {
            bool none = true;
            buffer_text(out, "{\"type\":\"struct\",\"fields\":[");
            put_fields(out, writing, "", child, &none);
            buffer_print(out, "],\"optional\":true,\"field\":\"%s%s\"}", prefix, child->name);
        } else {
            buffer_print(out, "{%s,\"optional\":true,\"field\":\"%s%s\"}", semantic_schema(semantic), prefix,
                         child->name);
        }
    }
}
