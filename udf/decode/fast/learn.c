/* Lessons: one message, which the general decoder has judged, becomes states, steps and a signature. See shapes.h.
 *
 * The message's bytes are read once more, side by side with the nodes of its documents, so that each value meets what the ledger says
 * of it. */
#include "base/hash.h"
#include "debezium/left_out.h"
#include "decode/fast/lesson.h"
#include "json/json_check.h"

static const struct text NONE = {NULL, 0};

static bool learn_value(struct learning *learning, struct standing *standing);

/* ---- Reading the message ------------------------------------------------------------------------------------------------- */

static void skip_space(struct learning *learning)
{
    while (learning->at < learning->end && json_is_space(*learning->at))
        learning->at++;
}

static bool at_quote(const struct learning *learning)
{
    const struct text quote = quote_of_level[learning->level];
    if (learning->at == learning->end || *learning->at != *quote.data)
        return false;
    return text_starts((struct text){learning->at, (size_t)(learning->end - learning->at)}, quote);
}

/* Past a string, from its opening quote. */
static bool skip_string(struct learning *learning)
{
    const size_t quote = quote_of_level[learning->level].size;
    for (learning->at += quote; learning->at < learning->end;) {
        if (at_quote(learning)) {
            learning->at += quote;
            return true;
        }
        if (*learning->at != '\\')
            learning->at++;
        else if (!(learning->at = automaton_escape_end(learning->at, learning->end, learning->level)))
            return false;
    }
    return false;
}

/* Past any scalar. */
static bool skip_scalar(struct learning *learning)
{
    if (at_quote(learning))
        return skip_string(learning);
    const char *stop = json_literal_end(learning->at, learning->end);
    if (!stop)
        stop = json_number_end(learning->at, learning->end);
    if (stop)
        learning->at = stop;
    return stop != NULL;
}

/* Past a container, whose brackets are known to match. */
static bool skip_container(struct learning *learning)
{
    size_t depth = 0;
    do {
        if (learning->at == learning->end)
            return false;
        if (at_quote(learning)) {
            if (!skip_string(learning))
                return false;
            continue;
        }
        depth += *learning->at == '{' || *learning->at == '[';
        depth -= *learning->at == '}' || *learning->at == ']';
        learning->at++;
    } while (depth > 0);
    return true;
}

/* The key at the present place, and past its colon. Keys with escapes are not learned. */
static bool read_key(struct learning *learning, struct text *key)
{
    if (!at_quote(learning))
        return false;
    learning->at += quote_of_level[learning->level].size;
    const char *start = learning->at;
    while (learning->at < learning->end && *learning->at != '"' && *learning->at != '\\')
        learning->at++;
    if (!at_quote(learning))
        return false;
    *key = (struct text){start, (size_t)(learning->at - start)};
    learning->at += quote_of_level[learning->level].size;
    skip_space(learning);
    if (learning->at == learning->end || *learning->at != ':')
        return false;
    learning->at++;
    skip_space(learning);
    return true;
}

/* ---- Scalars ------------------------------------------------------------------------------------------------------------- */

static bool is_base64(const struct standing *standing)
{
    for (unsigned i = 0; i < standing->tree_count; i++)
        if (standing->trees[i]->base64)
            return true;
    return false;
}

/* A value that decides about the outcome is part of the literal: it is always the same. */
static bool learn_decisive(struct learning *learning, const struct standing *standing, unsigned stage)
{
    const char *start = learning->at;
    const bool container = *start == '{' || *start == '[';
    const enum shape_marked what = container ? MARKED_CONTAINER : MARKED_SCALAR;
    if (*start == '{' && standing->listed)
        return false; /* its members are listed */
    if (!mark(learning, standing, what, false) ||
        !(container ? skip_container(learning) : skip_scalar(learning)) ||
        !mark(learning, standing, what, true))
        return false;
    struct text text = {start, (size_t)(learning->at - start)};
    const size_t quote = *start == '"' || *start == '\\' ? quote_of_level[learning->level].size : 0;
    /* A column would want the escapes read, or the base64. */
    const bool is_encoded =
        quote > 0 && list_uses(learning, standing, NULL) > 0 &&
        (is_base64(standing) || memchr(text.data + quote, '\\', text.size - 2 * quote) != NULL);
    if (is_encoded || text.size > LESSON_TEXT_LIMIT || !note_here(learning, TO_TEXT, text, false, stage))
        return false;
    account(learning, standing, CONSULTED_FORM);
    account(learning, standing, CONSULTED_RULE);
    return true;
}

