#include "layouts.h"

#include <stdio.h>

#include "layout/layout.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What layouts may say ------------------------------------------------------------------------------------------------ */

enum feature {
    MESSAGE_ROW,
    METADATA_PREFIX,
    BASE64_DOCUMENTS,
    IGNORE,
    ACCEPT_MISSING,
    EXACT,
    NOT_A_NUMBER,
    UNMAPPED,
    LEFT_OUT_NAMES,
    QUOTED_NAME,
    ARRAYS,
    WIDE,
    FEATURES
};

/* Whether the program knows it. */
static bool knows(enum feature feature)
{
#define COLUMN(type, path) "\"columns\":[{\"name\":\"c\",\"type\":\"" type "\",\"path\":\"" path "\""
    static const char *const layouts[FEATURES] = {
        "\"message\":\"row\"," COLUMN("String", "after.a"),
        "\"metadata_prefix\":\"_\"," COLUMN("String", "after.a"),
        "\"base64_documents\":[\"after.a\"]," COLUMN("String", "after.a.x"),
        "\"ignore\":[\"after.a\"]," COLUMN("String", "after.b"),
        "\"accept_missing\":\"error\"," COLUMN("String", "after.a"),
        "\"exact\":true," COLUMN("String", "after.a"),
        COLUMN("Float64", "after.a") ",\"nan\":true",
        COLUMN("Array(String)", "unmapped"),
        COLUMN("Array(String)", "left_out"),
        COLUMN("String", "after[\\\"x.y\\\"]"),
        COLUMN("Array(Int64)", "after.a"),
        COLUMN("UInt256", "after.a"),
    };
    static bool tried[FEATURES], known[FEATURES];
    if (!tried[feature]) {
        char problem[LAYOUT_PROBLEM], json[512];
        const int size = snprintf(json, sizeof json, "{\"function\":\"f\",%s}]}", layouts[feature]);
        struct layout *layout = layout_parse("feature", (struct text){json, (size_t)size}, problem);
        known[feature] = layout != NULL;
        tried[feature] = true;
        layout_free(layout);
    }
    return known[feature];
}

/* ---- Paths --------------------------------------------------------------------------------------------------------------- */

static const struct node *child_of(struct chance *chance, const struct node *node)
{
    return node->count > 0 ? node->children[chance_below(chance, node->count)] : NULL;
}

/* Adds steps that lead from the node down, or where nothing may be. Answers the node that they lead to, or NULL. */
static const struct node *put_steps(struct buffer *path, struct chance *chance, const struct node *node,
                                    const struct world *world)
{
    static const char *const strange[] = {"[0]",   "[0]",   "[1]",   ".x",     ".x",
                                          ".x[0]", "[0].x", ".none", ".scale", "[0][0]"};
    while (node && !chance_in(chance, 20)) {
        if (node->form == NODE_SCALAR || chance_in(chance, world->oddity / 6)) {
            if (!chance_in(chance, world->oddity))
                return node;
            buffer_text(path, strange[chance_below(chance, COUNT(strange))]);
            return NULL;
        }
        const unsigned index = node->count > 0 ? chance_below(chance, node->count) : 0;
        const struct node *child = node->count > 0 ? node->children[index] : NULL;
        if (node->form == NODE_ARRAY && !chance_in(chance, world->oddity))
            return node;
        if (node->form == NODE_ARRAY)
            buffer_print(path, "[%u]", index);
        else if (child && strchr(child->name, '.') && knows(QUOTED_NAME))
            buffer_print(path, "[\"%s\"]", child->name);
        else if (child && !strchr(child->name, '.'))
            buffer_print(path, ".%s", child->name);
        else
            return node;
        node = child;
    }
    return node;
}

static void put_path_to(struct buffer *path, const struct node *node)
{
    if (node->parent)
        put_path_to(path, node->parent);
    if (node->parent && node->parent->form == NODE_ARRAY)
        buffer_print(path, "[%u]", node->index);
    else if (strchr(node->name, '.'))
        buffer_print(path, "[\"%s\"]", node->name);
    else
        buffer_print(path, "%s%s", node->parent ? "." : "", node->name);
}

/* Whether a name on the way to the node needs brackets. */
static bool has_dot(const struct node *node)
{
    for (; node; node = node->parent)
        if (strchr(node->name, '.'))
            return true;
    return false;
}

