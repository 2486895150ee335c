/* The pass of special.h over one level's operations: LEVEL names them, STEP bytes are taken at a time, BYTES and FOUND are their
 * types, TARGET the instructions that the compiler may use. */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define OF(operation) JOIN(operation, LEVEL)

static inline TARGET uint64_t OF(word)(const char *at)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += STEP) {
        const BYTES bytes = OF(load)(at + i);
        const FOUND quotes = OF(either)(OF(equal)(bytes, '"'), OF(equal)(bytes, '\\'));
        word |= OF(bits)(OF(either)(quotes, OF(outside)(bytes))) << i;
    }
    return word;
}

static TARGET void OF(mark)(const char *text, size_t size, uint64_t *words)
{
    const size_t whole = size / 64, rest = size % 64;
    for (size_t i = 0; i < whole; i++)
        words[i] = OF(word)(text + 64 * i);
    words[whole] = UINT64_MAX << rest;
    if (rest)
        words[whole] |= OF(word)(text + 64 * whole);
}

#undef OF
#undef JOIN
#undef JOIN_
#undef LEVEL
#undef STEP
#undef TARGET
#undef BYTES
#undef FOUND
