#include "layout/path_tree.h"

#include "base/base64.h"

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

struct path_tree *path_tree_end(const struct path_tree *tree, const struct step *steps, size_t count)
{
    struct path_tree *end = (struct path_tree *)(uintptr_t)tree; /* of no steps: the caller's own */
    for (size_t i = 0; i < count && end; i++)
        end = find_child(end, &steps[i]);
    return end;
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
    tree->found = (struct node_ref){doc, node};
    tree->opened = NULL;
    return true;
}

bool document_in_text(const struct path_walk *walk, struct text text, struct json_doc *document)
{
    for (int i = 0; i < ENCODINGS_LIMIT; i++) {
        struct json_fault fault;
        if (text.size == 0 || !json_parse(walk->parser, walk->arena, text, walk->depth, document, &fault))
            return false;
        if (document->nodes->kind != JSON_STRING)
            return document->nodes->kind >= JSON_ARRAY;
        text = json_text(document, document->nodes, walk->arena);
    }
    return false;
}

bool string_may_hold(struct text raw)
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

const struct json_doc *document_in_string(const struct path_walk *walk, const struct json_doc *doc,
                                          const struct json_node *string)
{
    struct json_doc *document =
        string_may_hold(json_raw(doc, string)) ? arena_alloc(walk->arena, sizeof *document) : NULL;
    if (document && !document_in_text(walk, json_text(doc, string, walk->arena), document))
        document = NULL;
    ledger_add(
        walk->ledger, walk->arena,
        (struct ledger_entry){.doc = doc, .node = string, .opened = document, .what = CONSULTED_OPENED});
    return document;
}

const struct json_doc *document_in_base64(const struct path_walk *walk, const struct json_doc *doc,
                                          const struct json_node *string)
{
    struct json_doc *document = arena_alloc(walk->arena, sizeof *document);
    struct text bytes;
    if (!document || !base64_decode(walk->arena, json_text(doc, string, walk->arena), JSON_PADDING, &bytes) ||
        !document_in_text(walk, bytes, document))
        document = NULL;
    ledger_add(
        walk->ledger, walk->arena,
        (struct ledger_entry){.doc = doc, .node = string, .opened = document, .what = CONSULTED_OPENED});
    return document;
}

static void follow_string(struct path_tree *tree, const struct path_walk *walk, const struct json_doc *doc,
                          const struct json_node *node)
{
    tree->opened = document_in_string(walk, doc, node);
    if (tree->opened)
        path_tree_follow(tree, walk, tree->opened, tree->opened->nodes);
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
