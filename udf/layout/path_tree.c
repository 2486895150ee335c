#include "layout/path_tree.h"

static bool same_step(const struct step *a, const struct step *b)
{
    if (!a->name.data || !b->name.data)
        return !a->name.data && !b->name.data && a->index == b->index;
    return text_equal(a->name, b->name);
}

static struct path_tree *find_child(const struct path_tree *tree, const struct step *step)
{
    for (size_t i = 0; i < tree->count; i++)
        if (same_step(&tree->children[i].step, step))
            return &tree->children[i];
    return NULL;
}

bool path_tree_add(struct arena *arena, struct path_tree *tree, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct path_tree *child = find_child(tree, &steps[i]);
        if (!child) {
            struct path_tree *children = arena_alloc(arena, (tree->count + 1) * sizeof *children);
            if (!children)
                return false;
            if (tree->count)
                memcpy(children, tree->children, tree->count * sizeof *children);
            tree->children = children;
            child = &children[tree->count++];
            *child = (struct path_tree){.step = steps[i]};
        }
        tree = child;
    }
    return true;
}

struct path_tree *path_tree_end(struct path_tree *tree, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count && tree; i++)
        tree = find_child(tree, &steps[i]);
    return tree;
}

bool path_tree_index(struct arena *arena, struct path_tree *tree)
{
    if (tree->count == 0)
        return true;
    struct text *names = arena_alloc(arena, tree->count * sizeof *names);
    for (size_t i = 0; i < tree->count; i++) {
        struct path_tree *child = &tree->children[i];
        if (!names || !path_tree_index(arena, child))
            return false;
        names[i] = child->step.name;
        if (tree->levels <= child->levels)
            tree->levels = child->levels + 1;
    }
    return names_index(arena, &tree->names, names, tree->count);
}

bool path_tree_note(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                    const struct json_node *node)
{
    if (tree->message == walk->message)
        return false;
    tree->message = walk->message;
    tree->place = (struct place){doc, node};
    return true;
}

bool json_held(const struct path_walk *walk, struct text text, struct json_doc *held)
{
    for (int i = 0; i < ENCODINGS_MOST; i++) {
        struct json_fault fault;
        if (text.size == 0 || !json_parse(walk->parser, walk->arena, text, walk->depth, held, &fault))
            return false;
        if (held->nodes->kind != JSON_STRING)
            return held->nodes->kind >= JSON_ARRAY;
        text = json_text(held, held->nodes, walk->arena);
    }
    return false;
}

/* Whether the text may hold an object or array at all: a cheap look before it is parsed. */
static bool may_hold(struct text raw)
{
    for (size_t i = 0; i < raw.size; i++) {
        char c = raw.data[i];
        if (c == '{' || c == '[' || c == '\\')
            return true;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return false;
}

static void follow_string(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                          const struct json_node *node)
{
    if (!may_hold(json_raw(doc, node)))
        return;
    struct json_doc *held = arena_alloc(walk->arena, sizeof *held);
    if (held && json_held(walk, json_text(doc, node, walk->arena), held))
        path_tree_follow(tree, walk, held, held->nodes);
}

static void arrive(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                   const struct json_node *node)
{
    if (path_tree_note(tree, walk, doc, node))
        path_tree_follow(tree, walk, doc, node);
}

void path_tree_follow(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                      const struct json_node *node)
{
    if (tree->count == 0)
        return;
    if (node->kind == JSON_STRING) {
        follow_string(tree, walk, doc, node);
    } else if (node->kind == JSON_ARRAY) {
        for (size_t i = 0; i < tree->count; i++) {
            struct path_tree *child = &tree->children[i];
            const struct json_node *element =
                child->step.name.data ? NULL : json_element(doc, node, child->step.index);
            if (element)
                arrive(child, walk, doc, element);
        }
    } else if (node->kind == JSON_OBJECT) {
        for (const struct json_node *member = json_first(doc, node); member;
             member = json_after(doc, node, member)) {
            struct path_tree *child = path_tree_child(tree, json_key(doc, member, walk->arena));
            if (child)
                arrive(child, walk, doc, member);
        }
    }
}
