#include "layout/layout.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

#define COLUMNS_LIMIT 1000

/* The file while it is read. */
struct reading {
    const char *file;
    struct json_doc doc;
    struct arena *arena;
    struct layout *layout;
    char *problem;
};

static int line_of(const struct reading *reading, uint32_t byte)
{
    int line = 1;
    for (uint32_t i = 0; i < byte; i++)
        line += reading->doc.text[i] == '\n';
    return line;
}

static bool refuse(const struct reading *reading, const struct json_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what is wrong with the node's line; answers false. */
static bool refuse(const struct reading *reading, const struct json_node *node, const char *format, ...)
{
    int used =
        snprintf(reading->problem, LAYOUT_PROBLEM, "%s:%d: ", reading->file, line_of(reading, node->start));
    if (used < 0 || used >= LAYOUT_PROBLEM)
        return false;
    va_list list;
    va_start(list, format);
    vsnprintf(reading->problem + used, (size_t)(LAYOUT_PROBLEM - used), format, list);
    va_end(list);
    /* What the file holds is shown, but the line stays one line. */
    for (char *at = reading->problem + used; *at; at++)
        if ((unsigned char)*at < 0x20)
            *at = ' ';
    return false;
}

/* printf's arguments for a text, cut to what a line can show. */
#define SHOWN(text) (int)text_cut(text, 64).size, (text).data

static void *take(const struct reading *reading, size_t count, size_t size)
{
    void *piece = arena_alloc(reading->arena, (count ? count : 1) * size);
    if (piece)
        memset(piece, 0, (count ? count : 1) * size);
    else
        snprintf(reading->problem, LAYOUT_PROBLEM, "%s: out of memory", reading->file);
    return piece;
}

static size_t count_children(const struct json_doc *doc, const struct json_node *container)
{
    size_t count = 0;
    for (const struct json_node *child = json_first(doc, container); child;
         child = json_after(doc, container, child))
        count++;
    return count;
}

static struct text text_at(const struct reading *reading, const struct json_node *node)
{
    return json_text(&reading->doc, node, reading->arena);
}

static struct text key_of(const struct reading *reading, const struct json_node *node)
{
    return json_key(&reading->doc, node, reading->arena);
}

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* Function and column names are plain identifiers, so that SQL and XML need no quoting. */
static bool is_identifier(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_name_byte(text.data[i], i == 0))
            return false;
    return text.size > 0 && text.size <= 128;
}

static bool read_path(const struct reading *reading, const struct json_node *node, struct text text,
                      struct path *path)
{
    if (path_parse(reading->arena, text, path))
        return true;
    return refuse(reading, node,
                  "\"%.*s\" is not a path; write names joined by dots, such as after.payload.items[0].price",
                  SHOWN(text));
}

static bool read_function(const struct reading *reading, const struct json_node *node)
{
    reading->layout->function = text_at(reading, node);
    if (node->kind == JSON_STRING && is_identifier(reading->layout->function))
        return true;
    return refuse(reading, node,
                  "\"function\" must be a name of letters, digits and _, such as experimentEvent");
}

/* The strings of a list; `what` names it in a refusal. */
static bool read_values(const struct reading *reading, const struct json_node *node, const char *what,
                        struct accept *rule)
{
    const struct json_doc *doc = &reading->doc;
    rule->count = count_children(doc, node);
    if (node->kind != JSON_ARRAY || rule->count == 0)
        return refuse(reading, node, "%s must be a list of values", what);
    rule->values = take(reading, rule->count, sizeof *rule->values);
    if (!rule->values)
        return false;
    size_t i = 0;
    for (const struct json_node *child = json_first(doc, node); child; child = json_after(doc, node, child)) {
        if (child->kind != JSON_STRING || child->start == child->end)
            return refuse(reading, child, "%s: a value must be a non-empty string", what);
        rule->values[i++] = text_at(reading, child);
    }
    return true;
}

static bool read_rule(const struct reading *reading, const struct json_node *node, struct accept *rule)
{
    struct text key = key_of(reading, node);
    struct text what = arena_printf(reading->arena, "accept \"%.*s\"", SHOWN(key));
    return read_path(reading, node, key, &rule->path) && read_values(reading, node, what.data, rule);
}

