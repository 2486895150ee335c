#include "decode/fast/lesson.h"

static const struct text NONE = {NULL, 0};

/* ---- Names and keys ------------------------------------------------------------------------------------------------------ */

/* Lengthens the path; answers false if it gets too long. */
bool enter(struct learning *learning, enum way way, struct text name)
{
    if (learning->path_size + name.size + 1 > IDENTITY_LIMIT)
        return false;
    learning->path[learning->path_size++] = (char)way;
    if (name.size)
        memcpy(learning->path + learning->path_size, name.data, name.size);
    learning->path_size += name.size;
    return true;
}

static uint32_t find_key(struct learning *learning, struct text name, bool unique, unsigned stage)
{
    return automaton_key(learning->shapes, name, unique, stage);
}

/* Notes that the message holds this. False if there is no room for it, or a unique one is there twice. */
static bool note(struct learning *learning, struct text name, bool unique, unsigned stage)
{
    uint32_t key = find_key(learning, name, unique, stage);
    if (key == KEY_NONE ||
        (unique && (key_is_in(&learning->keys, key) || key_is_in(&learning->all_keys, key))))
        return false;
    key_add(&learning->keys, key);
    return true;
}

/* The same of the present path, with a word on what is there. */
bool note_here(struct learning *learning, enum way way, struct text word, bool unique, unsigned stage)
{
    size_t size = learning->path_size;
    if (!enter(learning, way, word))
        return false;
    struct text name = {learning->path + learning->base, learning->path_size - learning->base};
    learning->path_size = size;
    return note(learning, name, unique, stage);
}

/* Notes that a path of the layout leads to something, whatever the members on the way are called. */
bool note_node(struct learning *learning, const struct path_tree *tree)
{
    char name[1 + sizeof tree] = {TO_NODE};
    memcpy(name + 1, &tree, sizeof tree);
    return note(learning, (struct text){name, sizeof name}, true, tree->rule ? tree->rule : STAGE_NEVER);
}

/* ---- The ledger ---------------------------------------------------------------------------------------------------------- */

struct consultation consulted_of(const struct learning *learning, const struct standing *standing)
{
    const struct ledger *ledger = learning->lesson->ledger;
    struct consultation found = {.stage = STAGE_NEVER};
    for (size_t i = 0; i < ledger->count && standing->node; i++) {
        const struct ledger_entry *entry = &ledger->entries[i];
        if (entry->node != standing->node || entry->doc->nodes != standing->doc->nodes)
            continue;
        const unsigned stage = entry->what == CONSULTED_FORM   ? 0
                               : entry->what == CONSULTED_RULE ? entry->index + 1u
                                                               : STAGE_NEVER;
        found.form |= entry->what == CONSULTED_FORM;
        found.rule |= entry->what == CONSULTED_RULE;
        found.column |= entry->what == CONSULTED_COLUMN;
        found.opened |= entry->what == CONSULTED_OPENED;
        if (entry->what == CONSULTED_OPENED && entry->opened) {
            found.twice |= found.document && found.document->nodes != entry->opened->nodes;
            found.document = entry->opened;
        }
        if (stage < found.stage)
            found.stage = stage;
    }
    return found;
}

/* Marks the value's entries of this kind as learned. */
void account(const struct learning *learning, const struct standing *standing, enum consulted what)
{
    const struct ledger *ledger = learning->lesson->ledger;
    for (size_t i = 0; i < ledger->count && standing->node; i++) {
        struct ledger_entry *entry = &ledger->entries[i];
        if (entry->node == standing->node && entry->doc->nodes == standing->doc->nodes && entry->what == what)
            entry->learned = true;
    }
}

/* Marks those entries of columns whose values the uses are. */
void account_uses(const struct learning *learning, const struct standing *standing,
                  const struct shape_use *uses, uint32_t count)
{
    const struct ledger *ledger = learning->lesson->ledger;
    for (size_t i = 0; i < ledger->count && standing->node; i++) {
        struct ledger_entry *entry = &ledger->entries[i];
        if (entry->node != standing->node || entry->doc->nodes != standing->doc->nodes ||
            entry->what != CONSULTED_COLUMN)
            continue;
        for (uint32_t j = 0; j < count; j++)
            entry->learned |= uses[j].index == entry->index && uses[j].path == entry->path;
    }
}

/* ---- Uses ---------------------------------------------------------------------------------------------------------------- */

