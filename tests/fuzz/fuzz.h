/* What the harnesses share. Each of them is one file with LLVMFuzzerTestOneInput and, in its head, what it holds. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding: says what is broken and stops, so that the fuzzer keeps the input. */
#define HOLDS(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

/* A copy with the padding that the core may read behind it, filled with `filler`, which must not matter. The next byte is out of
 * bounds for the address sanitizer. The caller frees it. */
static inline char *padded(const uint8_t *data, size_t size, uint8_t filler)
{
    char *copy = malloc(size + JSON_PADDING);
    HOLDS(copy);
    if (size > 0)
        memcpy(copy, data, size);
    memset(copy + size, filler, JSON_PADDING);
    return copy;
}

/* Reads every byte of a text, so that the sanitizers see one that does not live. */
static inline void touch(struct text text)
{
    static volatile unsigned sum;
    for (size_t i = 0; i < text.size; i++)
        sum += (unsigned char)text.data[i];
    (void)sum;
}

/* Splits the first byte off; 0 where there is none. */
static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

#endif
