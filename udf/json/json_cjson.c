/* json.h on cJSON: for machines without a C++ compiler. cJSON builds the tree. What it lets through, json_check refuses before;
 * where each value stands in the text, which cJSON does not keep, json_check lists in the same order. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json_check.h"

#define NUMBER_MOST 60 /* cJSON reads no number of more than 63 bytes */

struct json_parser {
    char library[32];
};

struct json_parser *json_parser_new(void)
{
    return calloc(1, sizeof(struct json_parser));
}

void json_parser_free(struct json_parser *parser)
{
    free(parser);
}

const char *json_library(void)
{
    static char name[32];
    snprintf(name, sizeof name, "cJSON %s", cJSON_Version());
    return name;
}

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* The text with every number that is too long for cJSON made a 0 and spaces, at its place: the tree needs none of its digits.
 * The text itself where it has none; NULL data if memory is refused. */
static struct text shorten_numbers(struct arena *arena, struct text text)
{
    char *copy = NULL;
    bool in_string = false;
    size_t run = 0;
    for (size_t i = 0; i <= text.size; i++) {
        char c = i < text.size ? text.data[i] : ' ';
        if (!in_string && is_number_byte(c)) {
            run++;
            continue;
        }
        if (run > NUMBER_MOST) {
            if (!copy) {
                copy = arena_alloc(arena, text.size);
                if (!copy)
                    return (struct text){NULL, 0};
                memcpy(copy, text.data, text.size);
            }
            memset(copy + i - run, ' ', run);
            copy[i - run] = '0';
        }
        run = 0;
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
    }
    return copy ? (struct text){copy, text.size} : text;
}

static enum json_kind kind_of(const cJSON *item)
{
    switch (item->type & 0xFF) {
    case cJSON_False:
        return JSON_FALSE;
    case cJSON_True:
        return JSON_TRUE;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

/* Gives the node at *index and those below it their kind and next, from the tree. */
static void take_tree(const cJSON *item, unsigned depth, struct json_node *nodes, uint32_t *index)
{
    struct json_node *node = &nodes[(*index)++];
    node->kind = (uint8_t)kind_of(item);
    if (depth > 0)
        for (const cJSON *child = item->child; child; child = child->next)
            take_tree(child, depth - 1, nodes, index);
    node->next = *index;
}

bool json_parse(struct json_parser *parser, struct arena *arena, struct text text, unsigned depth,
                struct json_doc *doc, struct json_fault *fault)
{
    (void)parser;
    *fault = (struct json_fault){NULL, 0};
    struct json_places places = {.depth = depth};
    if (!json_check(arena, text, &places, fault))
        return false;
    struct text readable = shorten_numbers(arena, text);
    cJSON *tree = readable.data ? cJSON_ParseWithLength(readable.data, readable.size) : NULL;
    if (!tree) {
        arena->failed = true;
        return false;
    }
    uint32_t count = 0;
    take_tree(tree, depth, places.nodes, &count);
    cJSON_Delete(tree);
    *doc = (struct json_doc){text.data, places.nodes, count};
    return true;
}
