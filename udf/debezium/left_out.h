/* What Debezium writes in place of a TOAST value that an update did not change.
 *
 * Source: UnchangedToastedPlaceholder of Debezium's PostgreSQL connector, and what it wrote (tests/golden/left_out.ndjson). For
 * numeric, and arrays of numbers with a fraction, smallint, boolean or times, it writes null, which looks the same as NULL. */
#ifndef LEFT_OUT_H
#define LEFT_OUT_H

#include "base/text.h"

#define LEFT_OUT "__debezium_unavailable_value"

static inline bool is_text(struct text text, const char *form, size_t size)
{
    return text.size == size && memcmp(text.data, form, size) == 0;
}
#define IS_TEXT(text, form) is_text(text, form, sizeof(form) - 1)

/* Whether a value is the placeholder, given a string's text or any other value's JSON: of text, XML and JSON; bytea; arrays of text
 * and of uuid; hstore, as its text and as it stands in a string; arrays of whole numbers and dates. */
static inline bool is_left_out_form(struct text text)
{
    switch (text.size) {
    case 28:
        return IS_TEXT(text, LEFT_OUT);
    case 32:
        return IS_TEXT(text, "[\"" LEFT_OUT "\"]");
    case 40:
        return IS_TEXT(text, "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==") ||
               IS_TEXT(text, "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]");
    case 63:
        return IS_TEXT(text, "{\"" LEFT_OUT "\":\"" LEFT_OUT "\"}");
    case 67:
        return IS_TEXT(text, "{\\\"" LEFT_OUT "\\\":\\\"" LEFT_OUT "\\\"}");
    default:
        return IS_TEXT(text,
                       "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,"
                       "118,97,108,117,101]");
    }
}

#endif
