# udf/value/timestamp.c: microseconds are read as if they were ten to a millisecond
s/instant_of_ticks(count, 6)/instant_of_ticks(count, 4)/
