/* The operations of one level as a table, a template of simd_levels.h for test_simd.c. */

static TARGET uint64_t OF(call_equal)(const char *at, char c)
{
    return OF(equal)(at, c);
}

static TARGET uint64_t OF(call_special)(const char *at)
{
    return OF(special)(at);
}

static TARGET uint64_t OF(call_other)(const char *at)
{
    return OF(other)(at);
}

static TARGET uint64_t OF(call_different)(const char *a, const char *b)
{
    return OF(different)(a, b);
}

static TARGET uint64_t OF(call_block_equal)(const char *at, char c)
{
    return OF(block_equal)(at, c);
}

static TARGET size_t OF(call_squeeze)(char *out, const char *at, uint64_t keep)
{
    return OF(squeeze)(out, at, keep);
}

static const struct operations OF(operations) = {
    .step = STEP,
    .equal = OF(call_equal),
    .special = OF(call_special),
    .other = OF(call_other),
    .different = OF(call_different),
    .squeeze = OF(call_squeeze),
    .block_equal = OF(call_block_equal),
};
