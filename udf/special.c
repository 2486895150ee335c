#include "special.h"

#include "special_levels.h"

static const struct special_level levels[] = {
    {"scalar", mark_scalar},
#ifdef SPECIAL_X86
    {"sse2", mark_sse2},     {"avx2", mark_avx2}, {"avx512bw", mark_avx512bw},
#endif
#ifdef SPECIAL_ARM
    {"neon", mark_neon},
#endif
};

/* What stands in the table is compiled in; what a machine has, it has from the first to some one of them. */
static size_t level_count(void)
{
    size_t count = sizeof levels / sizeof *levels;
#ifdef SPECIAL_X86
    if (!__builtin_cpu_supports("avx512bw"))
        count--;
    if (!__builtin_cpu_supports("avx2"))
        count = 2;
#endif
    return count;
}

const struct special_level *special_level(size_t index)
{
    return index < level_count() ? &levels[index] : NULL;
}

static const struct special_level *in_use;

const struct special_level *special_in_use(void)
{
    if (!in_use)
        special_use(NULL);
    return in_use;
}

bool special_use(const char *name)
{
    const size_t count = level_count();
    for (size_t i = count; i-- > 0;) {
        if (!name || !*name || strcmp(levels[i].name, name) == 0) {
            in_use = &levels[i];
            return true;
        }
    }
    return false;
}