/* Puts a path to a member that others have to do with, to what lies above it, or beyond. */
static const struct node *put_focus(struct buffer *path, struct chance *chance, const struct world *world)
{
    const struct node *node = world->focus[chance_below(chance, 2)];
    while (has_dot(node) && !knows(QUOTED_NAME))
        node = node->parent;
    if (node->parent && node->parent->parent && chance_in(chance, 20))
        node = node->parent;
    put_path_to(path, node);
    if (node->form == NODE_SCALAR && chance_in(chance, world->oddity)) {
        buffer_text(path, chance_in(chance, 70) ? "[0]" : ".x");
        return NULL;
    }
    return put_steps(path, chance, node, world);
}

/* Puts a path; answers the node that it leads to, or NULL. */
static const struct node *put_path(struct buffer *path, struct chance *chance, const struct world *world,
                                   enum form form)
{
    static const char *const others[] = {"op",     "ts_ms",      "__op",     "__deleted",    "transaction.id",
                                         "none",   "after.none", "extra.x",  "extra[0]",     "payload.op",
                                         "schema", "payload",    "after.op", "__source_lsn", "__source_ts_ms",
                                         "x"};
    const unsigned way = chance_below(chance, 100);
    const struct node *document = world_document(world);
    if ((form == FORM_ROUTER || form == FORM_ROUTER_TEXT) && document && chance_in(chance, 75)) {
        buffer_print(path, "after.%s", document->name);
        return put_steps(path, chance, document, world);
    }
    if (chance_in(chance, 40))
        return put_focus(path, chance, world);
    if (way < 62) {
        const struct node *child = child_of(chance, world->row);
        buffer_print(path, "after.%s", child ? child->name : "none");
        return put_steps(path, chance, child, world);
    }
    if (way < 80) {
        const struct node *child = child_of(chance, world->source);
        buffer_print(path, "source.%s", child ? child->name : "none");
        return put_steps(path, chance, child, world);
    }
    if (way < 84) {
        const struct node *child = child_of(chance, world->row);
        buffer_print(path, "%s%s", form == FORM_ENVELOPE || form == FORM_FLATTENED ? "before." : "",
                     child ? child->name : "none");
        return put_steps(path, chance, child, world);
    }
    if (way < 88) {
        const struct node *beside =
            world->beside_count ? world->beside[chance_below(chance, world->beside_count)] : NULL;
        buffer_text(path, beside ? beside->name : "none");
        return put_steps(path, chance, beside, world);
    }
    if (way < 91) {
        const struct node *whole = chance_in(chance, 50) ? world->row : world->source;
        buffer_text(path, chance_in(chance, 20) ? "before" : whole->name);
        return whole;
    }
    const char *other = others[chance_below(chance, COUNT(others))];
    buffer_text(path, other);
    return strcmp(other, "op") == 0 ? world->op : NULL;
}

/* ---- Rules --------------------------------------------------------------------------------------------------------------- */

/* What the member holds in most messages, as a rule would name it. */
static void put_common_text(struct buffer *out, const struct node *node)
{
    struct chance chance = {1};
    const struct writing writing = {.chance = &chance};
    struct buffer json = {0};
    put_node(&json, &writing, node);
    put_text_of(out, buffer_view(&json));
    buffer_free(&json);
}

static void put_accepted(struct buffer *rule, struct chance *chance, const struct node *node)
{
    static const char *const others[] = {"gold",      "1",    "[\"gold\"]", "[1]", "none", "null",
                                         "{\"x\":1}", "true", "true",       "x",   "2"};
    const unsigned count = 1 + chance_below(chance, 3);
    for (unsigned i = 0; i < count; i++) {
        struct buffer text = {0};
        if (node && i == 0 && (node->form != NODE_SCALAR || node->kind == KIND_LITERAL) &&
            chance_in(chance, 80))
            put_common_text(&text, node);
        else if (node && node->literal_count > 0 && chance_in(chance, 70))
            put_literal_text(&text, node->literals[chance_below(chance, node->literal_count)]);
        if (text.size == 0)
            buffer_text(&text, others[chance_below(chance, COUNT(others))]);
        buffer_text(rule, i > 0 ? "," : "");
        buffer_string(rule, buffer_view(&text));
        buffer_free(&text);
    }
}

