/* A node of a document as the conversions need it. */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include "value/convert.h"
#include "json/json.h"

/* node is not null. Texts are borrowed from the document or come from the arena. */
void json_value_of(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                   struct json_value *value);

/* Fills value->scale and value->unscaled where the node is Debezium's VariableScaleDecimal: {"scale":n,"value":"base64"}. */
void json_value_take_scale(const struct json_doc *doc, const struct json_node *node, struct arena *arena,
                           struct json_value *value);

#endif
