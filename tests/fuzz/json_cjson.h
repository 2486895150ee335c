/* The cJSON back end beside the simdjson one: json_cjson.c is compiled with these names (see Makefile). */
#ifndef FUZZ_JSON_CJSON_H
#define FUZZ_JSON_CJSON_H

#include "json/json.h"

struct json_parser *cjson_parser_new(void);
void cjson_parser_free(struct json_parser *parser);
bool cjson_parse(struct json_parser *parser, struct arena *arena, struct text text, unsigned depth, struct json_doc *doc,
                 struct json_fault *fault);

#endif