/* What hardly ever changes from one message of a table to the next is part of the literal, too, where no column takes it: the
 * names in `source`, and nulls there and beside it. */
static bool is_constant(const struct learning *learning, const struct standing *standing)
{
    static const char *const names[] = {"version", "connector", "name", "snapshot", "db", "schema", "table"};
    bool known = *learning->at == 'n' && (standing->judged_member || standing->in_source);
    for (size_t i = 0; !known && standing->in_source && i < sizeof names / sizeof *names; i++)
        known = text_equal(standing->key, text_of(names[i]));
    return known && !is_crossed(standing) && list_uses(learning, standing, NULL) == 0;
}

/* The document in a string, at the next level of quotes. */
static bool learn_document(struct learning *learning, struct standing *standing,
                           const struct json_doc *document)
{
    const size_t quote = quote_of_level[learning->level].size;
    if (learning->level + 1 == QUOTED_LEVELS || !enter(learning, TO_DOCUMENT, NONE))
        return false;
    learning->at += quote;
    if (!mark(learning, standing, MARKED_DOCUMENT, false))
        return false;
    struct standing inner = *standing;
    inner.doc = document;
    inner.node = document->nodes;
    inner.judged_member = inner.in_source = false;
    /* What reads the string whole has it by the marks. */
    learning->level++;
    skip_space(learning);
    if (learning->at == learning->end || *learning->at != (document->nodes->kind == JSON_OBJECT ? '{' : '['))
        return false;
    inner.key = NONE;
    if (!learn_value(learning, &inner))
        return false;
    skip_space(learning);
    learning->level--;
    if (!at_quote(learning) || !mark(learning, standing, MARKED_DOCUMENT, true))
        return false;
    learning->at += quote;
    account(learning, standing, CONSULTED_OPENED);
    return true;
}

static bool learn_slot(struct learning *learning, const struct standing *standing)
{
    if (standing->node && !is_document_member(learning, standing) &&
        !string_may_hold(json_raw(standing->doc, standing->node)))
        account(learning, standing, CONSULTED_OPENED);
    if (learning->rehearsed) {
        struct shape_state *state = state_here(learning, standing);
        if (!state || !end_literal(learning, state) || !skip_scalar(learning))
            return false;
        learning->literal = learning->at;
        return true;
    }
    const uint32_t count = list_uses(learning, standing, NULL);
    struct shape_use *uses = arena_alloc(learning->lesson->walk->arena, count * sizeof *uses);
    if (!uses || !skip_scalar(learning))
        return false;
    list_uses(learning, standing, uses);
    account_uses(learning, standing, uses, count);
    begin_literal(learning, NULL);
    return true;
}

static bool learn_scalar(struct learning *learning, struct standing *standing)
{
    const struct consultation consulted = consulted_of(learning, standing);
    if (consulted.twice)
        return false; /* what was asked of one of the documents does not show in the other */
    if (consulted.document && !consulted.rule) {
        if (consulted.form) {
            if (!note_here(learning, TO_DOCUMENT, NONE, false, 0))
                return false;
            account(learning, standing, CONSULTED_FORM);
        }
        return learn_document(learning, standing, consulted.document);
    }
    if (consulted.form || consulted.rule)
        return learn_decisive(learning, standing, consulted.stage);
    if (is_constant(learning, standing))
        return skip_scalar(learning);
    return learn_slot(learning, standing);
}

/* ---- Containers ---------------------------------------------------------------------------------------------------------- */