static bool read_accept(const struct reading *reading, const struct json_node *node)
{
    struct layout *layout = reading->layout;
    if (node->kind != JSON_OBJECT)
        return refuse(reading, node, "\"accept\" must be an object: path -> list of values");
    layout->accept = take(reading, count_children(&reading->doc, node), sizeof *layout->accept);
    if (!layout->accept)
        return false;
    for (const struct json_node *child = json_first(&reading->doc, node); child;
         child = json_after(&reading->doc, node, child)) {
        struct accept rule = {0};
        if (!read_rule(reading, child, &rule))
            return false;
        bool twice = text_equal(rule.path.text, TEXT("op")) && layout->op.count > 0;
        for (size_t i = 0; i < layout->accept_count; i++)
            twice |= text_equal(layout->accept[i].path.text, rule.path.text);
        if (twice)
            return refuse(reading, child, "accept \"%.*s\" appears twice", SHOWN(rule.path.text));
        if (text_equal(rule.path.text, TEXT("op")))
            layout->op = rule;
        else
            layout->accept[layout->accept_count++] = rule;
    }
    return true;
}

static bool read_paths(const struct reading *reading, const struct json_node *node, struct column *column)
{
    bool list = node->kind == JSON_ARRAY;
    column->path_count = list ? count_children(&reading->doc, node) : 1;
    column->paths = take(reading, column->path_count, sizeof *column->paths);
    if (!column->paths)
        return false;
    const struct json_node *item = list ? json_first(&reading->doc, node) : node;
    if (!item)
        return refuse(reading, node, "\"path\" is an empty list");
    for (size_t i = 0; item; i++) {
        if (item->kind != JSON_STRING)
            return refuse(reading, item, "\"path\" must be a path or a list of paths");
        if (!read_path(reading, item, text_at(reading, item), &column->paths[i]))
            return false;
        item = list ? json_after(&reading->doc, node, item) : NULL;
    }
    return true;
}

static bool read_type(const struct reading *reading, const struct json_node *node, struct column *column)
{
    struct text name = text_at(reading, node);
    char *terminated = take(reading, name.size + 1, 1);
    if (!terminated)
        return false;
    if (name.size)
        memcpy(terminated, name.data, name.size);
    if (node->kind == JSON_STRING && strlen(terminated) == name.size &&
        type_parse(terminated, &column->as.type))
        return true;
    struct text list = type_list(reading->arena);
    return refuse(reading, node, "unknown type \"%.*s\"; the types are %.*s", SHOWN(name), (int)list.size,
                  list.data);
}

static bool read_unit(const struct reading *reading, const struct json_node *node, struct column *column)
{
    static const struct {
        struct text name;
        enum time_unit unit;
    } units[] = {{{"auto", 4}, UNIT_AUTO}, {{"s", 1}, UNIT_SECONDS}, {{"ms", 2}, UNIT_MILLIS},
                 {{"us", 2}, UNIT_MICROS}, {{"ns", 2}, UNIT_NANOS},  {{"days", 4}, UNIT_DAYS}};
    if (!node) {
        enum type_kind kind = type_scalar_kind(&column->as.type);
        bool day = kind == TYPE_DATE || kind == TYPE_DATE32;
        column->as.unit = day ? UNIT_DAYS : UNIT_AUTO;
        return true;
    }
    if (!type_is_temporal(&column->as.type) && !type_is_integer(&column->as.type))
        return refuse(reading, node,
                      "\"unit\" is only for Date, Date32, DateTime, DateTime64 and integer columns");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (node->kind == JSON_STRING && text_equal(text_at(reading, node), units[i].name)) {
            column->as.unit = units[i].unit;
            return true;
        }
    }
    return refuse(reading, node, "\"unit\" must be auto, s, ms, us, ns or days");
}

static bool read_encoding(const struct reading *reading, const struct json_node *node, struct column *column)
{
    if (!node)
        return true;
    if (node->kind != JSON_STRING || !text_equal(text_at(reading, node), TEXT("base64")))
        return refuse(reading, node, "\"encoding\" must be base64");
    if (type_scalar_kind(&column->as.type) != TYPE_DECIMAL)
        return refuse(reading, node, "\"encoding\" is only for Decimal columns");
    column->as.base64 = true;
    return true;
}