static void make_operations(struct buffer *rule, struct chance *chance)
{
    static const char *const lists[] = {"\"c\",\"r\"",
                                        "\"c\",\"r\",\"u\"",
                                        "\"c\",\"r\",\"u\",\"d\"",
                                        "\"d\",\"c\"",
                                        "\"c\"",
                                        "\"u\",\"t\",\"x\"",
                                        "\"c\",\"u\",\"r\",\"d\",\"1\",\"null\""};
    buffer_print(rule, "\"op\":[%s]", lists[chance_below(chance, COUNT(lists))]);
}

/* Whether an earlier rule begins alike: no path may be there twice. */
static bool is_there(const struct layout_parts *parts, const struct buffer *path)
{
    for (unsigned i = 0; i < parts->rule_count; i++)
        if (text_starts(buffer_view(&parts->rules[i]), buffer_view(path)))
            return true;
    return false;
}

/* Whether most messages hold the same there. */
static bool is_steady(const struct node *node)
{
    if (!node || node->form != NODE_SCALAR)
        return false;
    return node->kind == KIND_FLAG ||
           (node->kind == KIND_LITERAL && !strchr(literal_json(node->literals[0]), '\\'));
}

static void make_rules(struct layout_parts *parts, struct chance *chance, const struct world *world,
                       enum form form)
{
    if (chance_in(chance, 50))
        make_operations(&parts->rules[parts->rule_count++], chance);
    const unsigned way = chance_below(chance, 100);
    for (unsigned count = way < 40 ? 0 : way < 75 ? 1 : way < 92 ? 2 : 3; count > 0; count--) {
        struct buffer path = {0}, rule = {0};
        const struct node *node = put_path(&path, chance, world, form);
        for (unsigned tries = 0; tries < 4 && !chance_in(chance, world->oddity) && !is_steady(node);
             tries++) {
            path.size = 0;
            node = put_path(&path, chance, world, form);
        }
        buffer_string(&rule, buffer_view(&path));
        buffer_text(&rule, ":");
        /* Where each message holds another value, no two are alike. */
        const bool wanted = is_steady(node) || chance_in(chance, 5 + 3 * world->oddity);
        if (wanted && !is_there(parts, &rule) && !text_equal(buffer_view(&path), TEXT("op"))) {
            buffer_text(&rule, "[");
            put_accepted(&rule, chance, node);
            buffer_text(&rule, "]");
            parts->rules[parts->rule_count++] = rule;
        } else {
            buffer_free(&rule);
        }
        buffer_free(&path);
    }
}

/* ---- Columns ------------------------------------------------------------------------------------------------------------- */

/* A type, a default and what may stand for a value that was left out: JSON. */
static const struct {
    const char *name, *absent, *unavailable;
    bool temporal, decimal;
} types[] = {
    {"String", "\"none\"", "\"left out\"", false, false},
    {"Bool", "true", "true", false, false},
    {"Int8", "-7", "-1", false, false},
    {"Int16", "7", "-1", false, false},
    {"Int32", "7", "-1", false, false},
    {"Int64", "7", "-1", false, false},
    {"UInt8", "7", "1", false, false},
    {"UInt16", "7", "1", false, false},
    {"UInt32", "7", "1", false, false},
    {"UInt64", "7", "1", false, false},
    {"Float32", "1.5", "-1", false, false},
    {"Float64", "1.5", "-1", false, false},
    {"UUID", "\"11111111-2222-3333-4444-555555555555\"", "\"99999999-2222-3333-4444-555555555555\"", false,
     false},
    {"Date", "\"2026-01-02\"", "\"1970-01-05\"", true, false},
    {"Date32", "\"2026-01-02\"", "\"1970-01-05\"", true, false},
    {"DateTime", "\"2026-01-02 03:04:05\"", "\"1970-01-05 00:00:00\"", true, false},
    {"DateTime64(0)", "\"2026-01-02 03:04:05\"", "\"1970-01-05 00:00:00\"", true, false},
    {"DateTime64(3, 'UTC')", "\"2026-01-02 03:04:05\"", "\"1970-01-05 00:00:00\"", true, false},
    {"DateTime64(6, 'UTC')", "\"2026-01-02 03:04:05\"", "\"1970-01-05 00:00:00\"", true, false},
    {"DateTime64(9)", "\"2026-01-02 03:04:05\"", "\"1970-01-05 00:00:00\"", true, false},
    {"Decimal(9, 2)", "0", "0", false, true},
    {"Decimal(18, 4)", "0", "0", false, true},
    {"Decimal(38, 10)", "0", "0", false, true},
    {"Array(String)", "[]", "[]", false, false},
    {"Array(Int64)", "[]", "[]", false, false},
    {"Array(Array(String))", "[]", "[]", false, false},
    {"Array(Nullable(Float64))", "[]", "[]", false, false},
    {"Array(DateTime64(6, 'UTC'))", "[]", "[]", true, false},
    {"Int128", "7", "-1", false, false},
    {"UInt256", "7", "1", false, false},
    {"Decimal(76, 10)", "0", "0", false, true},
    {"IPv4", "\"1.2.3.4\"", "\"9.9.9.9\"", false, false},
    {"IPv6", "\"::1\"", "\"::9\"", false, false},
};