static bool add_tree(struct standing *standing, const struct path_tree *tree, bool row)
{
    for (unsigned i = 0; i < standing->tree_count; i++)
        if (standing->trees[i] == tree)
            return true;
    if (standing->tree_count == TREES_LIMIT)
        return false;
    standing->trees[standing->tree_count++] = tree;
    if (row)
        standing->row = tree;
    return true;
}

static bool is_node(const struct standing *standing, const struct json_doc *doc, const struct json_node *node)
{
    return node && standing->node == node && doc && standing->doc->nodes == doc->nodes;
}

/* The trees in which the members of an object are looked for by the images that it is. */
static bool is_judged(const struct learning *learning, const struct standing *object)
{
    const struct view *view = learning->lesson->view;
    for (unsigned i = 0; i < view->judged_count; i++)
        if (is_node(object, view->doc, view->judged[i]))
            return true;
    /* A router value in a string is known by a member that the layout reads; paths may have opened that string once more. */
    return view->document.node && object->node && object->node == object->doc->nodes;
}

/* Adds what an image's tree has for a member of this key. */
static bool stand_in_image(struct learning *learning, const struct standing *object, enum path_space space,
                           struct standing *member)
{
    const struct finder *finder = learning->shapes->finder;
    const struct image *image = &learning->lesson->view->image[space];
    bool fallback;
    if (!is_node(object, image->doc, image->node))
        return true;
    const struct path_tree *tree = image_find(image, &finder->tree[space], member->key, &fallback);
    if (space == SPACE_SOURCE)
        member->in_source = image->naming == NAMED_PLAINLY;
    return !tree || (note_node(learning, tree) && add_tree(member, tree, space == SPACE_ROW));
}

/* Around what the wrapping holds, paths are looked for that lead nowhere within: such a message is not learned. */
static bool is_read_around(const struct learning *learning, const struct standing *object, struct text key)
{
    const struct view *view = learning->lesson->view;
    return view->root != view->doc->nodes && object->doc->nodes == view->doc->nodes && object->node &&
           object->node != view->root && is_judged(learning, object) &&
           path_tree_child(&learning->shapes->finder->tree[SPACE_MESSAGE], key) != NULL;
}

static bool stand(struct learning *learning, const struct standing *object, struct standing *member)
{
    const struct finder *finder = learning->shapes->finder;
    const struct view *view = learning->lesson->view;
    const struct text key = member->key;
    if (is_read_around(learning, object, key))
        return false;
    for (unsigned i = 0; i < object->tree_count; i++) {
        const struct path_tree *tree = path_tree_child(object->trees[i], key);
        if (tree && (!note_node(learning, tree) || !add_tree(member, tree, object->trees[i] == object->row)))
            return false;
    }
    for (unsigned space = 0; space < SPACES; space++)
        if (!stand_in_image(learning, object, (enum path_space)space, member))
            return false;
    if (is_node(member, view->op_value.doc, view->op_value.node) &&
        (finder->op.reader_count || finder->op.rule) &&
        (!enter(learning, TO_IMAGE, TEXT("op")) || !add_tree(member, &finder->op, false)))
        return false;
    if (is_node(member, view->ts_ms.doc, view->ts_ms.node) &&
        (finder->ts_ms.reader_count || finder->ts_ms.rule) &&
        (!enter(learning, TO_IMAGE, TEXT("ts_ms")) || !add_tree(member, &finder->ts_ms, false)))
        return false;
    return true;
}

/* Marks a member that no column takes, in an object whose such members are listed. */
static bool see_unmapped(struct learning *learning, const struct standing *object, struct standing *member)
{
    const struct finder *finder = learning->shapes->finder;
    const struct view *view = learning->lesson->view;
    const struct image *image = &view->image[SPACE_ROW];
    const struct path_tree *tree = object->row;
    struct text name = member->key, around = object->row_name;
    bool listed = object->listed;
    if (!finder->lists_unmapped)
        return true;
    if (is_node(object, image->doc, image->node)) {
        tree = &finder->tree[SPACE_ROW];
        listed = !image_is_metadata(image, name);
        around = NONE;
        if (image->naming == NAMED_BY_PREFIX) {
            listed = text_starts(name, image->prefix);
            name = listed ? text_from(name, image->prefix.size) : name;
        }
    }
    if (!listed || is_ignored(tree, name))
        return true;
    member->row_name = unmapped_name(learning->lesson->walk->arena, around, name);
    if (!member->row || !member->row->taken)
        return mark_unmapped(learning, member->row_name);
    member->listed = member->row->by_member;
    return true;
}

