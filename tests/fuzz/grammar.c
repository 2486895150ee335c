#include "grammar.h"

#include <string.h>

/* What is being read. A name says what has been seen, or what may come. */
enum state {
    WRONG,
    VALUE,         /* a value must come */
    FIRST_ELEMENT, /* a value or ] */
    FIRST_KEY,     /* a key or } */
    NEXT_KEY,
    COLON,
    BEHIND, /* a value has been read: a comma, a closing bracket, or the end */
    STRING,
    ESCAPE,
    HEX_1,
    HEX_2,
    HEX_2_OF_D, /* the second digit of \uD…: decides between a character and half a pair */
    HEX_3,
    HEX_4,
    HIGH_3,
    HIGH_4,
    LOW_BACKSLASH,
    LOW_U,
    LOW_1,
    LOW_2,
    UTF8_1, /* so many bytes of a sequence are missing */
    UTF8_2,
    UTF8_3,
    UTF8_E0,
    UTF8_ED,
    UTF8_F0,
    UTF8_F4,
    MINUS,
    ZERO,
    DIGITS,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    EXPONENT_DIGITS,
    T,
    TR,
    TRU,
    F,
    FA,
    FAL,
    FALS,
    N,
    NU,
    NUL,
    STATES,
    /* No states but what a byte does in one. */
    OPEN_ARRAY = STATES,
    OPEN_OBJECT,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COMMA,
    CLOSE_STRING,
};

static uint8_t table[STATES][256];

static void on(enum state from, const char *bytes, unsigned to)
{
    for (; *bytes; bytes++)
        table[from][(uint8_t)*bytes] = (uint8_t)to;
}

static void on_range(enum state from, unsigned first, unsigned last, unsigned to)
{
    for (unsigned byte = first; byte <= last; byte++)
        table[from][byte] = (uint8_t)to;
}

static void on_value(enum state from)
{
    on(from, "[", OPEN_ARRAY);
    on(from, "{", OPEN_OBJECT);
    on(from, "\"", STRING);
    on(from, "-", MINUS);
    on(from, "0", ZERO);
    on(from, "123456789", DIGITS);
    on(from, "t", T);
    on(from, "f", F);
    on(from, "n", N);
}

static void on_behind(enum state from)
{
    on(from, " \t\r\n", BEHIND);
    on(from, ",", COMMA);
    on(from, "]", CLOSE_ARRAY);
    on(from, "}", CLOSE_OBJECT);
}

static void on_text(enum state from)
{
    on_range(from, 0xC2, 0xDF, UTF8_1);
    on_range(from, 0xE1, 0xEF, UTF8_2);
    on_range(from, 0xE0, 0xE0, UTF8_E0);
    on_range(from, 0xED, 0xED, UTF8_ED);
    on_range(from, 0xF1, 0xF3, UTF8_3);
    on_range(from, 0xF0, 0xF0, UTF8_F0);
    on_range(from, 0xF4, 0xF4, UTF8_F4);
}

static void fill_table(void)
{
    static const char hex[] = "0123456789abcdefABCDEF", digits[] = "0123456789";
    const enum state spaced[] = {VALUE, FIRST_ELEMENT, FIRST_KEY, NEXT_KEY, COLON};
    for (size_t i = 0; i < sizeof spaced / sizeof *spaced; i++)
        on(spaced[i], " \t\r\n", spaced[i]);
    on_value(VALUE);
    on_value(FIRST_ELEMENT);
    on(FIRST_ELEMENT, "]", CLOSE_ARRAY);
    on(FIRST_KEY, "\"", STRING);
    on(FIRST_KEY, "}", CLOSE_OBJECT);
    on(NEXT_KEY, "\"", STRING);
    on(COLON, ":", VALUE);
    on_behind(BEHIND);

    on_range(STRING, 0x20, 0x7F, STRING);
    on_text(STRING);
    on(STRING, "\"", CLOSE_STRING);
    on(STRING, "\\", ESCAPE);
    on(ESCAPE, "\"\\/bfnrt", STRING);
    on(ESCAPE, "u", HEX_1);
    on(HEX_1, hex, HEX_2);
    on(HEX_1, "dD", HEX_2_OF_D);
    on(HEX_2, hex, HEX_3);
    on(HEX_2_OF_D, "01234567", HEX_3);
    on(HEX_2_OF_D, "89abAB", HIGH_3);
    on(HEX_3, hex, HEX_4);
    on(HEX_4, hex, STRING);
    on(HIGH_3, hex, HIGH_4);
    on(HIGH_4, hex, LOW_BACKSLASH);
    on(LOW_BACKSLASH, "\\", LOW_U);
    on(LOW_U, "u", LOW_1);
    on(LOW_1, "dD", LOW_2);
    on(LOW_2, "cdefCDEF", HEX_3);

    on_range(UTF8_1, 0x80, 0xBF, STRING);
    on_range(UTF8_2, 0x80, 0xBF, UTF8_1);
    on_range(UTF8_3, 0x80, 0xBF, UTF8_2);
    on_range(UTF8_E0, 0xA0, 0xBF, UTF8_1);
    on_range(UTF8_ED, 0x80, 0x9F, UTF8_1);
    on_range(UTF8_F0, 0x90, 0xBF, UTF8_2);
    on_range(UTF8_F4, 0x80, 0x8F, UTF8_2);

    const enum state number_ends[] = {ZERO, DIGITS, FRACTION, EXPONENT_DIGITS};
    for (size_t i = 0; i < sizeof number_ends / sizeof *number_ends; i++)
        on_behind(number_ends[i]);
    on(MINUS, "0", ZERO);
    on(MINUS, "123456789", DIGITS);
    on(DIGITS, digits, DIGITS);
    on(ZERO, ".", POINT);
    on(DIGITS, ".", POINT);
    on(POINT, digits, FRACTION);
    on(FRACTION, digits, FRACTION);
    on(ZERO, "eE", EXPONENT);
    on(DIGITS, "eE", EXPONENT);
    on(FRACTION, "eE", EXPONENT);
    on(EXPONENT, "+-", EXPONENT_SIGN);
    on(EXPONENT, digits, EXPONENT_DIGITS);
    on(EXPONENT_SIGN, digits, EXPONENT_DIGITS);
    on(EXPONENT_DIGITS, digits, EXPONENT_DIGITS);

    on(T, "r", TR);
    on(TR, "u", TRU);
    on(TRU, "e", BEHIND);
    on(F, "a", FA);
    on(FA, "l", FAL);
    on(FAL, "s", FALS);
    on(FALS, "e", BEHIND);
    on(N, "u", NU);
    on(NU, "l", NUL);
    on(NUL, "l", BEHIND);
}

