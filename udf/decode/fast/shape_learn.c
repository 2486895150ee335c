#include "json/json_check.h"
#include "base/scan.h"
#include "debezium/schema.h"
#include "decode/fast/shape_graph.h"

#define IDENTITY_MOST 1024 /* bytes of a place's path */
#define MARKS_MOST 16      /* in one literal */

/* One message while it is learned from. It is known to be an event; its text is valid JSON. */
struct lesson {
    struct shapes *shapes;
    const struct json_doc *doc;
    const struct envelope *envelope;
    struct arena *scratch;
    const char *text, *at, *end;
    unsigned level; /* of the document that it is in: shape_quotes */

    char path[IDENTITY_MOST]; /* to the present value */
    size_t path_size;

    struct shape_state *state; /* whose steps the literal below becomes one of */
    const char *literal;
    uint32_t steps;            /* that were new */
    shape_keys keys, all_keys; /* of the literal, of the whole message so far */
    struct shape_mark marks[MARKS_MOST];
    uint32_t mark_count;
};

/* Where a value stands. */
struct standing {
    const struct path_tree *outside, *row_image; /* the path to it in the layout's trees, or NULL */
    bool decisive;                               /* its members are the root's, or the wrapper's around it */
    bool root_member;
    bool in_array;  /* paths with an index are not learned: nothing here is read */
    bool in_source; /* a member of the root's `source` */
    struct text key;
};

static const struct text NONE = {NULL, 0};

static bool learn_value(struct lesson *lesson, struct standing standing);

/* What leads on from one place to the next in the path of a value. Control characters, which stand in no key, so that no key can be
 * taken for two. */
enum way { TO_MEMBER = 1, TO_ELEMENT, TO_DOCUMENT, TO_ROW_IMAGE, TO_TEXT, TO_SCHEMA, TO_CONTAINER };

/* ---- Names --------------------------------------------------------------------------------------------------------------- */

/* Lengthens the path; answers false where it gets too long. */
static bool enter(struct lesson *lesson, enum way way, struct text name)
{
    if (lesson->path_size + name.size + 1 > IDENTITY_MOST)
        return false;
    lesson->path[lesson->path_size++] = (char)way;
    if (name.size)
        memcpy(lesson->path + lesson->path_size, name.data, name.size);
    lesson->path_size += name.size;
    return true;
}

static struct text keep(struct shapes *shapes, struct text text)
{
    char *copy = arena_alloc(&shapes->arena, text.size + SHAPE_PADDING);
    if (!copy)
        return (struct text){NULL, 0};
    memcpy(copy, text.data, text.size);
    memset(copy + text.size, 0, SHAPE_PADDING);
    return (struct text){copy, text.size};
}

/* Notes that the message holds this: the present path, with a word on what is there. False where there is no room for it. */
static bool note_key(struct lesson *lesson, enum way way, struct text word, bool decisive)
{
    struct shapes *shapes = lesson->shapes;
    size_t size = lesson->path_size;
    if (!enter(lesson, way, word))
        return false;
    struct text name = {lesson->path, lesson->path_size};
    lesson->path_size = size;
    uint32_t index = 0;
    while (index < shapes->key_count && !text_equal(shapes->key_names[index], name))
        index++;
    if (index == shapes->key_count) {
        if (index == SHAPE_KEYS_MOST)
            return false;
        shapes->key_names[index] = keep(shapes, name);
        if (!shapes->key_names[index].data)
            return false;
        shapes->key_count++;
    }
    shape_keys key = (shape_keys)1 << index;
    if ((lesson->keys | lesson->all_keys) & key)
        return false; /* a key that is there twice */
    if (decisive)
        shapes->decisive |= key;
    lesson->keys |= key;
    return true;
}

/* FNV-1a */
static uint64_t hash_of(struct text text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    return hash;
}

/* ---- States -------------------------------------------------------------------------------------------------------------- */

static struct shape_use use_of(struct lesson *lesson, size_t column_index, size_t path_index)
{
    const struct column *column = &lesson->shapes->layout.layout->columns[column_index];
    const struct path *path = &column->paths[path_index];
    struct shape_use use = {.column = column, .as = column->as, .index = (uint16_t)column_index};
    use.rank = (uint16_t)(path_index + 1);
    use.is_string = use.as.type.kind == TYPE_STRING;
    use.row_member = path->row && path->count == 2;
    if (lesson->envelope->schema && schema_matters(column))
        schema_refine(lesson->doc, lesson->envelope, path, lesson->scratch, &use.as);
    return use;
}