/* Notes of which classes a member of the object around it is, by which the form of a message is told. */
static bool note_classes(struct learning *learning, uint64_t bits)
{
    for (; bits; bits &= bits - 1) {
        const char bit = (char)('0' + __builtin_ctzll(bits));
        if (!note_here(learning, TO_CLASS, (struct text){&bit, 1}, false, 0))
            return false;
    }
    return true;
}

static bool learn_member(struct learning *learning, const struct standing *object,
                         const struct json_node *node, bool judged)
{
    struct standing member = {.doc = object->doc, .node = node, .judged_member = judged};
    if (!read_key(learning, &member.key) || text_equal(member.key, TEXT(LEFT_OUT)))
        return false;
    const uint64_t bits = judged ? view_key_bits(&learning->shapes->finder->options, member.key) : 0;
    if (!note_classes(learning, bits) || !enter(learning, TO_MEMBER, member.key))
        return false;
    if ((view_is_told_by_first(bits) && !note_here(learning, TO_MEMBER, NONE, true, STAGE_NEVER)) ||
        !stand(learning, object, &member) || !see_unmapped(learning, object, &member))
        return false;
    return learn_value(learning, &member);
}

/* An element is told from the others where paths lead to one of them. */
static bool learn_element(struct learning *learning, const struct standing *array,
                          const struct json_node *node, uint32_t index)
{
    struct standing element = {.doc = array->doc, .node = node};
    const struct step step = {.index = index};
    const struct text number = {(const char *)&index, sizeof index};
    if (!enter(learning, TO_ELEMENT, has_element_paths(array) ? number : NONE))
        return false;
    for (unsigned i = 0; i < array->tree_count; i++) {
        const struct path_tree *tree = path_tree_end(array->trees[i], &step, 1);
        if (tree && (!note_node(learning, tree) || !add_tree(&element, tree, array->trees[i] == array->row)))
            return false;
    }
    return learn_value(learning, &element);
}

static bool learn_children(struct learning *learning, const struct standing *container)
{
    const bool object = *learning->at == '{', judged = is_judged(learning, container);
    const char closing = object ? '}' : ']';
    const struct json_node *node = container->node ? json_first(container->doc, container->node) : NULL;
    learning->at++;
    skip_space(learning);
    if (learning->at < learning->end && *learning->at == closing) {
        learning->at++;
        return true;
    }
    for (uint32_t index = 0;; index++) {
        size_t path_size = learning->path_size;
        if (object ? !learn_member(learning, container, node, judged)
                   : !learn_element(learning, container, node, index))
            return false;
        learning->path_size = path_size;
        node = node ? json_after(container->doc, container->node, node) : NULL;
        skip_space(learning);
        if (learning->at == learning->end || (*learning->at != ',' && *learning->at != closing))
            return false;
        if (*learning->at++ == closing)
            return true;
        skip_space(learning);
    }
}

/* Names the images whose members an object has, so that the slots within are told from those of other forms. */
static bool enter_images(struct learning *learning, const struct standing *object)
{
    const struct view *view = learning->lesson->view;
    for (unsigned space = 0; space < SPACES; space++) {
        const struct image *image = &view->image[space];
        if (!is_node(object, image->doc, image->node))
            continue;
        const char name[2] = {(char)('0' + space), (char)('0' + image->naming)};
        if (!enter(learning, TO_IMAGE, (struct text){name, sizeof name}) ||
            !note_here(learning, TO_IMAGE, (struct text){name, sizeof name}, false, 0))
            return false;
    }
    if (is_node(object, view->document.doc, view->document.node))
        return enter(learning, TO_IMAGE, TEXT("document")) &&
               note_here(learning, TO_IMAGE, TEXT("document"), false, 0);
    return true;
}