enum { FIRST_ARRAY = 23, FIRST_WIDE = 28 };

static unsigned any_type(struct chance *chance)
{
    const unsigned type = chance_below(chance, COUNT(types));
    if (type >= FIRST_WIDE)
        return knows(WIDE) ? type : 0;
    return type < FIRST_ARRAY || knows(ARRAYS) ? type : 5;
}

/* The type that the values of the node are of, mostly. */
static unsigned choose_type(struct chance *chance, const struct node *node)
{
    static const unsigned suiting[KINDS][3] = {
        [KIND_WORD] = {0, 0, 0},     [KIND_TEXT] = {0, 0, 0},      [KIND_WHOLE] = {5, 4, 11},
        [KIND_REAL] = {11, 10, 22},  [KIND_DIGITS] = {5, 9, 11},   [KIND_ISO] = {18, 19, 14},
        [KIND_EPOCH] = {18, 17, 14}, [KIND_FLAG] = {1, 1, 0},      [KIND_UUID] = {12, 12, 0},
        [KIND_BYTES] = {20, 21, 22}, [KIND_SCALED] = {20, 21, 22}, [KIND_LITERAL] = {0, 5, 0}};
    if (!node || chance_in(chance, 35))
        return any_type(chance);
    if (node->form == NODE_ARRAY && knows(ARRAYS) && chance_in(chance, 50))
        return FIRST_ARRAY;
    if (node->form != NODE_SCALAR)
        return 0;
    return suiting[node->kind][chance_below(chance, 3)];
}

static void add_key(struct column_parts *column, const char *key, const char *value)
{
    buffer_print(&column->keys[column->key_count++], "\"%s\":%s", key, value);
}

static void add_column_keys(struct column_parts *column, struct chance *chance, unsigned type, bool of_row)
{
    static const char *const units[] = {"\"auto\"", "\"s\"", "\"ms\"", "\"us\"", "\"ns\"", "\"days\""};
    static const char *const required[] = {"true", "[\"c\"]", "[\"u\",\"d\"]", "[\"c\",\"r\",\"null\"]"};
    const bool lenient = chance_in(chance, 55), is_required = chance_in(chance, 20),
               always = is_required && chance_in(chance, 60);
    const bool encoded = types[type].decimal && chance_in(chance, 60);
    if (lenient)
        add_key(column, "lenient", "true");
    if (is_required)
        add_key(column, "required", required[always ? 0 : 1 + chance_below(chance, 3)]);
    if (chance_in(chance, 25) && !(always && !lenient) && !encoded)
        add_key(column, "default", types[type].absent);
    if (of_row && chance_in(chance, 25) && !encoded)
        add_key(column, "unavailable", types[type].unavailable);
    if ((types[type].temporal || strstr(types[type].name, "Int")) && chance_in(chance, 35))
        add_key(column, "unit", units[chance_below(chance, COUNT(units))]);
    if (encoded)
        add_key(column, "encoding", "\"base64\"");
    if (chance_in(chance, 8) && knows(EXACT))
        add_key(column, "exact", chance_in(chance, 80) ? "true" : "false");
    if (strstr(types[type].name, "Float") && chance_in(chance, 30) && knows(NOT_A_NUMBER))
        add_key(column, "nan", "true");
}