/* The columns whose paths end where the value stands; answers their number. NULL counts only. */
static uint32_t list_uses(struct lesson *lesson, const struct standing *standing, struct shape_use *uses)
{
    const struct shape_layout *layout = &lesson->shapes->layout;
    uint32_t count = 0;
    if (!standing->outside && !standing->row_image)
        return 0;
    for (size_t i = 0; i < layout->layout->column_count; i++) {
        for (size_t j = 0; j < layout->layout->columns[i].path_count; j++) {
            const struct path_tree *end = layout->ends[i][j];
            if (end != standing->outside && end != standing->row_image)
                continue;
            if (uses)
                uses[count] = use_of(lesson, i, j);
            count++;
        }
    }
    return count;
}

static bool is_crossed(const struct standing *standing)
{
    return (standing->outside && standing->outside->count) ||
           (standing->row_image && standing->row_image->count);
}

/* The greatest integer of a type; 0 where it is none. */
static uint64_t most_of(const struct type *type)
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
    state->most = most_of(type);
    state->how = type->kind == TYPE_STRING       ? HOW_TEXT
                 : type->kind == TYPE_DATETIME64 ? HOW_TIME
                 : type->kind == TYPE_FLOAT64    ? HOW_REAL
                 : state->most                   ? HOW_NATURAL
                                                 : HOW_GIVE;
}

static struct shape_state *add_state(struct lesson *lesson, const struct standing *standing,
                                     struct text identity)
{
    struct shapes *shapes = lesson->shapes;
    struct shape_state *state = arena_alloc(&shapes->arena, sizeof *state);
    identity = keep(shapes, identity);
    if (!state || !identity.data || shapes->states == SHAPE_STATES_MOST)
        return NULL;
    static struct shape_head none = {.step = NULL};
    struct text quote = shape_quotes[lesson->level];
    *state = (struct shape_state){.identity = identity,
                                  .level = (uint8_t)lesson->level,
                                  .quote_size = (uint8_t)quote.size,
                                  .heads = &none};
    memcpy(&state->quote, quote.data, quote.size);
    memset(&state->quote_mask, 0xFF, quote.size);
    if (standing) {
        state->use_count = list_uses(lesson, standing, NULL);
        state->uses = arena_alloc(&shapes->arena, state->use_count * sizeof *state->uses);
        if (!state->uses)
            return NULL;
        list_uses(lesson, standing, state->uses);
        decide_how(state, is_crossed(standing));
    }
    struct shape_state **others = &shapes->by_hash[hash_of(identity) % SHAPE_BUCKETS];
    state->same_hash = *others;
    *others = state;
    shapes->states++;
    return state;
}

/* The state of the value that stands here; NULL where there is no room for it. */
static struct shape_state *find_state(struct lesson *lesson, const struct standing *standing)
{
    struct text identity = {lesson->path, lesson->path_size};
    struct shape_state *state = lesson->shapes->by_hash[hash_of(identity) % SHAPE_BUCKETS];
    while (state && !text_equal(state->identity, identity))
        state = state->same_hash;
    return state ? state : add_state(lesson, standing, identity);
}

/* ---- Steps --------------------------------------------------------------------------------------------------------------- */