static struct shape_use use_of(const struct learning *learning, const struct reader *reader)
{
    const struct view *view = learning->lesson->view;
    const struct column *column = &learning->shapes->finder->layout->columns[reader->column];
    const struct path *path = &column->paths[reader->path];
    struct shape_use use = {
        .column = column, .as = column->as, .index = reader->column, .path = reader->path};
    use.rank = (uint16_t)(reader->path + 1);
    use.row_member = path->space == SPACE_ROW && path->count == 2;
    if (view->schema.node && !view->document.node && schema_matters(column))
        schema_refine(view, path, learning->lesson->walk->arena, &use.as);
    use.as.extended |= view->row_in_string && path->space == SPACE_ROW;
    use.is_string = use.as.type.kind == TYPE_STRING;
    return use;
}

/* The columns whose paths end where the value stands; answers their number. NULL counts only. */
uint32_t list_uses(const struct learning *learning, const struct standing *standing, struct shape_use *uses)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < standing->tree_count; i++)
        for (uint32_t j = 0; j < standing->trees[i]->reader_count; j++, count++)
            if (uses)
                uses[count] = use_of(learning, &standing->trees[i]->readers[j]);
    return count;
}

bool is_crossed(const struct standing *standing)
{
    for (unsigned i = 0; i < standing->tree_count; i++)
        if (standing->trees[i]->count || standing->trees[i]->base64)
            return true;
    return false;
}

bool has_element_paths(const struct standing *standing)
{
    for (unsigned i = 0; i < standing->tree_count; i++)
        for (size_t j = 0; j < standing->trees[i]->count; j++)
            if (!standing->trees[i]->children[j].step.name.data)
                return true;
    return false;
}

/* A member of the row image through which paths lead: its string is read as JSON, and refused if it is none. */
bool is_document_member(const struct learning *learning, const struct standing *standing)
{
    const struct path_tree *row = &learning->shapes->finder->tree[SPACE_ROW];
    for (unsigned i = 0; i < standing->tree_count; i++)
        if ((standing->trees[i]->count || standing->trees[i]->base64) &&
            path_tree_is_child(row, standing->trees[i]))
            return true;
    return false;
}

/* The first rule that looks at this value or through it, as a stage; STAGE_NEVER where none does. */
static unsigned stage_of_rules(const struct standing *standing)
{
    unsigned stage = STAGE_NEVER;
    for (unsigned i = 0; i < standing->tree_count; i++)
        if (standing->trees[i]->rule && standing->trees[i]->rule < stage)
            stage = standing->trees[i]->rule;
    return stage;
}

/* The greatest integer of a type; 0 if it is none of at most 64 bits. */
static uint64_t limit_of(const struct type *type)
{
    switch (type->kind) {
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        return UINT64_MAX >> (65 - 8 * type->width);
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_UINT64:
        return UINT64_MAX >> (64 - 8 * type->width);
    default:
        return 0;
    }
}

static void decide_how(struct shape_state *state, bool crossed)
{
    const struct shape_use *use = state->uses;
    if (crossed || state->use_count == 0)
        state->how = crossed ? HOW_CROSSED : HOW_PASS;
    if (crossed || state->use_count != 1 || use->rank != 1)
        return;
    const struct type *type = &use->as.type;
    state->index = use->index;
    state->row_member = use->row_member;
    state->precision = type->precision;
    state->limit = limit_of(type);
    state->how = use->is_string                  ? HOW_TEXT
                 : use->as.foreign               ? HOW_GIVE
                 : type->kind == TYPE_DATETIME64 ? HOW_TIME
                 : type->kind == TYPE_FLOAT64    ? HOW_REAL
                 : state->limit                  ? HOW_NATURAL
                                                 : HOW_GIVE;
}