static bool read_flag(const struct reading *reading, const struct json_node *node, const char *key,
                      const char *more, bool *flag)
{
    *flag = node && node->kind == JSON_TRUE;
    if (!node || node->kind == JSON_TRUE || node->kind == JSON_FALSE)
        return true;
    return refuse(reading, node, "\"%s\" must be true or false%s", key, more);
}

static bool read_nan(const struct reading *reading, const struct json_node *node, struct column *column)
{
    enum type_kind kind = type_scalar_kind(&column->as.type);
    if (node && kind != TYPE_FLOAT32 && kind != TYPE_FLOAT64)
        return refuse(reading, node, "\"nan\" is only for Float32 and Float64 columns");
    return read_flag(reading, node, "nan", "", &column->as.nan);
}

/* The column's own flag counts before the layout's. */
static bool read_exact(const struct reading *reading, const struct json_node *node, struct column *column)
{
    if (node)
        return read_flag(reading, node, "exact", "", &column->as.exact);
    column->as.exact = reading->layout->exact;
    return true;
}

/* The list of operations for which a column is required. */
static bool read_required(const struct reading *reading, const struct json_node *node, struct column *column)
{
    if (!node || node->kind != JSON_ARRAY)
        return read_flag(reading, node, "required", ", or a list of operations such as [\"c\", \"r\", \"u\"]",
                         &column->required);
    column->required = true;
    return read_values(reading, node, "\"required\"", &column->required_op);
}

/* A text with VALUE_PADDING bytes after it. */
static bool pad(const struct reading *reading, struct text *text)
{
    char *copy = take(reading, text->size + VALUE_PADDING, 1);
    if (!copy)
        return false;
    if (text->size)
        memcpy(copy, text->data, text->size);
    text->data = copy;
    return true;
}

/* A value of the column's type, given by the layout; *out is the type's default where it gives none. */
static bool read_value(const struct reading *reading, const struct json_node *node, const char *key,
                       const struct column *column, struct value *out)
{
    *out = type_default(&column->as.type);
    if (!node || (node->kind == JSON_NULL && column->as.type.nullable))
        return true;
    bool empty = node->kind == JSON_STRING && node->start == node->end && column->as.type.kind != TYPE_STRING;
    if (node->kind != JSON_NULL && !empty) {
        if (convert_node(&reading->doc, node, reading->arena, &column->as, out))
            return column->as.type.kind != TYPE_STRING || pad(reading, &out->as.text);
    }
    return refuse(reading, node, "the %s %.*s does not fit %s", key, SHOWN(json_raw(&reading->doc, node)),
                  column->as.type.name);
}

static bool read_default(const struct reading *reading, const struct json_node *node, struct column *column)
{
    bool always = column->required && column->required_op.count == 0 && !column->lenient;
    if (always && node && (node->kind != JSON_NULL || !column->as.type.nullable))
        return refuse(reading, node, "a required column cannot have a \"default\"; remove one of the two");
    column->has_default = node != NULL;
    return read_value(reading, node, "default", column, &column->absent);
}

static bool read_unavailable(const struct reading *reading, const struct json_node *node,
                             struct column *column)
{
    bool of_row = !node;
    for (size_t i = 0; i < column->path_count && node; i++)
        of_row |= column->paths[i].space == SPACE_ROW;
    if (!of_row)
        return refuse(reading, node, "\"unavailable\" is only for columns of the row image (after. ...)");
    column->has_unavailable = node != NULL;
    return read_value(reading, node, "unavailable", column, &column->unavailable);
}

enum {
    KEY_NAME,
    KEY_TYPE,
    KEY_PATH,
    KEY_REQUIRED,
    KEY_DEFAULT,
    KEY_LENIENT,
    KEY_ENCODING,
    KEY_UNIT,
    KEY_UNAVAILABLE,
    KEY_NAN,
    KEY_EXACT,
    KEY_NOTE,
    KEY_COUNT
};

