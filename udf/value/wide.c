#include "value/wide.h"

#include "base/digits.h"

bool wide_multiply_add(struct wide *number, uint64_t by, uint64_t add)
{
    uint128 carry = add;
    for (int i = 0; i < 4; i++) {
        carry += (uint128)number->limbs[i] * by;
        number->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

uint64_t wide_divide(struct wide *number, uint64_t by)
{
    uint128 rest = 0;
    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | number->limbs[i];
        number->limbs[i] = (uint64_t)(rest / by);
        rest %= by;
    }
    return (uint64_t)rest;
}

void wide_negate(struct wide *number)
{
    uint128 carry = 1;
    for (int i = 0; i < 4; i++) {
        carry += ~number->limbs[i];
        number->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

bool wide_is_less(const struct wide *a, const struct wide *b)
{
    int i = 3;
    while (i > 0 && a->limbs[i] == b->limbs[i])
        i--;
    return a->limbs[i] < b->limbs[i];
}

bool wide_push_byte(struct wide *number, unsigned char byte)
{
    /* The nine highest bits must be the same: eight of them go. */
    const int64_t highest = (int64_t)number->limbs[3] >> 55;
    for (int i = 3; i > 0; i--)
        number->limbs[i] = number->limbs[i] << 8 | number->limbs[i - 1] >> 56;
    number->limbs[0] = number->limbs[0] << 8 | byte;
    return highest == 0 || highest == -1;
}

struct wide wide_power_of_ten(unsigned digits)
{
    struct wide power = {{1}};
    for (; digits >= 19; digits -= 19)
        wide_multiply_add(&power, power_of_ten[19], 0);
    wide_multiply_add(&power, power_of_ten[digits], 0);
    return power;
}

struct wide wide_of(int128 number)
{
    const uint64_t sign = number < 0 ? UINT64_MAX : 0;
    return (struct wide){{(uint64_t)number, (uint64_t)((uint128)number >> 64), sign, sign}};
}

char *wide_write(char *out, struct wide number, unsigned least)
{
    char digits[WIDE_DIGITS + 18];
    unsigned count = 0; /* from the end */
    do {
        uint64_t part = wide_divide(&number, power_of_ten[18]);
        for (int i = 0; i < 18; i++, part /= 10)
            digits[sizeof digits - ++count] = (char)('0' + part % 10);
    } while (!wide_is_zero(&number));
    while (count > 1 && digits[sizeof digits - count] == '0')
        count--;
    for (; count < least; least--)
        *out++ = '0';
    memcpy(out, digits + sizeof digits - count, count);
    return out + count;
}

const struct wide *wide_keep(struct arena *arena, const struct wide *number)
{
    struct wide *const kept = arena_alloc(arena, sizeof *kept);
    if (kept)
        *kept = *number;
    return kept;
}
