/* Base64 with padding, RFC 4648 section 4, strictly: no line breaks, nothing behind the padding. */
#ifndef BASE64_H
#define BASE64_H

#include <stdint.h>

#include "base/arena.h"

/* A digit's six bits; above 63 for every other byte. */
uint32_t base64_digit(char c);

/* The bytes that a text stands for, with `padding` zero bytes after them, from the arena. False if the text is not base64 or memory
 * is refused (then arena->failed). An empty text stands for no bytes. */
bool base64_decode(struct arena *arena, struct text text, size_t padding, struct text *bytes);

#endif
