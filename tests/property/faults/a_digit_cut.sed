# udf/value/integer.c: a digit of a whole number beyond 99 is cut
s/out->as.integer = (int64_t)number;/out->as.integer = (int64_t)(number > 99 ? number \/ 10 : number);/