static bool find_keys(const struct reading *reading, const struct json_node *object, const struct text *names,
                      size_t count, const char *listed, const struct json_node **found)
{
    if (object->kind != JSON_OBJECT)
        return refuse(reading, object, "an object is expected here, with the keys %s", listed);
    for (const struct json_node *child = json_first(&reading->doc, object); child;
         child = json_after(&reading->doc, object, child)) {
        struct text key = key_of(reading, child);
        size_t i = 0;
        while (i < count && !text_equal(key, names[i]))
            i++;
        if (i == count)
            return refuse(reading, child, "unknown key \"%.*s\"; the keys are %s", SHOWN(key), listed);
        if (found[i])
            return refuse(reading, child, "the key \"%.*s\" appears twice", SHOWN(key));
        found[i] = child;
    }
    return true;
}

static bool read_name(const struct reading *reading, const struct json_node *node, struct column *column)
{
    column->name = text_at(reading, node);
    if (node->kind != JSON_STRING || !is_identifier(column->name))
        return refuse(reading, node,
                      "\"name\" must be a name of letters, digits and _, not beginning with a digit");
    bool taken = text_equal(column->name, TEXT("outcome")) || text_equal(column->name, TEXT("reason"));
    for (size_t i = 0; i < reading->layout->column_count; i++)
        taken |= text_equal(column->name, reading->layout->columns[i].name);
    if (taken)
        return refuse(reading, node, "duplicate column \"%.*s\" (every row has outcome and reason)",
                      SHOWN(column->name));
    return true;
}

static bool read_column(const struct reading *reading, const struct json_node *node, struct column *column)
{
    static const struct text names[KEY_COUNT] = {
        {"name", 4},     {"type", 4}, {"path", 4},         {"required", 8}, {"default", 7}, {"lenient", 7},
        {"encoding", 8}, {"unit", 4}, {"unavailable", 11}, {"nan", 3},      {"exact", 5},   {"note", 4}};
    const struct json_node *keys[KEY_COUNT] = {NULL};
    if (!find_keys(
            reading, node, names, KEY_COUNT,
            "name, type, path, required, default, lenient, encoding, unit, unavailable, nan, exact, note",
            keys))
        return false;
    for (int key = KEY_NAME; key <= KEY_PATH; key++)
        if (!keys[key])
            return refuse(reading, node, "a column needs \"%s\"", names[key].data);
    return read_name(reading, keys[KEY_NAME], column) && read_type(reading, keys[KEY_TYPE], column) &&
           read_paths(reading, keys[KEY_PATH], column) &&
           read_required(reading, keys[KEY_REQUIRED], column) &&
           read_flag(reading, keys[KEY_LENIENT], "lenient", "", &column->lenient) &&
           read_unit(reading, keys[KEY_UNIT], column) && read_encoding(reading, keys[KEY_ENCODING], column) &&
           read_nan(reading, keys[KEY_NAN], column) && read_exact(reading, keys[KEY_EXACT], column) &&
           read_default(reading, keys[KEY_DEFAULT], column) &&
           read_unavailable(reading, keys[KEY_UNAVAILABLE], column);
}

/* The JSON column is the first that a path longer than after.X leads through. */
static void find_json_column(struct layout *layout)
{
    for (size_t i = 0; i < layout->column_count; i++) {
        for (size_t j = 0; j < layout->columns[i].path_count; j++) {
            const struct path *path = &layout->columns[i].paths[j];
            if (path->space == SPACE_ROW && path->count > 2) {
                layout->json_column = path->steps[1].name;
                return;
            }
        }
    }
    if (layout->base64_count)
        layout->json_column = layout->base64_documents[0].steps[1].name;
}

/* A column `unmapped` or `left_out` of Array(String) is no value of the message. */
static void find_lists(struct layout *layout, struct column *column)
{
    static const struct text names[] = {{"unmapped", 8}, {"left_out", 8}};
    struct path *path = &column->paths[0];
    if (column->path_count != 1 || column->as.type.depth != 1 ||
        type_scalar_kind(&column->as.type) != TYPE_STRING)
        return;
    if (text_equal(path->text, names[0]))
        path->space = SPACE_UNMAPPED;
    if (text_equal(path->text, names[1]))
        path->space = SPACE_LEFT_OUT;
    layout->lists_left_out |= path->space == SPACE_LEFT_OUT;
}