bool grammar_accepts(const uint8_t *data, size_t size, size_t *values)
{
    char open[GRAMMAR_DEPTH];
    unsigned depth = 0, state = VALUE;
    bool key = false; /* the string that is being read is a key */
    if (table[VALUE]['['] == 0)
        fill_table();
    *values = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned from = state;
        state = table[from][data[i]];
        if ((from == VALUE || from == FIRST_ELEMENT) && state != from && state != CLOSE_ARRAY)
            ++*values;
        switch (state) {
        case WRONG:
            return false;
        case STRING:
            if (from == FIRST_KEY || from == NEXT_KEY)
                key = true;
            else if (from == VALUE || from == FIRST_ELEMENT)
                key = false;
            break;
        case CLOSE_STRING:
            state = key ? COLON : BEHIND;
            break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
            if (depth == GRAMMAR_DEPTH)
                return false;
            open[depth++] = state == OPEN_ARRAY ? ']' : '}';
            state = state == OPEN_ARRAY ? FIRST_ELEMENT : FIRST_KEY;
            break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
            if (depth == 0 || open[--depth] != (char)data[i])
                return false;
            state = BEHIND;
            break;
        case COMMA:
            if (depth == 0)
                return false;
            state = open[depth - 1] == ']' ? VALUE : NEXT_KEY;
            break;
        default:
            break;
        }
    }
    return depth == 0 && (state == BEHIND || state == ZERO || state == DIGITS || state == FRACTION || state == EXPONENT_DIGITS);
}

bool grammar_is_utf8(const uint8_t *data, size_t size)
{
    unsigned state = STRING;
    if (table[VALUE]['['] == 0)
        fill_table();
    for (size_t i = 0; i < size && state != WRONG; i++)
        if (state != STRING || data[i] >= 0x80)
            state = table[state][data[i]];
    return state == STRING;
}

static uint32_t hex_4(const uint8_t *at)
{
    static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
    uint32_t number = 0;
    for (int i = 0; i < 4; i++)
        number = number * 16 + (uint32_t)((const char *)memchr(digits, at[i], sizeof digits - 1) - digits) / 2;
    return number;
}

size_t grammar_unescape(const uint8_t *data, size_t size, uint8_t *out)
{
    static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    size_t length = 0;
    for (size_t i = 0; i < size;) {
        if (data[i] != '\\') {
            out[length++] = data[i++];
            continue;
        }
        if (data[i + 1] != 'u') {
            const char *letter = strchr(letters, data[i + 1]);
            out[length++] = (uint8_t)characters[letter - letters];
            i += 2;
            continue;
        }
        uint32_t code = hex_4(data + i + 2);
        i += 6;
        if ((code & 0xFC00) == 0xD800) {
            code = 0x10000 + (code % 0x400) * 0x400 + hex_4(data + i + 2) % 0x400;
            i += 6;
        }
        /* The bytes of a character from its last to its first, and how many bits the first one has. */
        unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const uint8_t heads[] = {0x00, 0xC0, 0xE0, 0xF0};
        for (unsigned j = more; j > 0; j--, code /= 64)
            out[length + j] = (uint8_t)(0x80 | code % 64);
        out[length] = (uint8_t)(heads[more] | code);
        length += more + 1;
    }
    return length;
}