/* A router value is the JSON column's document: it stands where that does. */
static bool stand_as_document(const struct learning *learning, struct standing *standing)
{
    const struct finder *finder = learning->shapes->finder;
    const struct view *view = learning->lesson->view;
    if (!is_node(standing, view->document.doc, view->document.node))
        return false;
    standing->row_name = finder->layout->json_column;
    standing->listed = finder->document && finder->document->by_member &&
                       !is_ignored(&finder->tree[SPACE_ROW], finder->layout->json_column);
    return finder->document && add_tree(standing, finder->document, true);
}

/* Whether an array may be, with other elements, one that stands for a value that was left out: of one text, or of the
 * placeholder's bytes. */
static bool may_be_left_out(const struct standing *standing)
{
    const struct json_node *first = standing->node ? json_first(standing->doc, standing->node) : NULL;
    size_t count = 0;
    if (!first || standing->node->kind != JSON_ARRAY)
        return false;
    for (const struct json_node *element = first; element;
         element = json_after(standing->doc, standing->node, element))
        count++;
    return first->kind == JSON_STRING ? count == 1
                                      : first->kind == JSON_NUMBER && count == sizeof LEFT_OUT - 1;
}

static bool learn_container(struct learning *learning, struct standing *standing)
{
    const struct consultation consulted = consulted_of(learning, standing);
    if (may_be_left_out(standing) && is_document_member(learning, standing))
        return false; /* its elements are slots */
    if (consulted.rule)
        return learn_decisive(learning, standing, consulted.stage);
    if (consulted.form) {
        if (!note_here(learning, TO_CONTAINER, (struct text){learning->at, 1}, false, 0))
            return false;
        account(learning, standing, CONSULTED_FORM);
    }
    stand_as_document(learning, standing);
    return enter_images(learning, standing) && mark(learning, standing, MARKED_CONTAINER, false) &&
           learn_children(learning, standing) && mark(learning, standing, MARKED_CONTAINER, true);
}

/* A document's own value: the marks of the string around it stand for who reads it whole, unless it is a router value. */
static bool learn_document_value(struct learning *learning, struct standing *standing)
{
    const bool router = stand_as_document(learning, standing);
    return enter_images(learning, standing) &&
           (!router || mark(learning, standing, MARKED_CONTAINER, false)) &&
           learn_children(learning, standing) &&
           (!router || mark(learning, standing, MARKED_CONTAINER, true));
}