static void make_column(struct layout_parts *parts, struct chance *chance, const struct world *world,
                        enum form form)
{
    struct column_parts *column = &parts->columns[parts->column_count++];
    const struct node *node = NULL;
    bool of_row = false;
    const unsigned count = chance_in(chance, world->oddity) ? 2 + chance_below(chance, 2) : 1;
    for (unsigned i = 0; i < count; i++) {
        struct buffer path = {0};
        const struct node *found = put_path(&path, chance, world, form);
        node = i == 0 ? found : node;
        of_row |= text_starts(buffer_view(&path), TEXT("after."));
        buffer_string(&column->paths[column->path_count++], buffer_view(&path));
        buffer_free(&path);
    }
    const unsigned type = choose_type(chance, node);
    const bool nullable = !strstr(types[type].name, "Array") && chance_in(chance, 30);
    buffer_print(&column->type, nullable ? "\"Nullable(%s)\"" : "\"%s\"", types[type].name);
    add_column_keys(column, chance, type, of_row);
}

/* ---- Yielding ------------------------------------------------------------------------------------------------------------ */

/* The path of a rule or column as a reason names it. */
static struct text path_in_reason(const struct buffer *json)
{
    struct text path = text_from(buffer_view(json), 1);
    path.size = (size_t)((const char *)memchr(path.data, '"', path.size) - path.data);
    return path;
}

static void remove_rule(struct layout_parts *parts, unsigned index)
{
    buffer_free(&parts->rules[index]);
    memmove(&parts->rules[index], &parts->rules[index + 1],
            (--parts->rule_count - index) * sizeof *parts->rules);
    parts->rules[parts->rule_count] = (struct buffer){0};
}

static bool rule_yields(struct layout_parts *parts, unsigned index, struct text rest)
{
    struct buffer *rule = &parts->rules[index];
    if (text_equal(rest, TEXT(" missing"))) {
        remove_rule(parts, index);
        return true;
    }
    if (rest.size < 2 || rest.size >= 60 || *rest.data != ' ')
        return false;
    rule->size--; /* the bracket */
    buffer_text(rule, ",");
    buffer_string(rule, text_from(rest, 1));
    buffer_text(rule, "]");
    return true;
}

static bool rules_yield(struct layout_parts *parts, struct text reason)
{
    for (unsigned i = 0; i < parts->rule_count; i++) {
        struct text path = path_in_reason(&parts->rules[i]);
        if (text_starts(path, TEXT("after.")))
            path = text_from(path, sizeof "after." - 1);
        if (text_starts(reason, path) && rule_yields(parts, i, text_from(reason, path.size)))
            return true;
    }
    return false;
}

static bool column_yields(struct column_parts *column, bool missing)
{
    for (unsigned i = 0; i < column->key_count; i++) {
        const struct text key = buffer_view(&column->keys[i]);
        if (!text_starts(key, missing ? TEXT("\"required\"") : TEXT("\"lenient\"")))
            continue;
        if (!missing)
            return false;
        buffer_free(&column->keys[i]);
        memmove(&column->keys[i], &column->keys[i + 1], (--column->key_count - i) * sizeof *column->keys);
        column->keys[column->key_count] = (struct buffer){0};
        return true;
    }
    if (!missing)
        add_key(column, "lenient", "true");
    return !missing;
}

static bool columns_yield(struct layout_parts *parts, struct text reason)
{
    const bool missing = reason.size > 9 && memcmp(reason.data + reason.size - 9, ": missing", 9) == 0;
    for (unsigned i = 0; i < parts->column_count; i++) {
        struct column_parts *column = &parts->columns[i];
        for (unsigned j = 0; j < column->path_count; j++) {
            const struct text path = path_in_reason(&column->paths[j]);
            if (text_starts(reason, path) && text_starts(text_from(reason, path.size), TEXT(": ")) &&
                column_yields(column, missing))
                return true;
        }
    }
    return false;
}