static uint32_t common_size(struct text a, struct text b)
{
    uint32_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

/* Says anew by which bytes the state's literals are told apart. */
static void tell_apart(const struct shapes *shapes, struct shape_state *state)
{
    const struct shape_step *first = state->heads[0].step;
    const bool is_quick =
        state->step_count == 1 && first->mark_count == 0 && first->size <= shapes->step_size;
    state->quick = is_quick ? first : NULL;
    state->common = first->size < SHAPE_COMMON_MOST ? first->size : SHAPE_COMMON_MOST;
    for (uint32_t i = 0; i < state->step_count; i++) {
        const struct shape_step *step = state->heads[i].step;
        state->common = common_size((struct text){first->literal, state->common},
                                    (struct text){step->literal, step->size});
    }
    for (uint32_t i = 0; i < state->step_count; i++) {
        struct shape_head *head = &state->heads[i];
        uint32_t left = head->step->size - state->common;
        head->bytes = scan_word(head->step->literal + state->common);
        head->mask = left < 8 ? scan_first_bytes(left) : UINT64_MAX;
    }
}

static bool insert_step(struct shapes *shapes, struct shape_state *state, const struct shape_step *step)
{
    if (state->step_count + 1 >= state->step_room) {
        uint32_t room = 2 * state->step_room + 2;
        struct shape_head *heads = arena_alloc(&shapes->arena, room * sizeof *heads);
        if (!heads)
            return false;
        memcpy(heads, state->heads, (state->step_count + 1) * sizeof *heads);
        state->heads = heads;
        state->step_room = room;
    }
    uint32_t place = 0;
    while (place < state->step_count && state->heads[place].step->size > step->size)
        place++;
    memmove(&state->heads[place + 1], &state->heads[place],
            (state->step_count + 1 - place) * sizeof *state->heads);
    state->heads[place].step = step;
    state->step_count++;
    tell_apart(shapes, state);
    return true;
}

static uint32_t count_keys(shape_keys keys)
{
    return (uint32_t)(__builtin_popcountll((uint64_t)keys) + __builtin_popcountll((uint64_t)(keys >> 64)));
}

static bool add_step(struct lesson *lesson, struct text literal, struct shape_state *next)
{
    struct shapes *shapes = lesson->shapes;
    if (literal.size == 0 || shapes->steps == SHAPE_STEPS_MOST || lesson->steps == SHAPE_STEPS_A_MESSAGE ||
        shapes->literal_bytes + literal.size > SHAPE_LITERALS_MOST)
        return false;
    struct shape_step *step = arena_alloc(&shapes->arena, sizeof *step);
    struct shape_mark *marks = arena_alloc(&shapes->arena, lesson->mark_count * sizeof *marks);
    literal = keep(shapes, literal);
    if (!step || !marks || !literal.data)
        return false;
    memcpy(marks, lesson->marks, lesson->mark_count * sizeof *marks);
    *step = (struct shape_step){.literal = literal.data,
                                .size = (uint32_t)literal.size,
                                .last = UINT32_MAX >> (31 - (literal.size - 1) % shapes->step_size),
                                .mark_count = lesson->mark_count,
                                .key_count = count_keys(lesson->keys),
                                .next = next,
                                .marks = marks,
                                .keys = lesson->keys};
    if (!insert_step(shapes, lesson->state, step))
        return false;
    lesson->steps++;
    shapes->steps++;
    shapes->literal_bytes += literal.size;
    return true;
}

static const struct shape_step *find_step(const struct shape_state *state, struct text literal)
{
    for (uint32_t i = 0; i < state->step_count; i++) {
        const struct shape_step *step = state->heads[i].step;
        if (text_equal((struct text){step->literal, step->size}, literal))
            return step;
    }
    return NULL;
}

/* Ends the literal here: it leads to `next`. Where the same literal leads elsewhere already, the two cannot be told apart. */
static bool end_literal(struct lesson *lesson, struct shape_state *next)
{
    struct text literal = {lesson->literal, (size_t)(lesson->at - lesson->literal)};
    const struct shape_step *step = find_step(lesson->state, literal);
    if (step && (step->next != next || step->keys != lesson->keys || step->mark_count != lesson->mark_count))
        return false;
    if (!step && !add_step(lesson, literal, next))
        return false;
    lesson->all_keys |= lesson->keys;
    lesson->keys = 0;
    lesson->mark_count = 0;
    lesson->state = next;
    return true;
}

/* ---- Reading the message ------------------------------------------------------------------------------------------------- */

static void skip_space(struct lesson *lesson)
{
    while (lesson->at < lesson->end && json_is_space(*lesson->at))
        lesson->at++;
}

static bool at_quote(const struct lesson *lesson)
{
    const struct text quote = shape_quotes[lesson->level];
    if (lesson->at == lesson->end || *lesson->at != *quote.data)
        return false;
    return text_starts((struct text){lesson->at, (size_t)(lesson->end - lesson->at)}, quote);
}

/* Past a string, from its opening quote. */
static bool skip_string(struct lesson *lesson)
{
    const size_t quote = shape_quotes[lesson->level].size;
    for (lesson->at += quote; lesson->at < lesson->end;) {
        if (at_quote(lesson)) {
            lesson->at += quote;
            return true;
        }
        if (*lesson->at != '\\')
            lesson->at++;
        else if (!(lesson->at = shape_escape_end(lesson->at, lesson->end, lesson->level)))
            return false;
    }
    return false;
}

/* Past any scalar. */
static bool skip_scalar(struct lesson *lesson)
{
    if (at_quote(lesson))
        return skip_string(lesson);
    const char *stop = json_literal_end(lesson->at, lesson->end);
    if (!stop)
        stop = json_number_end(lesson->at, lesson->end);
    if (stop)
        lesson->at = stop;
    return stop != NULL;
}

/* The key at the present place, and past its colon. Keys with escapes are not learned. */
static bool read_key(struct lesson *lesson, struct text *key)
{
    if (!at_quote(lesson))
        return false;
    lesson->at += shape_quotes[lesson->level].size;
    const char *start = lesson->at;
    while (lesson->at < lesson->end && *lesson->at != '"' && *lesson->at != '\\')
        lesson->at++;
    if (!at_quote(lesson))
        return false;
    *key = (struct text){start, (size_t)(lesson->at - start)};
    lesson->at += shape_quotes[lesson->level].size;
    skip_space(lesson);
    if (lesson->at == lesson->end || *lesson->at != ':')
        return false;
    lesson->at++;
    skip_space(lesson);
    return true;
}

/* ---- What stands where --------------------------------------------------------------------------------------------------- */

static bool begins(const struct lesson *lesson, const struct json_node *node)
{
    return lesson->level == 0 && node && lesson->at == lesson->text + node->start;
}

/* A scalar that decides about the outcome is part of the literal: it is always the same. */
static bool is_decisive_scalar(const struct lesson *lesson, const struct standing *standing)
{
    const struct shape_layout *layout = &lesson->shapes->layout;
    for (size_t i = 0; i < layout->layout->accept_count; i++)
        if (layout->rule_ends[i] == standing->outside || layout->rule_ends[i] == standing->row_image)
            return true;
    return standing->root_member &&
           (text_equal(standing->key, TEXT("op")) || text_equal(standing->key, TEXT("__op")) ||
            text_equal(standing->key, TEXT("__deleted")));
}

/* What hardly ever changes from one message of a table to the next is part of the literal, too, where no column takes it: the
 * names in `source`, and nulls there and in the root. */
static bool is_constant(struct lesson *lesson, const struct standing *standing)
{
    static const char *const names[] = {"version", "connector", "name", "snapshot", "db", "schema", "table"};
    bool known = *lesson->at == 'n' && (standing->root_member || standing->in_source);
    for (size_t i = 0; !known && standing->in_source && i < sizeof names / sizeof *names; i++)
        known = text_equal(standing->key, text_of(names[i]));
    return known && !is_crossed(standing) && list_uses(lesson, standing, NULL) == 0;
}

/* Marks where the columns' value begins or ends within the literal. */
static bool mark(struct lesson *lesson, const struct standing *standing, enum shape_marked what, bool closes)
{
    uint32_t count = list_uses(lesson, standing, NULL);
    if (lesson->mark_count + count > MARKS_MOST)
        return false;
    struct shape_use uses[MARKS_MOST];
    list_uses(lesson, standing, uses);
    for (uint32_t i = 0; i < count; i++) {
        if (uses[i].column->path_count > 1 || uses[i].as.base64)
            return false;
        if (what != MARKED_SCALAR && uses[i].as.type.kind != TYPE_STRING)
            continue; /* lenient, or it would be no event: the column stays absent */
        lesson->marks[lesson->mark_count++] =
            (struct shape_mark){.offset = (uint32_t)(lesson->at - lesson->literal),
                                .use = uses[i],
                                .closes = closes,
                                .level = (uint8_t)lesson->level,
                                .what = what};
    }
    return true;
}

/* Whether a member of the row image: the general decoder has read the document in it, and found it to be JSON. */
static bool is_row_member(const struct lesson *lesson, const struct path_tree *tree)
{
    return path_tree_child(lesson->shapes->layout.row_image, tree->step.name) == tree;
}

/* Whether the string here holds an object into which paths of the row image lead. Elsewhere than in a member of the row image, the
 * general decoder takes what is no JSON for a scalar. */
static bool holds_document(const struct lesson *lesson, const struct standing *standing)
{
    struct lesson ahead = *lesson;
    const struct path_tree *tree = standing->row_image;
    if (!at_quote(lesson) || !tree || tree->count == 0)
        return false;
    ahead.at += shape_quotes[lesson->level].size;
    skip_space(&ahead);
    if (ahead.at == ahead.end || *ahead.at != '{')
        return false;
    if (lesson->level == 0 && is_row_member(lesson, tree))
        return true;
    struct text held = {lesson->at + shape_quotes[lesson->level].size, 0};
    ahead.at = lesson->at;
    if (!skip_string(&ahead))
        return false;
    held.size = (size_t)(ahead.at - held.data) - shape_quotes[lesson->level].size;
    for (unsigned i = 0; i <= lesson->level; i++)
        held = json_unescape(lesson->scratch, held);
    struct json_fault fault;
    return held.data && json_check(lesson->scratch, held, NULL, &fault);
}

static bool learn_document(struct lesson *lesson, struct standing standing)
{
    const size_t quote = shape_quotes[lesson->level].size;
    if (lesson->level + 1 == SHAPE_LEVELS || (standing.outside && standing.outside->count) ||
        !enter(lesson, TO_DOCUMENT, NONE))
        return false;
    lesson->at += quote;
    if (!mark(lesson, &standing, MARKED_DOCUMENT, false))
        return false;
    struct standing document = {.row_image = standing.row_image};
    lesson->level++;
    skip_space(lesson);
    if (!learn_value(lesson, document))
        return false;
    skip_space(lesson);
    lesson->level--;
    if (!at_quote(lesson) || !mark(lesson, &standing, MARKED_DOCUMENT, true))
        return false;
    lesson->at += quote;
    return true;
}

static bool learn_decisive_scalar(struct lesson *lesson, struct standing standing)
{
    const char *start = lesson->at;
    const bool is_string = at_quote(lesson);
    if (!mark(lesson, &standing, MARKED_SCALAR, false) || !skip_scalar(lesson) ||
        !mark(lesson, &standing, MARKED_SCALAR, true))
        return false;
    struct text text = {start, (size_t)(lesson->at - start)};
    size_t quote = is_string ? shape_quotes[lesson->level].size : 0;
    bool has_escape = memchr(text.data + quote, '\\', text.size - 2 * quote) != NULL;
    return !has_escape && note_key(lesson, TO_TEXT, text, true);
}

static bool learn_scalar(struct lesson *lesson, struct standing standing)
{
    if (is_decisive_scalar(lesson, &standing))
        return learn_decisive_scalar(lesson, standing);
    if (is_constant(lesson, &standing))
        return skip_scalar(lesson);
    if (holds_document(lesson, &standing))
        return learn_document(lesson, standing);
    struct shape_state *state = find_state(lesson, &standing);
    if (!state || !end_literal(lesson, state) || !skip_scalar(lesson))
        return false;
    lesson->literal = lesson->at;
    return true;
}

static bool learn_member(struct lesson *lesson, const struct standing *object)
{
    struct standing member = {.root_member = object->decisive,
                              .in_array = object->in_array,
                              .in_source = object->root_member && text_equal(object->key, TEXT("source"))};
    if (!read_key(lesson, &member.key) || !enter(lesson, TO_MEMBER, member.key))
        return false;
    if (object->outside)
        member.outside = path_tree_child(object->outside, member.key);
    if (object->row_image)
        member.row_image = path_tree_child(object->row_image, member.key);
    bool counts = !member.in_array && (member.root_member || member.outside || member.row_image);
    if (counts && !note_key(lesson, TO_MEMBER, NONE, member.root_member))
        return false;
    bool container = lesson->at < lesson->end && (*lesson->at == '{' || *lesson->at == '[');
    if (member.root_member && container &&
        !note_key(lesson, TO_CONTAINER, (struct text){lesson->at, 1}, true))
        return false;
    return learn_value(lesson, member);
}

static bool learn_children(struct lesson *lesson, const struct standing *container, bool object)
{
    char closing = object ? '}' : ']';
    lesson->at++;
    skip_space(lesson);
    if (lesson->at < lesson->end && *lesson->at == closing) {
        lesson->at++;
        return true;
    }
    for (;;) {
        size_t path_size = lesson->path_size;
        struct standing element = {.in_array = true};
        if (object ? !learn_member(lesson, container)
                   : !enter(lesson, TO_ELEMENT, NONE) || !learn_value(lesson, element))
            return false;
        lesson->path_size = path_size;
        skip_space(lesson);
        if (lesson->at == lesson->end || (*lesson->at != ',' && *lesson->at != closing))
            return false;
        if (*lesson->at++ == closing)
            return true;
        skip_space(lesson);
    }
}

static bool learn_value(struct lesson *lesson, struct standing standing)
{
    if (lesson->at == lesson->end)
        return false;
    if (begins(lesson, lesson->envelope->schema)) {
        lesson->at = lesson->text + lesson->envelope->schema->end;
        return true;
    }
    if (*lesson->at != '{' && *lesson->at != '[')
        return learn_scalar(lesson, standing);
    standing.decisive = lesson->level == 0 && lesson->at <= lesson->text + lesson->envelope->root->start;
    if (begins(lesson, lesson->envelope->root))
        standing.outside = lesson->shapes->layout.outside;
    if (begins(lesson, lesson->envelope->row)) {
        standing.row_image = lesson->shapes->layout.row_image;
        if (!enter(lesson, TO_ROW_IMAGE, NONE) || !note_key(lesson, TO_ROW_IMAGE, NONE, true))
            return false;
    }
    bool object = *lesson->at == '{';
    if (!object && is_crossed(&standing))
        return false;
    return mark(lesson, &standing, MARKED_CONTAINER, false) && learn_children(lesson, &standing, object) &&
           mark(lesson, &standing, MARKED_CONTAINER, true);
}

/* All places of a message with a schema are named by it: what it says of units holds for them alone. The schema itself is part
 * of the literal as it stands. */
static bool enter_schema(struct lesson *lesson)
{
    const struct json_node *schema = lesson->envelope->schema;
    if (!schema)
        return true;
    uint64_t hash = hash_of((struct text){lesson->text + schema->start, schema->end - schema->start});
    return enter(lesson, TO_SCHEMA, (struct text){(const char *)&hash, sizeof hash});
}

/* Begins anew where there is no more room: shapes change as tables do. */
static void forget_if_full(struct shapes *shapes)
{
    if (shapes->states < SHAPE_STATES_MOST && shapes->steps < SHAPE_STEPS_MOST &&
        shapes->literal_bytes < SHAPE_LITERALS_MOST && shapes->key_count < SHAPE_KEYS_MOST &&
        shapes->signature_count < SHAPE_SIGNATURES_MOST)
        return;
    arena_free(&shapes->arena);
    memset(shapes->by_hash, 0, sizeof shapes->by_hash);
    shapes->start = NULL;
    shapes->states = shapes->steps = shapes->key_count = shapes->signature_count = 0;
    shapes->literal_bytes = 0;
    shapes->decisive = 0;
    shapes->counts.forgotten++;
}

static void add_signature(struct shapes *shapes, shape_keys signature)
{
    for (uint32_t i = 0; i < shapes->signature_count; i++)
        if (shapes->signatures[i] == signature)
            return;
    if (shapes->signature_count < SHAPE_SIGNATURES_MOST)
        shapes->signatures[shapes->signature_count++] = signature;
}

void shapes_learn(struct shapes *shapes, struct text message, const struct json_doc *doc,
                  const struct envelope *envelope, struct arena *scratch)
{
    bool known_shape = envelope->shape == SHAPE_ENVELOPE || envelope->shape == SHAPE_UNWRAPPED;
    if (!known_shape || shapes->credit == 0 || message.size > SHAPE_LESSON_MOST)
        return;
    shapes->credit--;
    forget_if_full(shapes);
    struct lesson lesson = {.shapes = shapes,
                            .doc = doc,
                            .envelope = envelope,
                            .scratch = scratch,
                            .text = message.data,
                            .at = message.data,
                            .end = message.data + message.size,
                            .literal = message.data};
    if (!shapes->start)
        shapes->start = find_state(&lesson, NULL);
    lesson.state = shapes->start;
    skip_space(&lesson);
    bool learned = lesson.state && enter_schema(&lesson) && learn_value(&lesson, (struct standing){0});
    lesson.at = lesson.end;
    if (!learned || !end_literal(&lesson, NULL)) {
        shapes->credit -= shapes->credit < SHAPE_FAILED_COST ? shapes->credit : SHAPE_FAILED_COST;
        return;
    }
    add_signature(shapes, lesson.all_keys & shapes->decisive);
    shapes->counts.learned++;
    if (shapes->missed_in_row > SHAPE_MISSES_BEFORE_REST - SHAPE_TRIES)
        shapes->missed_in_row = SHAPE_MISSES_BEFORE_REST - SHAPE_TRIES;
}
