#include "debezium/finder.h"

#define SCHEMA_DEPTH                                                                                         \
    8 /* containers within which a schema names a row image's member, from the message's root */

/* ---- The trees ----------------------------------------------------------------------------------------------------------- */

static struct path_tree *root_of(struct finder *finder, const struct path *path)
{
    switch (path->space) {
    case SPACE_OP:
        return &finder->op;
    case SPACE_TS_MS:
        return &finder->ts_ms;
    case SPACE_UNMAPPED:
    case SPACE_LEFT_OUT:
        return &finder->none;
    default:
        return &finder->tree[path->space];
    }
}

static bool add_path(struct finder *finder, const struct path *path)
{
    if (path->count > finder->depth)
        finder->depth = (unsigned)path->count;
    return path_tree_add(&finder->arena, root_of(finder, path), path_steps(path), path_step_count(path));
}

static struct path_tree *end_of(struct finder *finder, const struct path *path)
{
    return path_tree_end(root_of(finder, path), path_steps(path), path_step_count(path));
}

static bool plant(struct finder *finder)
{
    const struct layout *layout = finder->layout;
    for (size_t i = 0; i < layout->accept_count; i++)
        if (!add_path(finder, &layout->accept[i].path))
            return false;
    for (size_t i = 0; i < layout->column_count; i++)
        for (size_t j = 0; j < layout->columns[i].path_count; j++)
            if (!add_path(finder, &layout->columns[i].paths[j]))
                return false;
    for (size_t i = 0; i < SPACES; i++)
        if (!path_tree_index(&finder->arena, &finder->tree[i]))
            return false;
    return true;
}

/* ---- Who reads what ------------------------------------------------------------------------------------------------------ */

static bool add_reader(struct finder *finder, struct path_tree *end, size_t column, size_t path)
{
    struct reader *readers = arena_alloc(&finder->arena, (end->reader_count + 1) * sizeof *readers);
    if (!readers)
        return false;
    if (end->reader_count)
        memcpy(readers, end->readers, end->reader_count * sizeof *readers);
    readers[end->reader_count++] = (struct reader){(uint16_t)column, (uint16_t)path};
    end->readers = readers;
    return true;
}

static bool find_column_ends(struct finder *finder, size_t index)
{
    const struct column *column = &finder->layout->columns[index];
    struct path_tree **ends = arena_alloc(&finder->arena, column->path_count * sizeof *ends);
    finder->ends[index] = ends;
    for (size_t j = 0; ends && j < column->path_count; j++) {
        ends[j] = end_of(finder, &column->paths[j]);
        if (!add_reader(finder, ends[j], index, j))
            return false;
    }
    return ends != NULL;
}

/* Marks the nodes that a rule's path leads through, and the one where it ends. */
static void mark_rule(struct finder *finder, size_t index)
{
    const struct path *path = &finder->layout->accept[index].path;
    struct path_tree *tree = root_of(finder, path);
    for (size_t i = 0; i < path_step_count(path); i++) {
        tree = path_tree_end(tree, path_steps(path) + i, 1);
        if (!tree->rule)
            tree->rule = (uint16_t)(index + 1);
    }
    if (!tree->rule)
        tree->rule = (uint16_t)(index + 1);
    tree->rule_ends = true;
    finder->rule_ends[index] = tree;
}

static bool find_ends(struct finder *finder)
{
    const struct layout *layout = finder->layout;
    finder->ends = arena_alloc(&finder->arena, layout->column_count * sizeof *finder->ends);
    finder->rule_ends = arena_alloc(&finder->arena, layout->accept_count * sizeof *finder->rule_ends);
    if (!finder->ends || !finder->rule_ends)
        return false;
    for (size_t i = 0; i < layout->accept_count; i++)
        mark_rule(finder, i);
    for (size_t i = 0; i < layout->column_count; i++)
        if (!find_column_ends(finder, i))
            return false;
    return true;
}

/* ---- What no column takes ------------------------------------------------------------------------------------------------ */

/* A value is taken where a column reads it whole, or something within it. An object of which only parts are read is read member by
 * member: its other members are unmapped. */
static void mark_taken(struct path_tree *tree)
{
    bool within = false;
    for (size_t i = 0; i < tree->count; i++) {
        mark_taken(&tree->children[i]);
        within |= tree->children[i].taken;
    }
    tree->taken = within || tree->reader_count > 0;
    tree->by_member = within && tree->reader_count == 0;
}

