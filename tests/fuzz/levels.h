/* simdjson's implementations, one for each level of SIMD instructions that this machine has. */
#ifndef LEVELS_H
#define LEVELS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many there are; the first is the best. */
size_t levels_count(void);

/* Makes parsers that are made or grow from now on use the one of this number. */
void levels_use(size_t level);

#ifdef __cplusplus
}
#endif

#endif
