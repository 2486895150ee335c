# udf/value/integer.c: a digit of a whole number beyond 99 is cut
s/return out->as.natural <= (uint64_t)last && !has_lost_zeros(value, to);/return out->as.natural <= (uint64_t)last \&\& !has_lost_zeros(value, to) \&\& ((out->as.natural \/= out->as.natural > 99 ? 10 : 1), true);/
