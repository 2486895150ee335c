/* A second implementation of RFC 8259, with which the JSON back ends are compared: a table of states and bytes. It shares nothing with udf/. */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAMMAR_DEPTH 128 /* arrays and objects within each other */

/* Whether the bytes are one JSON text in well-formed UTF-8 without half surrogate pairs, nested to GRAMMAR_DEPTH. *values becomes
 * how many values it has, containers included and keys not. */
bool grammar_accepts(const uint8_t *data, size_t size, size_t *values);

/* Whether the bytes are well-formed UTF-8. */
bool grammar_is_utf8(const uint8_t *data, size_t size);

/* Reads the escapes of a valid string's text into `out`, which has room for `size` bytes. Answers the length. */
size_t grammar_unescape(const uint8_t *data, size_t size, uint8_t *out);

#endif
