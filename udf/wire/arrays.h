/* Arrays in RowBinary and Native.
 *
 * RowBinary: the number of elements in LEB128, then each. Native: the streams of a column, one behind another: where each array
 * ends among all elements so far, in 8 bytes; in Array(Array(...)), the same of the inner arrays; whether each scalar is NULL,
 * where it may be; the scalars, a NULL's being its type's default. */
#ifndef ARRAYS_H
#define ARRAYS_H

#include "wire/binary.h"

/* Puts an array to the output, as RowBinary has it or as the streams of a Native block of one row. `at` and the answer are where the
 * next of a row's values begins, as for binary_put_answer. */
char *array_put(struct results *results, char *at, const struct type *type, const struct value *array,
                bool native);

/* The streams of an array column in a Native block of more rows. */
enum { ARRAY_ENDS, ARRAY_INNER_ENDS, ARRAY_NULLS, ARRAY_DATA, ARRAY_STREAMS };

/* The bytes that an array takes in each of them. */
struct array_sizes {
    size_t bytes[ARRAY_STREAMS];
};

struct array_sizes array_sizes(const struct type *type, const struct value *array);

/* Writes to where each stream has come to, of which array_sizes bytes are free, and VALUE_BINARY_SIZE more; moves them on. `scalars`
 * counts those of the block so far, and `inner` its inner arrays. */
void array_gather(const struct type *type, const struct value *array, char *streams[ARRAY_STREAMS],
                  uint64_t *scalars, uint64_t *inner);

#endif
