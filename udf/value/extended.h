/* MongoDB's Extended JSON: scalars that JSON has no words for, as objects of one member.
 *
 * Source: https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/ */
#ifndef EXTENDED_H
#define EXTENDED_H

#include "value/convert.h"

/* The scalar that an object of one member stands for: {"$oid"}, {"$uuid"}, {"$numberInt"}, {"$numberLong"}, {"$numberDouble"},
 * {"$numberDecimal"} or {"$date"}, whose *is_date is set: ISO text or milliseconds. False for any other container. */
bool extended_read(struct text container, struct arena *arena, struct json_value *scalar, bool *is_date);

#endif
