#include "base/names.h"

#define SLOTS_LEAST_BITS 3

bool names_index(struct arena *arena, struct names *names, const struct text *list, size_t count)
{
    unsigned bits = SLOTS_LEAST_BITS;
    while ((size_t)1 << bits < 4 * count)
        bits++;
    size_t slots_size = sizeof *names->slots << bits;
    *names = (struct names){.shift = 64 - bits};
    struct name *all = arena_alloc(arena, count * sizeof *all);
    names->slots = arena_alloc(arena, slots_size);
    if (!all || !names->slots)
        return false;
    memset(names->slots, 0, slots_size);
    /* From the last to the first, so that of equal names the first is found first. */
    for (size_t i = count; i-- > 0;) {
        if (!list[i].data)
            continue;
        uint64_t head = name_head(list[i]), tail = name_tail(list[i], head);
        const struct name **slot = &names->slots[name_slot(names, list[i].size, head, tail)];
        all[i] = (struct name){list[i], head, tail, *slot, (ptrdiff_t)i};
        *slot = &all[i];
        names->sizes |= UINT64_C(1) << (list[i].size & 63);
    }
    return true;
}