bool layout_yield(struct layout_parts *parts, struct chance *chance, struct text reason)
{
    if (chance_in(chance, 7))
        return false;
    return rules_yield(parts, reason) || columns_yield(parts, reason);
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

/* The columns that list names. */
static void make_list_columns(struct layout_parts *parts, struct chance *chance)
{
    static const char *const paths[] = {"\"unmapped\"", "\"left_out\""};
    for (unsigned i = 0; i < COUNT(paths) && parts->column_count < COLUMNS_LIMIT; i++) {
        if (!knows(i == 0 ? UNMAPPED : LEFT_OUT_NAMES) || !chance_in(chance, 20))
            continue;
        struct column_parts *column = &parts->columns[parts->column_count++];
        buffer_text(&column->type, "\"Array(String)\"");
        buffer_text(&column->paths[column->path_count++], paths[i]);
    }
}

static void make_keys(struct layout_parts *parts, struct chance *chance, const struct world *world,
                      enum form form)
{
    if (knows(MESSAGE_ROW) && chance_in(chance, form == FORM_ROW ? 60 : 4))
        buffer_text(&parts->keys[parts->key_count++], "\"message\":\"row\"");
    if (knows(METADATA_PREFIX) && (strcmp(world->prefix, "__") != 0 || chance_in(chance, 3)) &&
        chance_in(chance, 90))
        buffer_print(&parts->keys[parts->key_count++], "\"metadata_prefix\":\"%s\"", world->prefix);
    for (unsigned i = 0; i < world->row->count && knows(BASE64_DOCUMENTS); i++)
        if (world->row->children[i]->base64 && chance_in(chance, 85)) {
            buffer_print(&parts->keys[parts->key_count++], "\"base64_documents\":[\"after.%s\"]",
                         world->row->children[i]->name);
            break;
        }
    if (knows(IGNORE) && chance_in(chance, 15)) {
        struct buffer path = {0};
        const struct node *child = child_of(chance, world->row);
        put_path_to(&path, child);
        struct buffer *key = &parts->keys[parts->key_count++];
        buffer_text(key, "\"ignore\":[");
        buffer_string(key, buffer_view(&path));
        buffer_text(key, "]");
        buffer_free(&path);
    }
    if (knows(ACCEPT_MISSING) && chance_in(chance, 40))
        buffer_print(&parts->keys[parts->key_count++], "\"accept_missing\":\"%s\"",
                     chance_in(chance, 50) ? "error" : "skip");
    if (knows(EXACT) && chance_in(chance, 25))
        buffer_text(&parts->keys[parts->key_count++], "\"exact\":true");
}

void layout_make(struct layout_parts *parts, struct chance *chance, const struct world *world, enum form form)
{
    *parts = (struct layout_parts){0};
    make_rules(parts, chance, world, form);
    for (unsigned count = 1 + chance_below(chance, COLUMNS_LIMIT); count > 0; count--)
        make_column(parts, chance, world, form);
    make_list_columns(parts, chance);
    make_keys(parts, chance, world, form);
}

static void put_list(struct buffer *out, const struct buffer *texts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_text(out, i > 0 ? "," : "");
        buffer_put(out, texts[i].data, texts[i].size);
    }
}

static void put_column(struct buffer *out, const struct column_parts *column, unsigned number)
{
    const bool list = column->path_count > 1;
    buffer_print(out, "%s{\"name\":\"c%u\",\"type\":%.*s,\"path\":%s", number > 0 ? "," : "", number,
                 (int)column->type.size, column->type.data, list ? "[" : "");
    put_list(out, column->paths, column->path_count);
    buffer_text(out, list ? "]" : "");
    buffer_text(out, column->key_count > 0 ? "," : "");
    put_list(out, column->keys, column->key_count);
    buffer_text(out, "}");
}

void put_layout(struct buffer *out, const struct layout_parts *parts)
{
    buffer_text(out, "{\"function\":\"row\"");
    buffer_text(out, parts->key_count > 0 ? "," : "");
    put_list(out, parts->keys, parts->key_count);
    if (parts->rule_count > 0) {
        buffer_text(out, ",\"accept\":{");
        put_list(out, parts->rules, parts->rule_count);
        buffer_text(out, "}");
    }
    buffer_text(out, ",\"columns\":[");
    for (unsigned i = 0; i < parts->column_count; i++)
        put_column(out, &parts->columns[i], i);
    buffer_text(out, "]}");
}

void layout_parts_free(struct layout_parts *parts)
{
    for (unsigned i = 0; i < COLUMNS_LIMIT; i++) {
        struct column_parts *column = &parts->columns[i];
        buffer_free(&column->type);
        for (unsigned j = 0; j < PATHS_LIMIT; j++)
            buffer_free(&column->paths[j]);
        for (unsigned j = 0; j < KEYS_LIMIT; j++)
            buffer_free(&column->keys[j]);
    }
    for (unsigned i = 0; i < RULES_LIMIT; i++)
        buffer_free(&parts->rules[i]);
    for (unsigned i = 0; i < KEYS_LIMIT; i++)
        buffer_free(&parts->keys[i]);
}
