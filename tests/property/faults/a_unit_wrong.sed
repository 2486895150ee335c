# udf/value/timestamp.c: microseconds are read as tens of them
s/instant_of_ticks(count, 6)/instant_of_ticks(count \/ 10, 6)/
