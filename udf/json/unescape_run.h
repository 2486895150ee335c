/* Reading escapes, a template of simd_levels.h: see unescape.c, which has the parts without SIMD. */

/* Copies the bytes of a block whose bits in `keep` are set; answers where they end. Up to STEP bytes more are written. */
static inline TARGET char *OF(copy_kept)(char *out, const char *block, uint64_t keep)
{
    for (unsigned i = 0; i < BLOCK_SIZE; i += STEP)
        out += OF(squeeze)(out, block + i, keep >> i & (UINT64_MAX >> (64 - STEP)));
    return out;
}

/* Each block without the backslashes that begin its escapes, and in place of what follows one, what that stands for; up to a coded
 * escape, behind which a new block begins. */
static TARGET char *OF(unescape)(char *out, const char *at, const char *end)
{
    uint64_t carried = 0; /* 1 where the block's first byte is escaped */
    while (at < end) {
        const size_t left = (size_t)(end - at);
        uint64_t inside = left >= BLOCK_SIZE ? UINT64_MAX : (UINT64_C(1) << left) - 1;
        const uint64_t backslashes = OF(block_equal)(at, '\\') & inside;
        uint64_t escaped = carried;
        uint64_t escapes = block_escapes(backslashes, &carried);
        escaped |= escapes << 1;
        /* What stands for something else, of which most blocks have none. */
        const uint64_t others = escaped & inside & ~(OF(block_equal)(at, '"') | backslashes);
        const uint64_t coded = others ? others & OF(block_equal)(at, 'u') : 0;
        if (coded)
            inside &= ((coded & -coded) - 1) >>
                      1; /* to the first coded escape's backslash, which may be in the block before */
        const uint64_t keep = inside & ~escapes;
        char *from = out;
        out = OF(copy_kept)(out, at, keep);
        put_controls(from, at, others & keep, keep);
        if (coded) {
            at += __builtin_ctzll(coded) - 1;
            out = read_coded(&at, out);
            carried = 0;
        } else {
            at += BLOCK_SIZE;
        }
    }
    return out;
}