static bool learn_value(struct learning *learning, struct standing *standing)
{
    const struct view *view = learning->lesson->view;
    if (learning->at == learning->end)
        return false;
    if (is_node(standing, view->schema.doc, view->schema.node)) {
        learning->at = view->doc->text + view->schema.node->end + (view->schema.node->kind == JSON_STRING);
        return true;
    }
    if (*learning->at != '{' && *learning->at != '[')
        return learn_scalar(learning, standing);
    return learning->level > 0 && standing->node == standing->doc->nodes
               ? learn_document_value(learning, standing)
               : learn_container(learning, standing);
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

/* All slots of a message with a schema are named by it: what it says of units holds for them alone. The schema itself is part of the
 * literal as it stands. */
static bool enter_schema(struct learning *learning)
{
    const struct node_ref schema = learning->lesson->view->schema;
    if (!schema.node)
        return true;
    uint64_t hash = hash_of(json_raw(schema.doc, schema.node));
    return enter(learning, TO_SCHEMA, (struct text){(const char *)&hash, sizeof hash});
}

/* Whether all that was consulted is in a literal or the value of a slot, or is implied by the form. */
static bool is_accounted(const struct lesson *lesson)
{
    for (size_t i = 0; i < lesson->ledger->count; i++) {
        const struct ledger_entry *entry = &lesson->ledger->entries[i];
        if (!entry->learned && !view_is_implied(entry->doc))
            return false;
    }
    return true;
}

static bool same_signature(const struct signature *a, const struct signature *b)
{
    return memcmp(&a->keys, &b->keys, sizeof a->keys) == 0 && a->stage == b->stage &&
           a->skipped == b->skipped && a->is_router == b->is_router && a->implied_op == b->implied_op &&
           text_equal(a->reason, b->reason);
}

static bool add_signature(struct learning *learning)
{
    struct shapes *shapes = learning->shapes;
    const struct lesson *lesson = learning->lesson;
    struct signature signature = {.keys = learning->all_keys,
                                  .stage = lesson->stage,
                                  .skipped = lesson->skipped,
                                  .is_router = lesson->view->document.node != NULL,
                                  .reason = lesson->reason};
    if (view_is_implied(lesson->view->op_value.doc))
        signature.implied_op = lesson->view->op.data[0];
    for (uint32_t i = 0; i < shapes->signature_count; i++)
        if (same_signature(&shapes->signatures[i], &signature))
            return true;
    if (shapes->signature_count == SIGNATURES_LIMIT)
        return false;
    signature.reason = automaton_keep(shapes, lesson->reason);
    if (!signature.reason.data)
        return false;
    shapes->signatures[shapes->signature_count++] = signature;
    return true;
}

/* What the objects of a message are to its view: the same for all messages of one role. */
static bool enter_role(struct learning *learning)
{
    const struct view *view = learning->lesson->view;
    char role[SPACES + 2];
    for (unsigned space = 0; space < SPACES; space++)
        role[space] = (char)('0' + (view->image[space].node ? 1 + (int)view->image[space].naming : 0));
    role[SPACES] = (char)('0' + (int)view->verdict);
    role[SPACES + 1] = view->document.node ? 'd' : view->row_name.data[0];
    return enter(learning, TO_ROLE, (struct text){role, sizeof role});
}

/* The state in which a message of this role begins; NULL if there is no room for another. */
static struct shape_state *start_of(struct learning *learning)
{
    struct shapes *shapes = learning->shapes;
    const struct text identity = {learning->path, learning->path_size};
    struct shape_state *start = automaton_find_state(shapes, identity);
    if (start || shapes->start_count == ROLES_LIMIT)
        return start;
    start = automaton_add_state(shapes, identity, 0);
    if (start)
        shapes->starts[shapes->start_count++] = start;
    return start;
}

/* Goes through the message once. The first time nothing is added but keys: a message that cannot be learned leaves nothing behind. */
static bool go_through(struct learning *learning, bool rehearsed)
{
    const struct json_doc *doc = learning->lesson->view->doc;
    struct standing root = {.doc = doc, .node = doc->nodes};
    learning->rehearsed = rehearsed;
    learning->at = doc->text;
    learning->path_size = 0;
    if (!enter_role(learning) || !(learning->start = start_of(learning)))
        return false;
    begin_literal(learning, learning->start);
    memset(&learning->all_keys, 0, sizeof learning->all_keys);
    learning->literal = learning->lesson->message.data;
    skip_space(learning);
    if (!enter_schema(learning))
        return false;
    learning->base = learning->path_size;
    if (!learn_value(learning, &root))
        return false;
    learning->at = learning->end;
    return true;
}

static bool learn(struct learning *learning)
{
    return go_through(learning, false) && is_accounted(learning->lesson) && go_through(learning, true) &&
           end_literal(learning, NULL) && add_signature(learning);
}

void shapes_learn(struct shapes *shapes, const struct lesson *lesson)
{
    shapes->credit--;
    automaton_forget_if_full(shapes);
    struct learning learning = {
        .shapes = shapes, .lesson = lesson, .end = lesson->message.data + lesson->message.size};
    if (!learn(&learning)) {
        shapes->credit -= shapes->credit < FAILED_LESSON_COST ? shapes->credit : FAILED_LESSON_COST;
        return;
    }
    shapes->counts.learned++;
    if (shapes->missed_in_row > MISSES_BEFORE_REST - TRIES)
        shapes->missed_in_row = MISSES_BEFORE_REST - TRIES;
}
