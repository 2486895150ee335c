# udf/value/timestamp.c: the offset of a zone counts for nothing
s/\*offset = (west ? -60 : 60) \* (int64_t)total;/*offset = 0 * (int64_t)(west + total);/
