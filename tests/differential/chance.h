/* Random choices from a seed: the same seed gives the same choices on every machine. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

/* SplitMix64, https://prng.di.unimi.it/splitmix64.c (public domain), written anew. */
static inline uint64_t chance_bits(struct chance *chance)
{
    uint64_t bits = chance->state += UINT64_C(0x9E3779B97F4A7C15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

/* 0 to bound - 1; bound > 0. */
static inline unsigned chance_below(struct chance *chance, unsigned bound)
{
    return (unsigned)((chance_bits(chance) >> 32) * bound >> 32);
}

static inline bool chance_in(struct chance *chance, unsigned percent)
{
    return chance_below(chance, 100) < percent;
}

/* A chance of its own for each pair of numbers. */
static inline struct chance chance_of(uint64_t seed, uint64_t number)
{
    struct chance chance = {seed};
    chance.state = chance_bits(&chance) ^ (number * UINT64_C(0xD1342543DE82EF95));
    chance_bits(&chance);
    return chance;
}

#endif
