# udf/value/integer.c: a negative number loses its sign
s/out->as.integer = (int64_t)integer;/out->as.integer = (int64_t)(integer < 0 ? -integer : integer);/