static bool read_columns(const struct reading *reading, const struct json_node *node)
{
    struct layout *layout = reading->layout;
    size_t count = count_children(&reading->doc, node);
    if (node->kind != JSON_ARRAY || count == 0 || count > COLUMNS_LIMIT)
        return refuse(reading, node, "\"columns\" must be a list of 1 to %d columns", COLUMNS_LIMIT);
    layout->columns = take(reading, count, sizeof *layout->columns);
    if (!layout->columns)
        return false;
    for (const struct json_node *child = json_first(&reading->doc, node); child;
         child = json_after(&reading->doc, node, child)) {
        if (!read_column(reading, child, &layout->columns[layout->column_count]))
            return false;
        find_lists(layout, &layout->columns[layout->column_count]);
        layout->column_count++;
    }
    find_json_column(layout);
    return true;
}

static bool read_message(const struct reading *reading, const struct json_node *node)
{
    reading->layout->rows = node && text_equal(text_at(reading, node), TEXT("row"));
    if (!node || (node->kind == JSON_STRING &&
                  (reading->layout->rows || text_equal(text_at(reading, node), TEXT("auto")))))
        return true;
    return refuse(reading, node, "\"message\" must be auto or row");
}

static bool read_metadata_prefix(const struct reading *reading, const struct json_node *node)
{
    reading->layout->metadata_prefix = TEXT("__");
    if (!node)
        return true;
    if (node->kind != JSON_STRING)
        return refuse(reading, node, "\"metadata_prefix\" must be a string, such as \"__\"");
    reading->layout->metadata_prefix = text_at(reading, node);
    return true;
}

static bool read_accept_missing(const struct reading *reading, const struct json_node *node)
{
    reading->layout->accept_missing_is_error = node && text_equal(text_at(reading, node), TEXT("error"));
    if (!node || (node->kind == JSON_STRING && (reading->layout->accept_missing_is_error ||
                                                text_equal(text_at(reading, node), TEXT("skip")))))
        return true;
    return refuse(reading, node, "\"accept_missing\" must be skip or error");
}

/* A list of members of the row image; `depth` is how many steps each path has at most. */
static bool read_members(const struct reading *reading, const struct json_node *node, const char *what,
                         size_t depth, struct path **paths, size_t *count)
{
    if (!node)
        return true;
    size_t length = count_children(&reading->doc, node);
    if (node->kind != JSON_ARRAY || !(*paths = take(reading, length, sizeof **paths)))
        return refuse(reading, node,
                      "\"%s\" must be a list of members of the row image, such as [\"after.payload\"]", what);
    for (const struct json_node *child = json_first(&reading->doc, node); child;
         child = json_after(&reading->doc, node, child)) {
        struct path *path = &(*paths)[*count];
        if (child->kind != JSON_STRING || !path_parse(reading->arena, text_at(reading, child), path) ||
            path->space != SPACE_ROW || path->count > depth)
            return refuse(reading, child,
                          "\"%s\": %.*s is not a member of the row image, such as after.payload", what,
                          SHOWN(json_raw(&reading->doc, child)));
        ++*count;
    }
    return true;
}

static struct column *find_column(const struct layout *layout, struct text name)
{
    for (size_t i = 0; i < layout->column_count; i++)
        if (text_equal(layout->columns[i].name, name))
            return &layout->columns[i];
    return NULL;
}

static bool read_key(const struct reading *reading, const struct json_node *node)
{
    struct layout *layout = reading->layout;
    if (!node)
        return true;
    layout->key = take(reading, count_children(&reading->doc, node), sizeof *layout->key);
    if (node->kind != JSON_ARRAY || !json_first(&reading->doc, node) || !layout->key)
        return refuse(reading, node, "\"key\" must be a list of names of columns");
    for (const struct json_node *child = json_first(&reading->doc, node); child;
         child = json_after(&reading->doc, node, child)) {
        struct column *column =
            child->kind == JSON_STRING ? find_column(layout, text_at(reading, child)) : NULL;
        bool twice = false;
        for (size_t i = 0; i < layout->key_count; i++)
            twice |= layout->key[i] == column;
        if (!column || twice)
            return refuse(reading, child, "\"key\": %.*s %s", SHOWN(json_raw(&reading->doc, child)),
                          twice ? "appears twice" : "is not a column of this layout");
        if (column->as.type.nullable)
            return refuse(reading, child, "\"key\": the column \"%.*s\" is Nullable; a key is never NULL",
                          SHOWN(column->name));
        layout->key[layout->key_count++] = column;
    }
    return true;
}

