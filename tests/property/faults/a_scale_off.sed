# udf/value/decimal.c: a decimal in base64 is ten times as large
s/return rescale(size, scale, to->type.scale);/return rescale(size, scale - 1, to->type.scale);/