static bool ignore(struct finder *finder, const struct path *path)
{
    struct path_tree *tree =
        path_tree_end(&finder->tree[SPACE_ROW], path_steps(path), path_step_count(path) - 1);
    if (!tree)
        return true; /* nothing of the object around it is read */
    struct text *ignored = arena_alloc(&finder->arena, (tree->ignored_count + 1) * sizeof *ignored);
    if (!ignored)
        return false;
    if (tree->ignored_count)
        memcpy(ignored, tree->ignored, tree->ignored_count * sizeof *ignored);
    ignored[tree->ignored_count++] = path->steps[path->count - 1].name;
    tree->ignored = ignored;
    return true;
}

static bool mark_unmapped(struct finder *finder)
{
    mark_taken(&finder->tree[SPACE_ROW]);
    finder->tree[SPACE_ROW].by_member = true;
    for (size_t i = 0; i < finder->layout->ignored_count; i++)
        if (!ignore(finder, &finder->layout->ignored[i]))
            return false;
    return true;
}

bool is_ignored(const struct path_tree *tree, struct text key)
{
    for (size_t i = 0; i < tree->ignored_count; i++)
        if (text_equal(tree->ignored[i], key))
            return true;
    return false;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

bool finder_open(struct finder *finder, const struct layout *layout)
{
    *finder = (struct finder){.layout = layout, .depth = 2};
    if (!plant(finder) || !find_ends(finder) || !mark_unmapped(finder))
        return false;
    finder->depth += WRAPPINGS_LIMIT;
    for (size_t i = 0; i < layout->column_count; i++) {
        const unsigned schema_depth = SCHEMA_DEPTH + WRAPPINGS_LIMIT;
        if (schema_matters(&layout->columns[i]) && finder->depth < schema_depth)
            finder->depth = schema_depth;
        for (size_t j = 0; j < layout->columns[i].path_count; j++)
            finder->lists_unmapped |= layout->columns[i].paths[j].space == SPACE_UNMAPPED;
    }
    for (size_t i = 0; i < finder->tree[SPACE_ROW].count; i++)
        finder->tree[SPACE_ROW].children[i].base64 =
            layout_is_base64(layout, finder->tree[SPACE_ROW].children[i].step.name);
    if (layout->json_column.size)
        finder->document = path_tree_child(&finder->tree[SPACE_ROW], layout->json_column);
    if (finder->document && finder->document->count == 0)
        finder->document = NULL;
    finder->options = view_options_of(layout, finder->document);
    return view_index(&finder->arena, &finder->options);
}

void finder_close(struct finder *finder)
{
    arena_free(&finder->arena);
}

/* ---- One message --------------------------------------------------------------------------------------------------------- */

/* Notes the members of an image by its tree; those that count only where no other leads there come last. */
static void note_members(struct path_tree *tree, const struct path_walk *walk, const struct image *image,
                         bool follow, bool fallbacks)
{
    const struct json_doc *doc = image->doc;
    for (const struct json_node *member = json_first(doc, image->node); member;
         member = json_after(doc, image->node, member)) {
        bool fallback = false;
        const struct text key = json_key(doc, member, walk->arena);
        struct path_tree *child = image->naming == NAMED_PLAINLY ? path_tree_child(tree, key)
                                                                 : image_find(image, tree, key, &fallback);
        if (!child || fallback != fallbacks || !path_tree_note(child, walk, doc, member))
            continue;
        /* What a flattened key leads to below a member is no document of the row image. */
        if (follow || !path_tree_is_child(tree, child))
            path_tree_follow(child, walk, doc, member);
    }
}

static void find_image(struct path_tree *tree, const struct path_walk *walk, const struct image *image,
                       bool follow)
{
    if (tree->count == 0 || !image->node)
        return;
    note_members(tree, walk, image, follow, false);
    if (image->naming == NAMED_AS_METADATA)
        note_members(tree, walk, image, follow, true);
}

static void find_value(struct path_tree *tree, const struct path_walk *walk, struct node_ref value)
{
    if (value.node)
        path_tree_note(tree, walk, value.doc, value.node);
}

void finder_find(struct finder *finder, const struct path_walk *walk, const struct view *view)
{
    struct path_tree *message = &finder->tree[SPACE_MESSAGE];
    if (view->image[SPACE_MESSAGE].naming == NAMED_BY_PREFIX)
        find_image(message, walk, &view->image[SPACE_MESSAGE], true);
    else
        path_tree_follow(message, walk, view->doc, view->root);
    if (view->root != view->doc->nodes)
        path_tree_follow(message, walk, view->doc, view->doc->nodes);
    find_image(&finder->tree[SPACE_SOURCE], walk, &view->image[SPACE_SOURCE], true);
    find_image(&finder->tree[SPACE_BEFORE], walk, &view->image[SPACE_BEFORE], true);
    find_value(&finder->op, walk, view->op_value);
    find_value(&finder->ts_ms, walk, view->ts_ms);
    if (view->document.node) {
        if (!finder->document)
            return;
        path_tree_note(finder->document, walk, view->document.doc, view->document.node);
        path_tree_follow(finder->document, walk, view->document.doc, view->document.node);
        return;
    }
    find_image(&finder->tree[SPACE_ROW], walk, &view->image[SPACE_ROW], false);
}

/* ---- Unmapped members ---------------------------------------------------------------------------------------------------- */

bool unmapped_add(struct unmapped *unmapped, struct arena *arena, struct text name)
{
    for (size_t i = 0; i < unmapped->count; i++)
        if (text_equal(unmapped->names[i], name))
            return true;
    if (unmapped->count == unmapped->capacity) {
        size_t capacity = unmapped->capacity ? 2 * unmapped->capacity : 8;
        struct text *names = arena_alloc(arena, capacity * sizeof *names);
        if (!names)
            return false;
        if (unmapped->count)
            memcpy(names, unmapped->names, unmapped->count * sizeof *names);
        unmapped->names = names;
        unmapped->capacity = capacity;
    }
    unmapped->names[unmapped->count++] = name;
    return true;
}

struct value value_of_texts(struct arena *arena, const struct text *texts, size_t count)
{
    struct value value = {.null = false};
    struct value *elements = count ? arena_alloc(arena, count * sizeof *elements) : NULL;
    for (size_t i = 0; elements && i < count; i++)
        elements[i] = (struct value){.as.text = texts[i]};
    if (elements) {
        value.as.array.elements = elements;
        value.as.array.count = count;
    }
    return value;
}

struct text unmapped_name(struct arena *arena, struct text around, struct text name)
{
    size_t size = around.size + (around.size > 0) + name.size;
    char *data = arena_alloc(arena, size + VALUE_PADDING);
    char *at = data;
    if (!data)
        return (struct text){NULL, 0};
    if (around.size) {
        memcpy(at, around.data, around.size);
        at += around.size;
        *at++ = '.';
    }
    if (name.size)
        memcpy(at, name.data, name.size);
    return (struct text){data, size};
}

static bool list_object(const struct path_walk *walk, const struct path_tree *tree, struct node_ref object,
                        struct text around, struct unmapped *unmapped);

/* What is unmapped within a member that columns take; `name` is its name within the row image. */
static bool list_within(const struct path_walk *walk, const struct path_tree *tree, struct node_ref value,
                        struct text name, struct unmapped *unmapped)
{
    /* Of equal keys the first is read. */
    if (!tree->by_member || tree->message != walk->message || tree->found.node != value.node)
        return true;
    if (value.node->kind == JSON_STRING) {
        if (!tree->opened || tree->message != walk->message)
            return true;
        value = (struct node_ref){tree->opened, tree->opened->nodes};
    }
    return value.node->kind != JSON_OBJECT || list_object(walk, tree, value, name, unmapped);
}

static bool list_member(const struct path_walk *walk, const struct path_tree *tree,
                        const struct path_tree *child, struct node_ref value, struct text around,
                        struct text key, struct unmapped *unmapped)
{
    if (is_ignored(tree, key))
        return true;
    struct text name = unmapped_name(walk->arena, around, key);
    if (!name.data)
        return false;
    if (!child || !child->taken)
        return unmapped_add(unmapped, walk->arena, name);
    return list_within(walk, child, value, name, unmapped);
}

static bool list_object(const struct path_walk *walk, const struct path_tree *tree, struct node_ref object,
                        struct text around, struct unmapped *unmapped)
{
    for (const struct json_node *member = json_first(object.doc, object.node); member;
         member = json_after(object.doc, object.node, member)) {
        struct text key = json_key(object.doc, member, walk->arena);
        if (!list_member(walk, tree, path_tree_child(tree, key), (struct node_ref){object.doc, member},
                         around, key, unmapped))
            return false;
    }
    return true;
}

bool finder_list_unmapped(const struct finder *finder, const struct path_walk *walk, const struct view *view,
                          struct unmapped *unmapped)
{
    const struct path_tree *row = &finder->tree[SPACE_ROW];
    const struct image *image = &view->image[SPACE_ROW];
    struct text name;
    if (view->document.node)
        return !finder->document || is_ignored(row, finder->layout->json_column) ||
               list_within(walk, finder->document, view->document, finder->layout->json_column, unmapped);
    for (const struct json_node *member = image_next(image, NULL, walk->arena, &name); member;
         member = image_next(image, member, walk->arena, &name)) {
        bool fallback;
        const struct path_tree *child =
            image_find(image, row, json_key(image->doc, member, walk->arena), &fallback);
        if (!list_member(walk, row, child, (struct node_ref){image->doc, member}, (struct text){NULL, 0},
                         name, unmapped))
            return false;
    }
    return true;
}