/* The state of the value that stands here; NULL if there is no room for it. */
struct shape_state *state_here(struct learning *learning, const struct standing *standing)
{
    struct shapes *shapes = learning->shapes;
    struct text identity = {learning->path, learning->path_size};
    struct shape_state *state = automaton_find_state(shapes, identity);
    if (state)
        return state;
    const bool crossed = is_crossed(standing);
    uint32_t opaque = 0;
    if (crossed) {
        const unsigned stage = stage_of_rules(standing);
        const unsigned all = (unsigned)shapes->finder->layout->accept_count + 1;
        size_t size = learning->path_size;
        if (!enter(learning, TO_OPAQUE, NONE))
            return NULL;
        opaque = find_key(
            learning, (struct text){learning->path + learning->base, learning->path_size - learning->base},
            false, stage < all ? stage : all);
        learning->path_size = size;
        if (opaque == KEY_NONE)
            return NULL;
    }
    state = automaton_add_state(shapes, identity, learning->level);
    if (!state)
        return NULL;
    if (crossed) {
        key_add(&state->opaque, opaque);
        state->is_document = is_document_member(learning, standing);
    }
    state->use_count = list_uses(learning, standing, NULL);
    state->uses = arena_alloc(&shapes->arena, state->use_count * sizeof *state->uses);
    if (!state->uses)
        return NULL;
    list_uses(learning, standing, state->uses);
    decide_how(state, crossed);
    return state;
}

/* ---- Steps --------------------------------------------------------------------------------------------------------------- */

static uint32_t count_unique(const struct shapes *shapes, const struct key_set *keys)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < KEY_WORDS; i++)
        count += (uint32_t)__builtin_popcountll(keys->words[i] & shapes->unique.words[i]);
    return count;
}

static bool same_marks(const struct shape_step *step, const struct learning *learning)
{
    bool same = step->mark_count == learning->mark_count;
    for (uint32_t i = 0; same && i < step->mark_count; i++) {
        const struct shape_mark *a = &step->marks[i], *b = &learning->marks[i];
        same = a->offset == b->offset && a->what == b->what && a->closes == b->closes &&
               a->use.index == b->use.index && a->use.path == b->use.path && text_equal(a->name, b->name);
    }
    return same;
}

/* The keys of the literal become the message's, and the next literal begins. */
void begin_literal(struct learning *learning, struct shape_state *state)
{
    for (unsigned i = 0; i < KEY_WORDS; i++)
        learning->all_keys.words[i] |= learning->keys.words[i];
    memset(&learning->keys, 0, sizeof learning->keys);
    learning->mark_count = 0;
    learning->state = state;
    learning->literal = learning->at;
}

/* Ends the literal here: it leads to `next`. Where the same literal leads elsewhere already, the two cannot be told apart. */
bool end_literal(struct learning *learning, struct shape_state *next)
{
    struct text literal = {learning->literal, (size_t)(learning->at - learning->literal)};
    const struct shape_step *step = automaton_find_step(learning->state, literal);
    if (step && (step->next != next || memcmp(&step->keys, &learning->keys, sizeof step->keys) != 0 ||
                 !same_marks(step, learning)))
        return false;
    if (!step) {
        const struct shape_step new_step = {.mark_count = learning->mark_count,
                                            .marks = learning->marks,
                                            .unique_count = count_unique(learning->shapes, &learning->keys),
                                            .next = next,
                                            .keys = learning->keys};
        if (learning->new_steps == LESSON_STEPS_LIMIT ||
            !automaton_add_step(learning->shapes, learning->state, literal, &new_step))
            return false;
        learning->new_steps++;
    }
    begin_literal(learning, next);
    return true;
}

/* Marks where the columns' value begins or ends within the literal. */
bool mark(struct learning *learning, const struct standing *standing, enum shape_marked what, bool closes)
{
    uint32_t count = list_uses(learning, standing, NULL);
    if (learning->mark_count + count > MARKS_LIMIT)
        return false;
    struct shape_use uses[MARKS_LIMIT];
    list_uses(learning, standing, uses);
    for (uint32_t i = 0; i < count; i++) {
        /* One value of a column begins within another of it. */
        if (what != MARKED_SCALAR && uses[i].column->path_count > 1)
            return false;
        learning->marks[learning->mark_count++] =
            (struct shape_mark){.offset = (uint32_t)(learning->at - learning->literal),
                                .use = uses[i],
                                .closes = closes,
                                .level = (uint8_t)learning->level,
                                .what = what};
    }
    account_uses(learning, standing, uses, count);
    return true;
}

bool mark_unmapped(struct learning *learning, struct text name)
{
    if (learning->mark_count == MARKS_LIMIT || !name.data)
        return false;
    learning->marks[learning->mark_count++] =
        (struct shape_mark){.offset = (uint32_t)(learning->at - learning->literal),
                            .name = name,
                            .closes = true,
                            .what = MARKED_UNMAPPED};
    return true;
}