static bool read_layout(const struct reading *reading)
{
    enum { FUNCTION, ACCEPT, COLUMNS, MESSAGE, PREFIX, BASE64, IGNORE, MISSING, EXACT, KEY, NOTE, COUNT };
    static const struct text names[COUNT] = {{"function", 8},
                                             {"accept", 6},
                                             {"columns", 7},
                                             {"message", 7},
                                             {"metadata_prefix", 15},
                                             {"base64_documents", 16},
                                             {"ignore", 6},
                                             {"accept_missing", 14},
                                             {"exact", 5},
                                             {"key", 3},
                                             {"note", 4}};
    const struct json_node *keys[COUNT] = {NULL}, *root = reading->doc.nodes;
    struct layout *layout = reading->layout;
    if (!find_keys(
            reading, root, names, COUNT,
            "function, message, metadata_prefix, base64_documents, accept, accept_missing, exact, key, columns, ignore, note",
            keys))
        return false;
    if (!keys[FUNCTION] || !keys[COLUMNS])
        return refuse(reading, root, "\"%s\" is missing", keys[FUNCTION] ? "columns" : "function");
    return read_function(reading, keys[FUNCTION]) && (!keys[ACCEPT] || read_accept(reading, keys[ACCEPT])) &&
           read_message(reading, keys[MESSAGE]) && read_metadata_prefix(reading, keys[PREFIX]) &&
           read_accept_missing(reading, keys[MISSING]) &&
           read_flag(reading, keys[EXACT], "exact", "", &layout->exact) &&
           read_members(reading, keys[BASE64], "base64_documents", 2, &layout->base64_documents,
                        &layout->base64_count) &&
           read_members(reading, keys[IGNORE], "ignore", PATH_STEPS_LIMIT, &layout->ignored,
                        &layout->ignored_count) &&
           read_columns(reading, keys[COLUMNS]) && read_key(reading, keys[KEY]);
}

bool layout_is_base64(const struct layout *layout, struct text member)
{
    for (size_t i = 0; i < layout->base64_count; i++)
        if (text_equal(layout->base64_documents[i].steps[1].name, member))
            return true;
    return false;
}

static bool parse_file(struct reading *reading, struct json_parser *parser, struct text json)
{
    struct layout *layout = reading->layout;
    char *copy = json.size <= JSON_MOST ? arena_alloc(&layout->arena, json.size + JSON_PADDING) : NULL;
    if (!parser || !copy) {
        snprintf(reading->problem, LAYOUT_PROBLEM, "%s: out of memory", reading->file);
        return false;
    }
    memcpy(copy, json.data, json.size);
    memset(copy + json.size, 0, JSON_PADDING);
    layout->fingerprint = hash_of(json);
    reading->doc.text = copy;
    struct json_fault fault;
    struct text text = {copy, json.size};
    if (json_parse(parser, &layout->arena, text, JSON_DEPTH, &reading->doc, &fault))
        return read_layout(reading);
    snprintf(reading->problem, LAYOUT_PROBLEM, "%s:%d: %s at byte %zu", reading->file,
             line_of(reading, (uint32_t)fault.byte), fault.what ? fault.what : "out of memory", fault.byte);
    return false;
}

struct layout *layout_parse(const char *file, struct text json, char *problem)
{
    struct layout *layout = calloc(1, sizeof *layout);
    if (!layout) {
        snprintf(problem, LAYOUT_PROBLEM, "%s: out of memory", file);
        return NULL;
    }
    struct reading reading = {.file = file, .arena = &layout->arena, .layout = layout, .problem = problem};
    struct json_parser *parser = json_parser_new();
    bool read = parse_file(&reading, parser, json);
    json_parser_free(parser);
    if (read && !layout->arena.failed)
        return layout;
    if (read)
        snprintf(problem, LAYOUT_PROBLEM, "%s: out of memory", file);
    layout_free(layout);
    return NULL;
}

void layout_free(struct layout *layout)
{
    if (!layout)
        return;
    arena_free(&layout->arena);
    free(layout);
}
