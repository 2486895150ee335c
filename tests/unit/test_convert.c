/* One JSON value to one ClickHouse type: what fits, as what, and what does not. */
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "value/convert.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct arena arena;

/* What a message holds is written here as JSON, but for escapes: "7" in quotes is a string. */
static struct json_value value_of(struct text json)
{
    if (json.data[0] == '"')
        return (struct json_value){.kind = VALUE_STRING, .text = {json.data + 1, json.size - 2}};
    if (json.data[0] == '{' || json.data[0] == '[')
        return (struct json_value){.kind = VALUE_CONTAINER, .text = json};
    if (json.data[0] == 't' || json.data[0] == 'f')
        return (struct json_value){.kind = json.data[0] == 't' ? VALUE_TRUE : VALUE_FALSE, .text = json};
    return (struct json_value){.kind = VALUE_NUMBER, .text = json};
}

static struct conversion conversion_to(const char *type, enum time_unit unit)
{
    struct conversion to = {.unit = unit};
    if (!type_parse(type, &to.type))
        fail_msg("%s is no type", type);
    return to;
}

/* The value as JSON; a String as it is, so that none here needs escapes. */
static char *print(char *out, const struct type *type, const struct value *value)
{
    if (value->null)
        return out + sprintf(out, "null");
    if (type->kind == TYPE_STRING)
        return out + sprintf(out, "\"%.*s\"", (int)value->as.text.size, value->as.text.data ? value->as.text.data : "");
    if (type->kind != TYPE_ARRAY)
        return out + value_to_json(type, value, out);
    const struct type element = type_element(type);
    *out++ = '[';
    for (size_t i = 0; i < value->as.array.count; i++) {
        if (i > 0)
            *out++ = ',';
        out = print(out, &element, &value->as.array.elements[i]);
    }
    *out++ = ']';
    return out;
}

/* Converts, and compares the value, as JSON, with the expected one; NULL: it does not fit. */
static void check_value(const struct json_value *value, const struct conversion *to, const char *expected)
{
    struct value out;
    char json[1024];
    const bool fits = convert(value, to, &arena, &out);
    const struct text got = {json, fits ? (size_t)(print(json, &to->type, &out) - json) : 0};
    if (fits && out.null)
        fail_msg("%.*s is null as %s", (int)value->text.size, value->text.data, to->type.name);
    if (fits != (expected != NULL) || (fits && !text_equal(got, text_of(expected))))
        fail_msg("%.*s as %s: %.*s, not %s", (int)value->text.size, value->text.data, to->type.name,
                 fits ? (int)got.size : 7, fits ? got.data : "refused", expected ? expected : "refused");
}

struct example {
    const char *type;
    const char *json;
    const char *expected;
};

static void check_examples(const struct example *examples, size_t count, enum time_unit unit)
{
    for (size_t i = 0; i < count; i++) {
        const struct conversion to = conversion_to(examples[i].type, unit);
        /* As in a message, JSON_PADDING bytes behind it are readable. */
        const struct text json = text_of(examples[i].json);
        char *padded = calloc(1, json.size + JSON_PADDING);
        assert_non_null(padded);
        memcpy(padded, json.data, json.size);
        const struct json_value value = value_of((struct text){padded, json.size});
        check_value(&value, &to, examples[i].expected);
        free(padded);
    }
}

#define CHECK_EXAMPLES(examples) check_examples(examples, COUNT(examples), UNIT_AUTO)

/* ---- String, Bool, UUID ---- */

static void test_strings(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"\"plain\"", "plain"},       {"\"\"", ""},         {"42", "42"},
        {"-1.50e+3", "-1.50e+3"},     {"true", "true"},     {"false", "false"},
        {"{\"a\": 1}", "{\"a\": 1}"}, {"[1, 2]", "[1, 2]"},
    };
    const struct conversion to = conversion_to("Nullable(String)", UNIT_AUTO);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct json_value value = value_of(text_of(texts[i][0]));
        struct value out;
        assert_true(convert(&value, &to, &arena, &out));
        assert_false(out.null);
        assert_true(text_equal(out.as.text, text_of(texts[i][1])));
        assert_ptr_equal(out.as.text.data, value.text.data); /* borrowed */
    }
}

static void test_bools(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Bool", "true", "true"},
        {"Bool", "false", "false"},
        {"Bool", "\"true\"", "true"},
        {"Bool", "\"false\"", "false"},
        {"Nullable(Bool)", "false", "false"},
        {"Bool", "\"True\"", NULL},
        {"Bool", "\"TRUE\"", NULL},
        {"Bool", "\" true\"", NULL},
        {"Bool", "\"t\"", NULL},
        {"Bool", "\"yes\"", NULL},
        {"Bool", "\"1\"", NULL},
        {"Bool", "\"0\"", NULL},
        {"Bool", "1", "true"},
        {"Bool", "0", "false"},
        {"Bool", "1.0", "true"},
        {"Bool", "10e-1", "true"},
        {"Bool", "-0", "false"},
        {"Bool", "2", NULL},
        {"Bool", "-1", NULL},
        {"Bool", "0.5", NULL},
        {"Bool", "1e-400", NULL},
        {"Bool", "{}", NULL},
        {"Bool", "[]", NULL},
    };
    CHECK_EXAMPLES(examples);
}

static void test_uuids(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"UUID", "\"550e8400-e29b-41d4-a716-446655440000\"", "\"550e8400-e29b-41d4-a716-446655440000\""},
        {"UUID", "\"550E8400-E29B-41D4-A716-44665544000F\"", "\"550e8400-e29b-41d4-a716-44665544000f\""},
        {"UUID", "\"00000000-0000-0000-0000-000000000000\"", "\"00000000-0000-0000-0000-000000000000\""},
        {"UUID", "\"ffffffff-FFFF-ffff-FFFF-ffffffffffff\"", "\"ffffffff-ffff-ffff-ffff-ffffffffffff\""},
        {"UUID", "\"550e8400e29b41d4a716446655440000\"", NULL},
        {"UUID", "\"{550e8400-e29b-41d4-a716-446655440000}\"", NULL},
        {"UUID", "\"urn:uuid:550e8400-e29b-41d4-a716-446655440000\"", NULL},
        {"UUID", "\"550e8400-e29b-41d4-a716-44665544000\"", NULL},
        {"UUID", "\"550e8400-e29b-41d4-a716-4466554400000\"", NULL},
        {"UUID", "\"550e8400-e29b-41d4-a716-44665544000g\"", NULL},
        {"UUID", "\"550e8400-e29b-41d4-a716-44665544000:\"", NULL},
        {"UUID", "\"550e8400-e29b-41d4-a716_446655440000\"", NULL},
        {"UUID", "\"550e84-00e29b-41d4-a716-446655440000\"", NULL},
        {"UUID", "\"550e8400--e29b41d4-a716-446655440000\"", NULL},
        {"UUID", "\" 550e8400-e29b-41d4-a716-44665544000\"", NULL},
        {"UUID", "0", NULL},
        {"UUID", "true", NULL},
        {"UUID", "[]", NULL},
    };
    CHECK_EXAMPLES(examples);
}

/* ---- Integers ---- */

static void test_integers(void **state)
{
    (void)state;
    static const struct example examples[] = {
        /* both sides of every range */
        {"Int8", "-128", "-128"},
        {"Int8", "-129", NULL},
        {"Int8", "127", "127"},
        {"Int8", "128", NULL},
        {"Int16", "-32768", "-32768"},
        {"Int16", "-32769", NULL},
        {"Int16", "32767", "32767"},
        {"Int16", "32768", NULL},
        {"Int32", "-2147483648", "-2147483648"},
        {"Int32", "-2147483649", NULL},
        {"Int32", "2147483647", "2147483647"},
        {"Int32", "2147483648", NULL},
        {"Int64", "-9223372036854775808", "-9223372036854775808"},
        {"Int64", "-9223372036854775809", NULL},
        {"Int64", "9223372036854775807", "9223372036854775807"},
        {"Int64", "9223372036854775808", NULL},
        {"Int64", "18446744073709551616", NULL},
        {"UInt8", "0", "0"},
        {"UInt8", "-1", NULL},
        {"UInt8", "255", "255"},
        {"UInt8", "256", NULL},
        {"UInt16", "65535", "65535"},
        {"UInt16", "65536", NULL},
        {"UInt16", "-1", NULL},
        {"UInt32", "4294967295", "4294967295"},
        {"UInt32", "4294967296", NULL},
        {"UInt32", "-1", NULL},
        {"UInt64", "18446744073709551615", "18446744073709551615"},
        {"UInt64", "18446744073709551616", NULL},
        {"UInt64", "-1", NULL},
        {"UInt64", "-0", "0"},
        {"Int32", "-0", "0"},
        {"Nullable(UInt8)", "7", "7"},
        /* numbers whose value is an integer */
        {"UInt32", "7.0", "7"},
        {"UInt32", "7.000000000000000000000000000000000000000000000000000000000000000", "7"},
        {"UInt32", "1e2", "100"},
        {"UInt32", "1E+2", "100"},
        {"UInt32", "1.5e1", "15"},
        {"UInt32", "100e-2", "1"},
        {"UInt32", "0.7e1", "7"},
        {"UInt32", "0.0000000000000000000000000000000000000000000000007e49", "7"},
        {"UInt32", "70000000000000000000000000000000000000000000000000e-49", "7"},
        {"Int32", "-7.0", "-7"},
        {"Int32", "-0.0", "0"},
        {"UInt8", "-0e5", "0"},
        {"Int64", "12345678901234567890e-1", "1234567890123456789"},
        {"Int64", "-9223372036854775808.000", "-9223372036854775808"},
        {"Int64", "9.223372036854775807e18", "9223372036854775807"},
        {"Int64", "9.223372036854775808e18", NULL},
        {"UInt64", "1.8446744073709551615e19", "18446744073709551615"},
        {"UInt64", "1.8446744073709551616e19", NULL},
        {"UInt64", "10000000000000000000", "10000000000000000000"},
        {"UInt64", "1e19", "10000000000000000000"},
        {"UInt64", "1e20", NULL},
        /* huge exponents and zeros */
        {"UInt8", "0e999999999999999999999999999999", "0"},
        {"UInt8", "0.000e-999999999999999999999999999999", "0"},
        {"UInt8", "1e999999999999999999999999999999", NULL},
        {"UInt8", "1e-999999999999999999999999999999", NULL},
        {"UInt8", "1e18446744073709551616", NULL}, /* 2^64: exponent 0 if it wrapped */
        {"UInt8", "1e-18446744073709551616", NULL},
        {"UInt8", "1e4294967296", NULL},
        {"UInt8", "1e0000000000000000000000000000000000002", "100"},
        /* not whole */
        {"UInt32", "7.5", NULL},
        {"UInt32", "0.1", NULL},
        {"UInt32", "1e-1", NULL},
        {"UInt32", "15e-1", NULL},
        {"Int64", "9007199254740993.5", NULL},
        {"Int64", "9007199254740993.00000000000000000000000000000000000000000000001", NULL},
        {"Int64", "0.00000000000000000000000000000000000000000000000000000000000001", NULL},
        /* strings: digits with an optional minus, nothing else */
        {"UInt32", "\"7\"", "7"},
        {"Int32", "\"-7\"", "-7"},
        {"UInt32", "\"-0\"", "0"},
        {"UInt32", "\"007\"", "7"},
        {"UInt8", "\"00000000000000000000000000000255\"", "255"},
        {"UInt64", "\"18446744073709551615\"", "18446744073709551615"},
        {"UInt64", "\"18446744073709551616\"", NULL},
        {"Int64", "\"-9223372036854775808\"", "-9223372036854775808"},
        {"UInt32", "\"+7\"", NULL},
        {"UInt32", "\"7.0\"", NULL},
        {"UInt32", "\"1e2\"", NULL},
        {"UInt32", "\" 7\"", NULL},
        {"UInt32", "\"7 \"", NULL},
        {"UInt32", "\"-\"", NULL},
        {"UInt32", "\"--7\"", NULL},
        {"UInt32", "\"0x7\"", NULL},
        {"UInt32", "\"1_000\"", NULL},
        {"UInt32", "\"1,000\"", NULL},
        {"UInt32", "\"seven\"", NULL},
        {"UInt32", "\"4294967296\"", NULL},
        {"UInt32", "\"\xD9\xA7\"", NULL}, /* an Arabic seven */
        /* neither */
        {"UInt8", "true", NULL},
        {"UInt8", "false", NULL},
        {"UInt8", "\"true\"", NULL},
        {"UInt8", "{}", NULL},
        {"UInt8", "[7]", NULL},
    };
    CHECK_EXAMPLES(examples);
}

/* ---- Floats ---- */

static void test_floats(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Float64", "0", "0"},
        {"Float64", "-0", "-0"},
        {"Float64", "-0.0e5", "-0"},
        {"Float64", "42", "42"},
        {"Float64", "99.99", "99.99"},
        {"Float64", "-99.99", "-99.99"},
        {"Float64", "1e21", "1e21"},
        {"Float64", "1E+2", "100"},
        {"Float64", "1.5e-7", "1.5e-7"},
        {"Float64", "0.1", "0.1"},
        {"Float64", "0.30000000000000004", "0.30000000000000004"},
        {"Float64", "9007199254740993", "9007199254740992"},
        {"Float64", "9007199254740995", "9007199254740996"},
        {"Float64", "9007199254740993.00000000000000000000000001", "9007199254740994"},
        {"Float64", "123456789012345678", "123456789012345680"},
        {"Float64", "1e22", "1e22"},
        {"Float64", "1e23", "1e23"},
        {"Float64", "8.5e22", "8.5e22"},
        /* strings that are numbers by JSON's grammar */
        {"Float64", "\"99.99\"", "99.99"},
        {"Float64", "\"-1e3\"", "-1000"},
        {"Float64", "\"0\"", "0"},
        {"Float64", "\"1.\"", NULL},
        {"Float64", "\".5\"", NULL},
        {"Float64", "\"+1\"", NULL},
        {"Float64", "\"01\"", NULL},
        {"Float64", "\"-01\"", NULL},
        {"Float64", "\"-\"", NULL},
        {"Float64", "\"1e\"", NULL},
        {"Float64", "\"1e+\"", NULL},
        {"Float64", "\"1e1.5\"", NULL},
        {"Float64", "\"1.5.2\"", NULL},
        {"Float64", "\" 1\"", NULL},
        {"Float64", "\"1 \"", NULL},
        {"Float64", "\"1,5\"", NULL},
        {"Float64", "\"0x1p3\"", NULL},
        {"Float64", "\"nan\"", NULL},
        {"Float64", "\"NaN\"", NULL},
        {"Float64", "\"inf\"", NULL},
        {"Float64", "\"Infinity\"", NULL},
        {"Float64", "\"-Infinity\"", NULL},
        {"Float64", "\"n/a\"", NULL},
        /* overflow does not fit, underflow does */
        {"Float64", "1.7976931348623157e308", "1.7976931348623157e308"},
        {"Float64", "1.7976931348623158e308", "1.7976931348623157e308"},
        {"Float64", "1.7976931348623159e308", NULL},
        {"Float64", "1e309", NULL},
        {"Float64", "-1e400", NULL},
        {"Float64", "1e999999999999999999999999", NULL},
        {"Float64", "5e-324", "5e-324"},
        {"Float64", "2.4703282292062327e-324", "0"},
        {"Float64", "2.4703282292062328e-324", "5e-324"},
        {"Float64", "1e-400", "0"},
        {"Float64", "-1e-400", "-0"},
        {"Float64", "1e-999999999999999999999999", "0"},
        {"Float64", "0e999999999999999999999999", "0"},
        {"Float32", "0.1", "0.1"},
        {"Float32", "99.99", "99.99"},
        {"Float32", "16777217", "16777216"},
        {"Float32", "16777219", "16777220"},
        {"Float32", "3.4028235e38", "3.4028235e38"},
        {"Float32", "3.4028235677973366e38", "3.4028235e38"},
        {"Float32", "3.4028235677973367e38", NULL},
        {"Float32", "1e39", NULL},
        {"Float32", "1e-45", "1e-45"},
        {"Float32", "1e-50", "0"},
        {"Float32", "\"-1.25\"", "-1.25"},
        /* first rounded to a double this would be half way, and go down */
        {"Float32", "1.00000017881393432617187499", "1.0000001"},
        {"Float32", "1.00000017881393432617187500", "1.0000002"},
        {"Float32", "1.00000005960464477539062501", "1.0000001"},
        {"Float32", "1.00000005960464477539062500", "1"},
        /* neither */
        {"Float64", "true", NULL},
        {"Float64", "\"true\"", NULL},
        {"Float64", "{}", NULL},
        {"Float64", "[1]", NULL},
    };
    CHECK_EXAMPLES(examples);
}

/* A number of many digits: `head`, `count` times `repeated`, `tail`. */
static struct text long_number(const char *head, char repeated, size_t count, const char *tail)
{
    char *const text = malloc(strlen(head) + count + strlen(tail) + 1);
    assert_non_null(text);
    strcpy(text, head);
    memset(text + strlen(head), repeated, count);
    strcpy(text + strlen(head) + count, tail);
    return text_of(text);
}

static void test_long_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *head;
        char repeated;
        size_t count;
        const char *tail;
        const char *expected;
    } numbers[] = {
        {"Float64", "0.", '3', 100000, "", "0.3333333333333333"},
        {"Float64", "0.", '0', 100000, "7e100001", "7"},
        {"Float64", "1", '0', 100000, "e-100000", "1"},
        {"Float64", "1", '0', 100000, "e-100400", "0"},
        {"Float64", "1", '0', 100000, "", NULL},
        {"Float64", "0.", '0', 100000, "1", "0"},
        /* the digit that decides a tie stands behind thousands of zeros */
        {"Float64", "9007199254740993.", '0', 5000, "1", "9007199254740994"},
        {"Float64", "9007199254740993.", '0', 5000, "0", "9007199254740992"},
        {"Float64", "9007199254740993", '0', 5000, "1e-5001", "9007199254740994"},
        {"Float64", "9007199254740992.", '9', 5000, "", "9007199254740992"},
        {"Float32", "16777217.", '0', 5000, "1", "16777218"},
        {"Float32", "16777217.", '0', 5000, "0", "16777216"},
        {"UInt32", "7.", '0', 100000, "", "7"},
        {"UInt32", "7.", '0', 100000, "1", NULL},
        {"UInt32", "7", '0', 100000, "e-100000", "7"},
        {"UInt32", "7", '0', 100000, "e-99999", "70"},
        {"UInt32", "0.", '0', 100000, "7e100001", "7"},
        {"UInt32", "", '9', 100000, "", NULL},
        {"UInt32", "\"", '0', 100000, "7\"", "7"},
        {"Decimal(38, 2)", "1.5", '0', 100000, "", "1.5"},
        {"Decimal(38, 2)", "1.5", '0', 100000, "1", NULL},
        {"Decimal(38, 2)", "15", '0', 100000, "e-100001", "1.5"},
        {"DateTime64(3)", "1767323045", '0', 5000, "e-5000", "\"2026-01-02 03:04:05.000\""},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const struct text json =
            long_number(numbers[i].head, numbers[i].repeated, numbers[i].count, numbers[i].tail);
        const struct conversion to = conversion_to(numbers[i].type, UNIT_AUTO);
        const struct json_value value = value_of(json);
        struct value out;
        char printed[VALUE_JSON_SIZE];
        const bool fits = convert(&value, &to, &arena, &out);
        const struct text got = {printed, fits ? value_to_json(&to.type, &out, printed) : 0};
        if (fits != (numbers[i].expected != NULL) || (fits && !text_equal(got, text_of(numbers[i].expected))))
            fail_msg("%s: %s %zu times %c %s is %.*s", numbers[i].type, numbers[i].head, numbers[i].count,
                     numbers[i].repeated, numbers[i].tail, (int)got.size, got.data);
        free((void *)(uintptr_t)json.data);
    }
}

static uint64_t random_state = 0x9E3779B97F4A7C15;

static uint64_t random_bits(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1D;
}

static unsigned random_below(unsigned limit)
{
    return (unsigned)(random_bits() >> 33) % limit;
}

/* Digits with a point and an exponent somewhere, most of them within the range of the type. */
static void random_number(char *out)
{
    if (random_below(2))
        *out++ = '-';
    const unsigned whole = 1 + random_below(22);
    for (unsigned i = 0; i < whole; i++)
        *out++ = (char)(i == 0 ? '1' + random_below(9) : '0' + random_below(10));
    const unsigned fraction = random_below(22);
    if (fraction > 0)
        *out++ = '.';
    for (unsigned i = 0; i < fraction; i++)
        *out++ = (char)('0' + random_below(10));
    *out = '\0';
    if (random_below(2))
        sprintf(out, "e%d", (int)random_below(60) - 40);
}

static void test_random_floats(void **state)
{
    (void)state;
    const struct conversion wide = conversion_to("Float64", UNIT_AUTO);
    const struct conversion narrow = conversion_to("Float32", UNIT_AUTO);
    for (int i = 0; i < 200000; i++) {
        char text[80];
        random_number(text);
        const struct json_value value = {.kind = VALUE_NUMBER, .text = text_of(text)};
        struct value out;
        assert_true(convert(&value, &wide, &arena, &out));
        if (out.as.real != strtod(text, NULL))
            fail_msg("%s as Float64 is %.17g", text, out.as.real);
        const float expected = strtof(text, NULL);
        assert_int_equal(convert(&value, &narrow, &arena, &out), isfinite(expected));
        if (isfinite(expected) && out.as.real != (double)expected)
            fail_msg("%s as Float32 is %.9g", text, out.as.real);
    }
}

/* Every double comes back from its own 17 digits, every float from its 9. */
static void test_round_trip(void **state)
{
    (void)state;
    const struct conversion wide = conversion_to("Float64", UNIT_AUTO);
    const struct conversion narrow = conversion_to("Float32", UNIT_AUTO);
    for (int i = 0; i < 100000; i++) {
        const uint64_t bits = random_bits();
        double real;
        float single;
        memcpy(&real, &bits, sizeof real);
        memcpy(&single, &bits, sizeof single);
        char text[40];
        struct json_value value = {.kind = VALUE_NUMBER};
        struct value out;
        if (isfinite(real)) {
            snprintf(text, sizeof text, "%.17g", real);
            value.text = text_of(text);
            assert_true(convert(&value, &wide, &arena, &out));
            assert_memory_equal(&out.as.real, &real, sizeof real);
        }
        if (isfinite(single)) {
            snprintf(text, sizeof text, "%.9g", (double)single);
            value.text = text_of(text);
            assert_true(convert(&value, &narrow, &arena, &out));
            assert_true(out.as.real == (double)single);
        }
    }
}

/* ---- Decimal ---- */

#define DIGITS_38 "12345678901234567890123456789012345678"

static void test_decimals(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Decimal(9, 2)", "12.34", "12.34"},
        {"Decimal(9, 2)", "12.30", "12.3"},
        {"Decimal(9, 2)", "12", "12"},
        {"Decimal(9, 2)", "-12.34", "-12.34"},
        {"Decimal(9, 2)", "-0.01", "-0.01"},
        {"Decimal(9, 2)", "-0", "0"},
        {"Decimal(9, 2)", "1234e-2", "12.34"},
        {"Decimal(9, 2)", "0.1234e2", "12.34"},
        {"Decimal(9, 2)", "1.5E3", "1500"},
        {"Decimal(9, 2)", "12.3400000000000000000000000000000000000000000", "12.34"},
        {"Decimal(9, 2)", "12.345", NULL},
        {"Decimal(9, 2)", "12.340000000000000000000000000000000000000000001", NULL},
        {"Decimal(9, 2)", "0.001", NULL},
        {"Decimal(9, 2)", "0e999999999999999999999999", "0"},
        {"Decimal(9, 2)", "1e999999999999999999999999", NULL},
        {"Decimal(9, 2)", "1e-999999999999999999999999", NULL},
        /* the precision counts all digits */
        {"Decimal(9, 2)", "9999999.99", "9999999.99"},
        {"Decimal(9, 2)", "-9999999.99", "-9999999.99"},
        {"Decimal(9, 2)", "10000000", NULL},
        {"Decimal(9, 2)", "-10000000.00", NULL},
        {"Decimal(1, 0)", "9", "9"},
        {"Decimal(1, 0)", "10", NULL},
        {"Decimal(1, 1)", "0.9", "0.9"},
        {"Decimal(1, 1)", "1", NULL},
        {"Decimal(18, 0)", "999999999999999999", "999999999999999999"},
        {"Decimal(18, 0)", "1000000000000000000", NULL},
        {"Decimal(19, 0)", "9999999999999999999", "9999999999999999999"},
        {"Decimal(19, 0)", "10000000000000000000", NULL},
        {"Decimal(20, 0)", "99999999999999999999", "99999999999999999999"},
        {"Decimal(20, 0)", "100000000000000000000", NULL},
        {"Decimal(38, 0)", DIGITS_38, DIGITS_38},
        {"Decimal(38, 0)", "-" DIGITS_38, "-" DIGITS_38},
        {"Decimal(38, 0)", "99999999999999999999999999999999999999",
         "99999999999999999999999999999999999999"},
        {"Decimal(38, 0)", "100000000000000000000000000000000000000", NULL},
        {"Decimal(38, 0)", "340282366920938463463374607431768211457", NULL}, /* 2^128 + 1 */
        {"Decimal(38, 0)", "1e37", "10000000000000000000000000000000000000"},
        {"Decimal(38, 0)", "1e38", NULL},
        {"Decimal(38, 38)", "0." DIGITS_38, "0." DIGITS_38},
        {"Decimal(38, 38)", "0." DIGITS_38 "1", NULL},
        {"Decimal(38, 38)", "1", NULL},
        {"Decimal(38, 10)", "1234567890123456789012345678.0123456789",
         "1234567890123456789012345678.0123456789"},
        {"Nullable(Decimal(9, 2))", "1", "1"},
        /* strings by JSON's grammar */
        {"Decimal(9, 2)", "\"12.34\"", "12.34"},
        {"Decimal(9, 2)", "\"-1e3\"", "-1000"},
        {"Decimal(9, 2)", "\"012.34\"", NULL},
        {"Decimal(9, 2)", "\"+12.34\"", NULL},
        {"Decimal(9, 2)", "\".34\"", NULL},
        {"Decimal(9, 2)", "\"12.\"", NULL},
        {"Decimal(9, 2)", "\" 12.34\"", NULL},
        {"Decimal(9, 2)", "\"12,34\"", NULL},
        {"Decimal(9, 2)", "\"NaN\"", NULL},
        /* bytes are never told from text by looking */
        {"Decimal(9, 2)", "\"BNI=\"", NULL},
        {"Decimal(9, 2)", "true", NULL},
        {"Decimal(9, 2)", "[1]", NULL},
    };
    CHECK_EXAMPLES(examples);
    const struct conversion plain = conversion_to("Decimal(9, 2)", UNIT_AUTO);
    const struct json_value container = {VALUE_CONTAINER, TEXT("BNI=")};
    check_value(&container, &plain, NULL);
}

#define NO_SCALE INT_MIN /* the column's */

static void test_base64_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int scale;
        const char *json;
        const char *expected;
    } examples[] = {
        {"Decimal(9, 2)", NO_SCALE, "\"BNI=\"", "12.34"},
        {"Decimal(9, 2)", NO_SCALE, "\"+y4=\"", "-12.34"},
        {"Decimal(9, 2)", NO_SCALE, "\"AA==\"", "0"},
        {"Decimal(9, 2)", NO_SCALE, "\"/w==\"", "-0.01"},
        {"Decimal(9, 2)", NO_SCALE, "\"fw==\"", "1.27"},
        {"Decimal(9, 2)", NO_SCALE, "\"gA==\"", "-1.28"},
        {"Decimal(9, 2)", NO_SCALE, "\"AIA=\"", "1.28"},
        {"Decimal(9, 2)", NO_SCALE, "\"AQID\"", "660.51"},
        {"Decimal(9, 2)", NO_SCALE, "\"O5rJ/w==\"", "9999999.99"},
        {"Decimal(9, 2)", NO_SCALE, "\"O5rKAA==\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"xGU2AQ==\"", "-9999999.99"},
        {"Decimal(9, 2)", NO_SCALE, "\"xGU2AA==\"", NULL},
        {"Decimal(38, 0)", NO_SCALE, "\"SztMqFqGxHoJiiI//////w==\"", "99999999999999999999999999999999999999"},
        {"Decimal(38, 0)", NO_SCALE, "\"tMSzV6V5O4X2dd3AAAAAAQ==\"", "-99999999999999999999999999999999999999"},
        {"Decimal(38, 0)", NO_SCALE, "\"SztMqFqGxHoJiiJAAAAAAA==\"", NULL}, /* 10^38 */
        {"Decimal(38, 0)", NO_SCALE, "\"f////////////////////w==\"", NULL}, /* 2^127 - 1 */
        {"Decimal(38, 0)", NO_SCALE, "\"AQAAAAAAAAAAAAAAAAAAAAA=\"", NULL}, /* 2^128 */
        {"Decimal(38, 0)", NO_SCALE, "\"/wAAAAAAAAAAAAAAAAAAAAA=\"", NULL}, /* -2^128 */
        {"Decimal(38, 0)", NO_SCALE, "\"AQAAAAAAAAAAAAAAAAAAAAE=\"", NULL}, /* 1, if it wrapped */
        /* longer than sixteen bytes, but only by its sign */
        {"Decimal(9, 2)", NO_SCALE, "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAATS\"", "12.34"},
        {"Decimal(9, 2)", NO_SCALE, "\"//////////////////////////////su\"", "-12.34"},
        /* a scale of the schema's: rescaled exactly */
        {"Decimal(9, 2)", 2, "\"BNI=\"", "12.34"},
        {"Decimal(9, 4)", 2, "\"BNI=\"", "12.34"},
        {"Decimal(9, 1)", 2, "\"BNI=\"", NULL},
        {"Decimal(9, 1)", 2, "\"BM4=\"", "12.3"}, /* 1230 */
        {"Decimal(9, 2)", 0, "\"BNI=\"", "1234"},
        {"Decimal(9, 2)", -2, "\"Yw==\"", "9900"},
        {"Decimal(9, 2)", -2, "\"nQ==\"", "-9900"},
        {"Decimal(9, 2)", -6, "\"Yw==\"", NULL},
        {"Decimal(9, 2)", -30000, "\"AA==\"", "0"},
        {"Decimal(9, 2)", 30000, "\"AA==\"", "0"},
        {"Decimal(9, 2)", 30000, "\"AQ==\"", NULL},
        /* no base64 */
        {"Decimal(9, 2)", NO_SCALE, "\"BNI\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"BNI==\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"BNIX=\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"B===\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"====\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"BN=I\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"BN==BNI=\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"-y4=\"", NULL}, /* the alphabet for URLs */
        {"Decimal(9, 2)", NO_SCALE, "\"BNI=\n\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\" BNI\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"B NI\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"BNI\xC3\"", NULL},
        {"Decimal(9, 2)", NO_SCALE, "\"12.3\"", NULL},
        /* only strings and the object with a scale */
        {"Decimal(9, 2)", NO_SCALE, "12.34", NULL},
        {"Decimal(9, 2)", NO_SCALE, "1234", NULL},
        {"Decimal(9, 2)", NO_SCALE, "true", NULL},
        {"Decimal(9, 2)", NO_SCALE, "{}", NULL},
        {"Decimal(9, 2)", NO_SCALE, "[]", NULL},
    };
    for (size_t i = 0; i < COUNT(examples); i++) {
        struct conversion to = conversion_to(examples[i].type, UNIT_AUTO);
        to.base64 = true;
        to.has_scale = examples[i].scale != NO_SCALE;
        to.scale = (int16_t)examples[i].scale;
        const struct json_value value = value_of(text_of(examples[i].json));
        check_value(&value, &to, examples[i].expected);
    }
}

static void test_decimals_with_their_scale(void **state)
{
    (void)state;
    static const struct {
        const char *scale;
        const char *unscaled;
        const char *expected; /* as Decimal(20, 4) */
    } examples[] = {
        {"2", "BNI=", "12.34"},
        {"0", "BNI=", "1234"},
        {"4", "BNI=", "0.1234"},
        {"5", "BNI=", NULL},
        {"5", "BM4=", "0.0123"},
        {"-2", "BNI=", "123400"},
        {"-0", "BNI=", "1234"},
        {"-12", "BNI=", "1234000000000000"},
        {"-13", "BNI=", NULL},
        {"-100", "BNI=", NULL},
        {"-100", "AA==", "0"},
        {"1000000000000000000000000", "BNI=", NULL},
        {"1000000000000000000000000", "AA==", "0"},
        {"-1000000000000000000000000", "BNI=", NULL},
        {"9", "SztMqFqGxHoJiiI//////w==", NULL},
        {"2.0", "BNI=", NULL},
        {"2e0", "BNI=", NULL},
        {"2", "", NULL},
        {"2", "BNI", NULL},
        {"2", "12.34", NULL},
    };
    for (size_t i = 0; i < COUNT(examples); i++) {
        struct conversion to = conversion_to("Decimal(20, 4)", UNIT_AUTO);
        to.base64 = true;
        to.has_scale = true; /* the value's own counts */
        to.scale = 1;
        char json[160];
        snprintf(json, sizeof json, "{ \"other\":[{\"scale\":9}], \"scale\" : %s,\"value\":\"%s\",\"scale\":8}",
                 examples[i].scale, examples[i].unscaled);
        const struct json_value value = {VALUE_CONTAINER, text_of(json)};
        check_value(&value, &to, examples[i].expected);
    }
}

/* Decimals against integers that were put together from random digits. */
static void test_random_decimals(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        const unsigned precision = 1 + random_below(38);
        const unsigned scale = random_below(precision + 1);
        const unsigned whole = 1 + random_below(40), fraction = random_below(40);
        char text[100] = "", *end = text;
        int128 expected = 0;
        bool fits = true;
        for (unsigned place = 0; place < whole + fraction; place++) {
            /* mostly zeros at both ends, so that many fit */
            const bool zero = place + precision < whole + scale || place >= whole + scale;
            const unsigned digit = zero && random_below(40) ? 0 : random_below(10);
            if (place == whole)
                *end++ = '.';
            if (place + 1 >= whole || digit > 0 || end > text)
                *end++ = (char)('0' + digit);
            if (place >= whole + scale)
                fits = fits && digit == 0;
            else if (place + precision < whole + scale)
                fits = fits && digit == 0;
            else
                expected = expected * 10 + digit;
        }
        for (unsigned place = whole + fraction; fits && place < whole + scale; place++) {
            if (place + precision >= whole + scale)
                expected *= 10;
        }
        *end = '\0';
        char type[40];
        snprintf(type, sizeof type, "Decimal(%u, %u)", precision, scale);
        const struct conversion to = conversion_to(type, UNIT_AUTO);
        const struct json_value value = {.kind = VALUE_NUMBER, .text = text_of(text)};
        struct value out;
        if (convert(&value, &to, &arena, &out) != fits)
            fail_msg("%s as %s %s", text, type, fits ? "does not fit" : "fits");
        if (fits && out.as.decimal != expected)
            fail_msg("%s as %s is another number", text, type);
    }
}

/* ---- Times ---- */

static void test_times(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"DateTime64(6, 'UTC')", "\"2026-01-02T03:04:05.123456Z\"", "\"2026-01-02 03:04:05.123456\""},
        {"DateTime64(6, 'UTC')", "\"2026-01-02T03:04:05.1234569Z\"", "\"2026-01-02 03:04:05.123456\""},
        {"DateTime64(6, 'UTC')", "\"2026-01-02 05:04:05+02\"", "\"2026-01-02 03:04:05.000000\""},
        {"DateTime64(3)", "\"2026-01-02\"", "\"2026-01-02 00:00:00.000\""},
        {"DateTime64(0)", "\"1969-12-31T23:59:59.9Z\"", "\"1969-12-31 23:59:59\""},
        {"Nullable(DateTime64(6))", "\"2026-01-02\"", "\"2026-01-02 00:00:00.000000\""},
        {"DateTime64(6)", "\"1899-12-31T23:59:59.999Z\"", NULL},
        {"DateTime64(6)", "\"2299-12-31T23:59:59.9999999Z\"", "\"2299-12-31 23:59:59.999999\""},
        {"DateTime64(6)", "\"2300-01-01\"", NULL},
        {"DateTime64(9)", "\"2262-04-11T23:47:16.854775807Z\"", "\"2262-04-11 23:47:16.854775807\""},
        {"DateTime64(9)", "\"2262-04-11T23:47:16.854775808Z\"", NULL},
        {"DateTime64(6)", "\"-4712-01-01T00:00:00.000Z\"", NULL},
        {"DateTime64(6)", "\"+294247-01-10T04:00:25.2Z\"", NULL},
        {"DateTime64(6)", "\"infinity\"", NULL},
        {"DateTime64(6)", "\"not a time\"", NULL},
        {"DateTime64(6)", "\" 2026-01-02\"", NULL},
        /* the guess of the unit */
        {"DateTime64(6)", "1767323045", "\"2026-01-02 03:04:05.000000\""},
        {"DateTime64(6)", "1767323045123", "\"2026-01-02 03:04:05.123000\""},
        {"DateTime64(6)", "1767323045123456", "\"2026-01-02 03:04:05.123456\""},
        {"DateTime64(6)", "1767323045123456789", "\"2026-01-02 03:04:05.123456\""},
        {"DateTime64(9)", "1767323045123456789", "\"2026-01-02 03:04:05.123456789\""},
        {"DateTime64(6)", "\"1767323045123456\"", "\"2026-01-02 03:04:05.123456\""},
        {"DateTime64(6)", "0", "\"1970-01-01 00:00:00.000000\""},
        {"DateTime64(6)", "-1", "\"1969-12-31 23:59:59.000000\""},
        /* fractions of a unit */
        {"DateTime64(6)", "1767323045.0", "\"2026-01-02 03:04:05.000000\""},
        {"DateTime64(6)", "1.767323045e9", "\"2026-01-02 03:04:05.000000\""},
        {"DateTime64(6)", "1767323045.5", "\"2026-01-02 03:04:05.500000\""},
        {"DateTime64(6)", "\"1767323045.0\"", "\"2026-01-02 03:04:05.000000\""},
        {"DateTime64(3)", "1502713067.720000000", "\"2017-08-14 12:17:47.720\""},
        {"DateTime64(3)", "\"1502713067.7209\"", "\"2017-08-14 12:17:47.720\""},
        {"DateTime64(3)", "-0.0001", "\"1969-12-31 23:59:59.999\""},
        {"DateTime64(6)", "1.7091416094041235E9", "\"2024-02-28 17:33:29.404123\""},
        {"DateTime64(6)", "\"1.7E9\"", NULL},
        /* as Java's libraries write them */
        {"DateTime64(9)", "[2024,2,28,17,33,29,404000000]", "\"2024-02-28 17:33:29.404000000\""},
        {"DateTime64(9)", "[ 2024 , 2 , 28 , 17 , 33 , 29 ]", "\"2024-02-28 17:33:29.000000000\""},
        {"DateTime64(3)", "[2024,2,28,17,33]", "\"2024-02-28 17:33:00.000\""},
        {"DateTime64(3)", "[2024,2,28]", "\"2024-02-28 00:00:00.000\""},
        {"Date32", "[2024,2,28]", "\"2024-02-28\""},
        {"Date", "[2024,2,28,17,33]", "\"2024-02-28\""},
        {"DateTime", "[2024,2,28,17,33,29,999999999]", "\"2024-02-28 17:33:29\""},
        {"DateTime64(3)", "[2024,2.0,2.8e1]", "\"2024-02-28 00:00:00.000\""},
        {"DateTime64(3)", "[]", NULL},
        {"DateTime64(3)", "[2024,2]", NULL},
        {"DateTime64(3)", "[2024,2,28,17]", NULL},
        {"DateTime64(3)", "[2024,2,28,17,33,29,404,0]", NULL},
        {"DateTime64(3)", "[2024,2,30]", NULL},
        {"DateTime64(3)", "[2024,2,\"28\"]", NULL},
        {"DateTime64(3)", "[2024,2,28.5]", NULL},
        {"DateTime64(3)", "[2024,2,null]", NULL},
        {"DateTime64(3)", "[[2024,2,28]]", NULL},
        {"DateTime64(3)", "[2024,2,1e30]", NULL},
        {"DateTime64(9)", "{\"epochSecond\":1709141609,\"nano\":404000001}", "\"2024-02-28 17:33:29.404000001\""},
        {"DateTime64(3)", "{ \"nano\" : 999999999, \"epochSecond\" : -1 }", "\"1969-12-31 23:59:59.999\""},
        {"Date", "{\"epochSecond\":1709141609,\"nano\":0}", "\"2024-02-28\""},
        {"DateTime64(3)", "{\"epochSecond\":1709141609}", NULL},
        {"DateTime64(3)", "{\"nano\":1}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1,\"nano\":1000000000}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1,\"nano\":-1}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1,\"nano\":0,\"zone\":\"UTC\"}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1,\"nano\":0,\"nano\":0}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1,\"epochSecond\":1,\"nano\":0}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":\"1\",\"nano\":0}", NULL},
        {"DateTime64(3)", "{\"epochSecond\":1.5,\"nano\":0}", NULL},
        {"DateTime64(3)", "{\"epochsecond\":1,\"nano\":0}", NULL},
        {"DateTime64(6)", "1e30", NULL},
        {"DateTime64(6)", "1e999999999999", NULL},
        {"DateTime64(6)", "9223372036854775808", NULL},
        {"DateTime64(6)", "9223372036854775807", NULL},
        {"DateTime64(6)", "-9223372036854775808", NULL},
        {"DateTime64(6)", "9223372036825200", NULL},
        {"DateTime64(6)", "-9223372036832400000", NULL},
        {"DateTime64(6)", "true", NULL},
        {"DateTime64(6)", "{}", NULL},
        {"DateTime64(6)", "[2026]", NULL},
        {"DateTime", "\"2026-01-02T03:04:05.999Z\"", "\"2026-01-02 03:04:05\""},
        {"DateTime", "\"1970-01-01T00:00:00Z\"", "\"1970-01-01 00:00:00\""},
        {"DateTime", "\"1969-12-31T23:59:59.999Z\"", NULL},
        {"DateTime", "\"2106-02-07T06:28:15.999Z\"", "\"2106-02-07 06:28:15\""},
        {"DateTime", "\"2106-02-07T06:28:16Z\"", NULL},
        {"DateTime('UTC')", "1767323045123", "\"2026-01-02 03:04:05\""},
        {"DateTime", "-1", NULL},
    };
    CHECK_EXAMPLES(examples);
}

static void test_times_in_units(void **state)
{
    (void)state;
    static const struct {
        enum time_unit unit;
        struct example example;
    } examples[] = {
        {UNIT_SECONDS, {"DateTime64(3)", "1", "\"1970-01-01 00:00:01.000\""}},
        {UNIT_MILLIS, {"DateTime64(3)", "1", "\"1970-01-01 00:00:00.001\""}},
        {UNIT_MICROS, {"DateTime64(6)", "1", "\"1970-01-01 00:00:00.000001\""}},
        {UNIT_NANOS, {"DateTime64(9)", "1", "\"1970-01-01 00:00:00.000000001\""}},
        {UNIT_NANOS, {"DateTime64(6)", "-1", "\"1969-12-31 23:59:59.999999\""}},
        {UNIT_DAYS, {"DateTime64(3)", "20455", "\"2026-01-02 00:00:00.000\""}},
        {UNIT_SECONDS, {"DateTime64(3)", "1767323045123", NULL}},
        {UNIT_MILLIS, {"DateTime64(3)", "9223372036825200", NULL}},
        {UNIT_MICROS, {"DateTime64(3)", "-9223372036832400000", NULL}},
        {UNIT_MICROS, {"DateTime64(3)", "9223372036825200", NULL}}, /* infinity in whatever unit */
        {UNIT_NANOS, {"DateTime64(9)", "-29575808000", "\"1969-12-31 23:59:30.424192000\""}},
        {UNIT_DAYS, {"Date", "0", "\"1970-01-01\""}},
        {UNIT_DAYS, {"Date", "65535", "\"2149-06-06\""}},
        {UNIT_DAYS, {"Date", "65536", NULL}},
        {UNIT_DAYS, {"Date", "-1", NULL}},
        {UNIT_DAYS, {"Date", "20455.0", "\"2026-01-02\""}},
        {UNIT_DAYS, {"Date", "20455.5", "\"2026-01-02\""}},
        {UNIT_DAYS, {"DateTime64(0)", "20455.25", "\"2026-01-02 06:00:00\""}},
        {UNIT_DAYS, {"Date32", "-0.5", "\"1969-12-31\""}},
        {UNIT_MILLIS, {"DateTime64(6)", "1709141609404.123", "\"2024-02-28 17:33:29.404123\""}},
        {UNIT_DAYS, {"DateTime64(3)", "[2024,2,28]", "\"2024-02-28 00:00:00.000\""}},
        {UNIT_DAYS, {"DateTime64(3)", "{\"epochSecond\":1,\"nano\":0}", "\"1970-01-01 00:00:01.000\""}},
        {UNIT_DAYS, {"Date", "\"20455\"", "\"2026-01-02\""}},
        {UNIT_DAYS, {"Date32", "-25567", "\"1900-01-01\""}},
        {UNIT_DAYS, {"Date32", "-25568", NULL}},
        {UNIT_DAYS, {"Date32", "120529", "\"2299-12-31\""}},
        {UNIT_DAYS, {"Date32", "120530", NULL}},
        {UNIT_DAYS, {"Date32", "-2147472692", NULL}}, /* Debezium's infinite date */
        {UNIT_DAYS, {"Date32", "9223372036854775806", NULL}},
        {UNIT_DAYS, {"Date32", "106751991167301", NULL}}, /* as seconds beyond Int64 */
        {UNIT_MILLIS, {"Date", "1767323045123", "\"2026-01-02\""}},
        /* a text is cut to its day, in UTC */
        {UNIT_DAYS, {"Date", "\"2026-01-02\"", "\"2026-01-02\""}},
        {UNIT_DAYS, {"Date", "\"2026-01-02T23:59:59.999999Z\"", "\"2026-01-02\""}},
        {UNIT_DAYS, {"Date", "\"2026-01-02T00:30:00+01:00\"", "\"2026-01-01\""}},
        {UNIT_DAYS, {"Date", "\"2026-01-02+02:00\"", "\"2026-01-01\""}},
        {UNIT_DAYS, {"Date", "\"2026-01-02Z\"", "\"2026-01-02\""}},
        {UNIT_DAYS, {"Date", "\"1969-12-31T23:59:59Z\"", NULL}},
        {UNIT_DAYS, {"Date", "\"2149-06-06T23:59:59Z\"", "\"2149-06-06\""}},
        {UNIT_DAYS, {"Date", "\"2149-06-07\"", NULL}},
        {UNIT_DAYS, {"Date32", "\"1969-12-31T23:59:59.5Z\"", "\"1969-12-31\""}},
        {UNIT_DAYS, {"Date32", "\"1899-12-31\"", NULL}},
        {UNIT_DAYS, {"Date32", "\"2300-01-01\"", NULL}},
        {UNIT_DAYS, {"Date32", "true", NULL}},
    };
    for (size_t i = 0; i < COUNT(examples); i++)
        check_examples(&examples[i].example, 1, examples[i].unit);
}

/* ---- Wide numbers, addresses ---- */

static void test_wide_integers(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Int128", "0", "0"},
        {"Int128", "-0", "0"},
        {"Int128", "170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
        {"Int128", "170141183460469231731687303715884105728", NULL},
        {"Int128", "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
        {"Int128", "-170141183460469231731687303715884105729", NULL},
        {"Int128", "\"-00000000000000000000000000000000000000000000000000000170141183460469231731687303715884105728\"",
         "-170141183460469231731687303715884105728"},
        {"UInt128", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
        {"UInt128", "340282366920938463463374607431768211456", NULL},
        {"UInt128", "-1", NULL},
        {"UInt128", "-0", "0"},
        {"Int256", "57896044618658097711785492504343953926634992332820282019728792003956564819967",
         "57896044618658097711785492504343953926634992332820282019728792003956564819967"},
        {"Int256", "57896044618658097711785492504343953926634992332820282019728792003956564819968", NULL},
        {"Int256", "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
         "-57896044618658097711785492504343953926634992332820282019728792003956564819968"},
        {"Int256", "-57896044618658097711785492504343953926634992332820282019728792003956564819969", NULL},
        {"UInt256", "115792089237316195423570985008687907853269984665640564039457584007913129639935",
         "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
        {"UInt256", "115792089237316195423570985008687907853269984665640564039457584007913129639936", NULL},
        {"UInt256", "999999999999999999999999999999999999999999999999999999999999999999999999999999", NULL},
        {"UInt256", "1e77", "100000000000000000000000000000000000000000000000000000000000000000000000000000"},
        {"UInt256", "1e78", NULL},
        {"UInt256", "1e999999999999999999999", NULL},
        {"UInt256", "0e999999999999999999999", "0"},
        {"Int256", "1.5e1", "15"},
        {"Int256", "1.5", NULL},
        {"Int256", "1000.000", "1000"},
        {"Int256", "1234567890123456789012345678901234567890e-1", "123456789012345678901234567890123456789"},
        {"Int256", "\"12\"", "12"},
        {"Int256", "\"1.0\"", NULL},
        {"Int256", "\"1e3\"", NULL},
        {"Int256", "\"+1\"", NULL},
        {"Int256", "\"-\"", NULL},
        {"Int256", "\" 1\"", NULL},
        {"Int256", "true", NULL},
        {"Int256", "[]", NULL},
        {"Nullable(Int256)", "-7", "-7"},
    };
    CHECK_EXAMPLES(examples);
}

#define NINES_76 "9999999999999999999999999999999999999999999999999999999999999999999999999999"

static void test_wide_decimals(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Decimal(76, 0)", NINES_76, NINES_76},
        {"Decimal(76, 0)", "-" NINES_76, "-" NINES_76},
        {"Decimal(76, 0)", NINES_76 "9", NULL},
        {"Decimal(76, 0)", "1e76", NULL},
        {"Decimal(76, 0)", "1e75", "1000000000000000000000000000000000000000000000000000000000000000000000000000"},
        {"Decimal(76, 76)", "0." NINES_76, "0." NINES_76},
        {"Decimal(76, 76)", "-0." NINES_76, "-0." NINES_76},
        {"Decimal(76, 76)", "0." NINES_76 "9", NULL},
        {"Decimal(76, 76)", "1", NULL},
        {"Decimal(39, 1)", "12345678901234567890123456789012345678.9", "12345678901234567890123456789012345678.9"},
        {"Decimal(39, 1)", "100000000000000000000000000000000000000", NULL},
        {"Decimal(39, 1)", "0.05", NULL},
        {"Decimal(39, 1)", "\"0.50\"", "0.5"},
        {"Decimal(39, 1)", "\"0.5 \"", NULL},
        {"Decimal(39, 1)", "0", "0"},
        {"Decimal(39, 1)", "-0.0", "0"},
        {"Decimal(39, 1)", "true", NULL},
    };
    CHECK_EXAMPLES(examples);
    static const struct {
        const char *type;
        const char *base64;
        const char *expected;
    } bytes[] = {
        {"Decimal(39, 2)", "BNI=", "12.34"},
        {"Decimal(39, 2)", "+y4=", "-12.34"},
        {"Decimal(39, 2)", "//////////////////////////////////////////////////su", "-12.34"},
        /* 10^38, which Decimal(38, 0) does not hold; 2^255 - 1, -2^255, and beyond them */
        {"Decimal(39, 0)", "SztMqFqGxHoJiiJAAAAAAA==", "100000000000000000000000000000000000000"},
        {"Decimal(76, 0)", "f////////////////////////////////////////8=", NULL},
        {"Decimal(76, 0)", "gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL},
        {"Decimal(76, 0)", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL},
        {"Decimal(76, 0)", "FhvMpxGZFbUHZLSr6GUpeXd1pfFxlQ////////////8=", NINES_76},
        {"Decimal(76, 0)", "6eQzWO5m6kr4m0tUF5rWhoiKWg6OavAAAAAAAAAAAAE=", "-" NINES_76},
        {"Decimal(76, 0)", "FhvMpxGZFbUHZLSr6GUpeXd1pfFxlRAAAAAAAAAAAAA=", NULL},
        {"Decimal(76, 0)", "6eQzWO5m6kr4m0tUF5rWhoiKWg6OavAAAAAAAAAAAAA=", NULL},
    };
    for (size_t i = 0; i < COUNT(bytes); i++) {
        struct conversion to = conversion_to(bytes[i].type, UNIT_AUTO);
        to.base64 = true;
        const struct json_value value = {VALUE_STRING, text_of(bytes[i].base64)};
        check_value(&value, &to, bytes[i].expected);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"IPv4", "\"1.2.3.4\"", "\"1.2.3.4\""},
        {"IPv4", "\"255.255.255.255\"", "\"255.255.255.255\""},
        {"IPv4", "\"0.0.0.0\"", "\"0.0.0.0\""},
        {"IPv4", "\"1.2.3\"", NULL},
        {"IPv4", "\"1.2.3.4.5\"", NULL},
        {"IPv4", "\"1.2.3.256\"", NULL},
        {"IPv4", "\"1.2.3.04\"", NULL},
        {"IPv4", "\"01.2.3.4\"", NULL},
        {"IPv4", "\"1.2.3.4/32\"", NULL},
        {"IPv4", "\"10.0.0.0/8\"", NULL},
        {"IPv4", "\"1.2.3.\"", NULL},
        {"IPv4", "\".1.2.3\"", NULL},
        {"IPv4", "\"1..2.3\"", NULL},
        {"IPv4", "\" 1.2.3.4\"", NULL},
        {"IPv4", "\"1.2.3.4 \"", NULL},
        {"IPv4", "\"1.2.3.4294967297\"", NULL},
        {"IPv4", "\"::1\"", NULL},
        {"IPv4", "16909060", NULL},
        {"IPv4", "\"16909060\"", NULL},
        {"IPv4", "[1,2,3,4]", NULL},
        {"IPv6", "\"::\"", "\"::\""},
        {"IPv6", "\"::1\"", "\"::1\""},
        {"IPv6", "\"1::\"", "\"1::\""},
        {"IPv6", "\"2001:DB8:0:0:0:0:0:1\"", "\"2001:db8::1\""},
        {"IPv6", "\"2001:0db8::0001\"", "\"2001:db8::1\""},
        {"IPv6", "\"1:2:3:4:5:6:7:8\"", "\"1:2:3:4:5:6:7:8\""},
        {"IPv6", "\"1:2:3:4:5:6:7::\"", "\"1:2:3:4:5:6:7:0\""},
        {"IPv6", "\"::2:3:4:5:6:7:8\"", "\"0:2:3:4:5:6:7:8\""},
        {"IPv6", "\"1:2::7:8\"", "\"1:2::7:8\""},
        {"IPv6", "\"::ffff:1.2.3.4\"", "\"::ffff:1.2.3.4\""},
        {"IPv6", "\"::FFFF:102:304\"", "\"::ffff:1.2.3.4\""},
        {"IPv6", "\"1.2.3.4\"", "\"::ffff:1.2.3.4\""},
        {"IPv6", "\"64:ff9b::1.2.3.4\"", "\"64:ff9b::102:304\""},
        {"IPv6", "\"1:2:3:4:5:6:1.2.3.4\"", "\"1:2:3:4:5:6:102:304\""},
        {"IPv6", "\"1:2:3:4:5:6:7:1.2.3.4\"", NULL},
        {"IPv6", "\"1:2:3:4:5:1.2.3.4\"", NULL},
        {"IPv6", "\"1:2:3:4:5:6:7\"", NULL},
        {"IPv6", "\"1:2:3:4:5:6:7:8:9\"", NULL},
        {"IPv6", "\"1::2:3:4:5:6:7:8\"", NULL},
        {"IPv6", "\"1::2::3\"", NULL},
        {"IPv6", "\":::\"", NULL},
        {"IPv6", "\"::1:\"", NULL},
        {"IPv6", "\":1::\"", NULL},
        {"IPv6", "\":\"", NULL},
        {"IPv6", "\"12345::\"", NULL},
        {"IPv6", "\"g::\"", NULL},
        {"IPv6", "\"fe80::1%eth0\"", NULL},
        {"IPv6", "\"::1/128\"", NULL},
        {"IPv6", "\"[::1]\"", NULL},
        {"IPv6", "\"::1 \"", NULL},
        {"IPv6", "\"::1.2.3.4:5\"", NULL},
        {"IPv6", "\"::1.2.3\"", NULL},
        {"IPv6", "1", NULL},
    };
    CHECK_EXAMPLES(examples);
}

/* ---- Arrays ---- */

static void test_arrays(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Array(Int32)", "[]", "[]"},
        {"Array(Int32)", "[ ]", "[]"},
        {"Array(Int32)", "[1,-2, 3.0 ,\"4\"]", "[1,-2,3,4]"},
        {"Array(Int32)", "[1,2147483648]", NULL},
        {"Array(Int32)", "[1,null]", NULL},
        {"Array(Int32)", "[1,\"\"]", NULL},
        {"Array(Int32)", "[1,[2]]", NULL},
        {"Array(Int32)", "1", NULL},
        {"Array(Int32)", "\"[1]\"", NULL},
        {"Array(Int32)", "{}", NULL},
        {"Array(Int32)", "{\"0\":1}", NULL},
        {"Array(Int32)", "{\"$numberInt\":\"1\"}", NULL},
        {"Array(Nullable(Int32))", "[1,null,{\"$numberInt\":\"3\"}]", "[1,null,3]"},
        {"Array(Nullable(Int32))", "[\"\"]", NULL},
        {"Array(String)", "[\"a\",\"\",1.50,true,{\"a\":[1]},[2]]", "[\"a\",\"\",\"1.50\",\"true\",\"{\"a\":[1]}\",\"[2]\"]"},
        {"Array(String)", "[null]", NULL},
        {"Array(Nullable(String))", "[null,\"null\"]", "[null,\"null\"]"},
        {"Array(String)", "[\"\\u0041\\n\"]", "[\"A\n\"]"},
        {"Array(String)", "[{\"$oid\":\"507f\"}]", "[\"{\"$oid\":\"507f\"}\"]"},
        {"Array(Array(Int8))", "[[1,2],[],[3]]", "[[1,2],[],[3]]"},
        {"Array(Array(Int8))", "[[]]", "[[]]"},
        {"Array(Array(Int8))", "[1]", NULL},
        {"Array(Array(Int8))", "[null]", NULL},
        {"Array(Array(Int8))", "[[[1]]]", NULL},
        {"Array(Array(Nullable(Bool)))", "[[true,null],[0,1]]", "[[true,null],[false,true]]"},
        {"Array(DateTime64(3))", "[1709141609404,\"2024-02-28\",[2024,2,28]]",
         "[\"2024-02-28 17:33:29.404\",\"2024-02-28 00:00:00.000\",\"2024-02-28 00:00:00.000\"]"},
        {"Array(Date32)", "[2024,2,28]", "[\"1970-01-01\",\"1970-01-01\",\"1970-01-01\"]"},
        {"Array(Decimal(76, 1))", "[1.5," NINES_76 "]", NULL},
        {"Array(Decimal(76, 1))", "[1.5,\"-2\"]", "[1.5,-2]"},
        {"Array(Int256)", "[1e50,-1]", "[100000000000000000000000000000000000000000000000000,-1]"},
        {"Array(UUID)", "[\"550E8400-e29b-41d4-a716-446655440000\"]", "[\"550e8400-e29b-41d4-a716-446655440000\"]"},
        {"Array(IPv6)", "[\"::1\",\"1.2.3.4\"]", "[\"::1\",\"::ffff:1.2.3.4\"]"},
    };
    CHECK_EXAMPLES(examples);
    struct conversion to = conversion_to("Array(Decimal(9, 2))", UNIT_AUTO);
    to.base64 = true;
    const struct json_value bytes = {VALUE_CONTAINER, TEXT("[\"BNI=\",{\"scale\":0,\"value\":\"BNI=\"}]")};
    check_value(&bytes, &to, "[12.34,1234]");
    to = conversion_to("Array(DateTime64(0))", UNIT_DAYS);
    const struct json_value days = {VALUE_CONTAINER, TEXT("[1,\"2\"]")};
    check_value(&days, &to, "[\"1970-01-02 00:00:00\",\"1970-01-03 00:00:00\"]");
}

/* ---- What a column asks for ---- */

struct asked {
    const char *type, *json;
    const char *expected; /* with the flag */
    const char *without;
};

#define CHECK_ASKED(table, flag)                                                                             \
    for (size_t i = 0; i < COUNT(table); i++) {                                                              \
        struct conversion to = conversion_to(table[i].type, UNIT_AUTO);                                      \
        const struct json_value value = value_of(text_of(table[i].json));                                    \
        check_value(&value, &to, table[i].without);                                                          \
        to.flag = true;                                                                                      \
        check_value(&value, &to, table[i].expected);                                                         \
    }

static void test_nan(void **state)
{
    (void)state;
    static const struct asked examples[] = {
        {"Float64", "\"NaN\"", "\"nan\"", NULL},
        {"Float64", "\"Infinity\"", "\"inf\"", NULL},
        {"Float64", "\"+Infinity\"", "\"inf\"", NULL},
        {"Float64", "\"-Infinity\"", "\"-inf\"", NULL},
        {"Float64", "\"inf\"", "\"inf\"", NULL},
        {"Float32", "\"-inf\"", "\"-inf\"", NULL},
        {"Float32", "\"NaN\"", "\"nan\"", NULL},
        {"Float64", "\"nan\"", NULL, NULL},
        {"Float64", "\"-NaN\"", NULL, NULL},
        {"Float64", "\"+inf\"", NULL, NULL},
        {"Float64", "\"INF\"", NULL, NULL},
        {"Float64", "\"infinity\"", NULL, NULL},
        {"Float64", "\"NaN \"", NULL, NULL},
        {"Float64", "1e999", NULL, NULL},
        {"Float64", "\"1.5\"", "1.5", "1.5"},
        {"Float64", "{\"$numberDouble\":\"NaN\"}", "\"nan\"", NULL},
        {"Float64", "{\"$numberDouble\":\"-Infinity\"}", "\"-inf\"", NULL},
        {"Float64", "{\"$numberDecimal\":\"NaN\"}", NULL, NULL},
        {"Array(Float64)", "[1,\"NaN\"]", "[1,\"nan\"]", NULL},
    };
    CHECK_ASKED(examples, nan);
}

static void test_exact(void **state)
{
    (void)state;
    static const struct asked examples[] = {
        /* however a number is written */
        {"Float64", "10.0", "10", "10"},
        {"Float64", "1e2", "100", "100"},
        {"Float64", "1.0000000000000000000000", "1", "1"},
        {"Float64", "0.00000000000000000000000000000e9", "0", "0"},
        {"Float64", "-0.0", "-0", "-0"},
        {"Float64", "0.1", "0.1", "0.1"},
        {"Float64", "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
        {"Float64", "123456789012345680000", "123456789012345680000", "123456789012345680000"},
        {"Float64", "1.7976931348623157e308", "1.7976931348623157e308", "1.7976931348623157e308"},
        {"Float64", "5e-324", "5e-324", "5e-324"},
        {"Float64", "9007199254740993", NULL, "9007199254740992"},
        {"Float64", "9007199254740992", "9007199254740992", "9007199254740992"},
        {"Float64", "0.1234567890123456789", NULL, "0.12345678901234568"},
        {"Float64", "\"0.1234567890123456789\"", NULL, "0.12345678901234568"},
        {"Float64", "12345678901234567890", NULL, "12345678901234567000"},
        {"Float64", "0.10000000000000001", NULL, "0.1"},
        {"Float64", "0.1000000000000000055511151231257827", NULL, "0.1"},
        {"Float64", "1e-400", NULL, "0"},
        {"Float64", "\"1.50\"", "1.5", "1.5"},
        {"Float32", "0.1", "0.1", "0.1"},
        {"Float32", "16777217", NULL, "16777216"},
        {"Float32", "3.4028235e38", "3.4028235e38", "3.4028235e38"},
        {"Float32", "0.123456789", NULL, "0.12345679"},
        {"Array(Float64)", "[0.5,9007199254740993]", NULL, "[0.5,9007199254740992]"},
        /* times */
        {"DateTime64(3)", "\"2026-01-02T03:04:05.123Z\"", "\"2026-01-02 03:04:05.123\"", "\"2026-01-02 03:04:05.123\""},
        {"DateTime64(3)", "\"2026-01-02T03:04:05.123000+01:00\"", "\"2026-01-02 02:04:05.123\"", "\"2026-01-02 02:04:05.123\""},
        {"DateTime64(3)", "\"2026-01-02T03:04:05.1234Z\"", NULL, "\"2026-01-02 03:04:05.123\""},
        {"DateTime64(3)", "1767323045123456", NULL, "\"2026-01-02 03:04:05.123\""},
        /* a count whose unit nobody says is a guess */
        {"DateTime64(3)", "1767323045123", NULL, "\"2026-01-02 03:04:05.123\""},
        {"DateTime64(3)", "\"1767323045123\"", NULL, "\"2026-01-02 03:04:05.123\""},
        {"DateTime64(3)", "\"-1.5\"", NULL, "\"1969-12-31 23:59:58.500\""},
        {"DateTime64(9)", "\"2026-01-02T03:04:05.1234567891Z\"", NULL, "\"2026-01-02 03:04:05.123456789\""},
        {"DateTime64(9)", "1767323045.12345678900000000", NULL, "\"2026-01-02 03:04:05.123456789\""},
        {"DateTime64(9)", "1767323045.12345678900000001", NULL, "\"2026-01-02 03:04:05.123456789\""},
        {"DateTime", "\"2026-01-02T03:04:05.5Z\"", NULL, "\"2026-01-02 03:04:05\""},
        {"DateTime", "[2026,1,2,3,4,5,1]", NULL, "\"2026-01-02 03:04:05\""},
        {"Date", "\"2026-01-02T03:04:05Z\"", NULL, "\"2026-01-02\""},
        {"Date", "\"2026-01-02T00:00:00Z\"", "\"2026-01-02\"", "\"2026-01-02\""},
        {"Date32", "\"2026-01-02T00:00:00.1Z\"", NULL, "\"2026-01-02\""},
        {"Date32", "\"2026-01-02+01:00\"", NULL, "\"2026-01-01\""},
        {"Date32", "1767312000000", NULL, "\"2026-01-02\""},
        {"Date32", "{\"$date\":1767312000000}", "\"2026-01-02\"", "\"2026-01-02\""},
        {"Date32", "{\"$date\":1767312000001}", NULL, "\"2026-01-02\""},
        /* texts that are not as the type writes them */
        {"UUID", "\"550e8400-e29b-41d4-a716-446655440000\"", "\"550e8400-e29b-41d4-a716-446655440000\"",
         "\"550e8400-e29b-41d4-a716-446655440000\""},
        {"UUID", "\"550E8400-e29b-41d4-a716-446655440000\"", NULL, "\"550e8400-e29b-41d4-a716-446655440000\""},
        {"UUID", "\"550e8400-e29b-41d4-a716-44665544000F\"", NULL, "\"550e8400-e29b-41d4-a716-44665544000f\""},
        {"IPv6", "\"2001:db8::1\"", "\"2001:db8::1\"", "\"2001:db8::1\""},
        {"IPv6", "\"2001:DB8::1\"", NULL, "\"2001:db8::1\""},
        {"IPv6", "\"1.2.3.4\"", NULL, "\"::ffff:1.2.3.4\""},
        {"Int64", "\"7\"", "7", "7"},
        {"Int64", "\"0\"", "0", "0"},
        {"Int64", "\"007\"", NULL, "7"},
        {"Int32", "\"-07\"", NULL, "-7"},
        {"UInt8", "\"00\"", NULL, "0"},
        {"UInt256", "\"02134\"", NULL, "2134"},
        {"Int64", "7.0", "7", "7"},
        {"Int64", "1e2", "100", "100"},
        {"Decimal(9, 2)", "1.500", "1.5", "1.5"},
        {"String", "\" x\"", "\" x\"", "\" x\""},
    };
    CHECK_ASKED(examples, exact);
}

static void test_extended_json(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"Int64", "{\"$numberLong\":\"-12\"}", "-12"},
        {"Int64", "{ \"$numberInt\" : \"12\" }", "12"},
        {"Int64", "{\"\\u0024numberInt\":\"1\\u0032\"}", "12"},
        {"Int64", "{\"$numberLong\":12}", NULL},
        {"Int64", "{\"$numberLong\":\"12\",\"a\":1}", NULL},
        {"Int64", "{\"$numberLong\":\"1.5\"}", NULL},
        {"Int64", "{\"$numberLong\":\"1e2\"}", NULL},
        {"Int64", "{\"$numberLong\":\"\"}", NULL},
        {"Int64", "{\"$numberlong\":\"12\"}", NULL},
        {"Int64", "{\"$numberDouble\":\"12.0\"}", "12"},
        {"Int64", "{\"$numberDouble\":\"12.5\"}", NULL},
        {"Int64", "{\"$date\":1709141609404}", "1709141609404"},
        {"Int64", "{\"$date\":{\"$numberLong\":\"1709141609404\"}}", "1709141609404"},
        {"Int64", "{}", NULL},
        {"Int64", "{\"$oid\":\"507f191e810c19729de860ea\"}", NULL},
        {"Int64", "{\"$oid\":\"\"}", NULL},
        {"Int64", "{\"$numberLong\":{\"$numberLong\":\"1\"}}", NULL},
        {"Bool", "{\"$numberInt\":\"1\"}", "true"},
        {"Float64", "{\"$numberDouble\":\"1.5E+3\"}", "1500"},
        {"Float64", "{\"$numberDouble\":\"NaN\"}", NULL},
        {"Decimal(38, 2)", "{\"$numberDecimal\":\"1234.50\"}", "1234.5"},
        {"Decimal(9, 2)", "{\"$numberDecimal\":\"1E+3\"}", "1000"},
        {"Decimal(9, 2)", "{\"$numberDecimal\":\"NaN\"}", NULL},
        {"UUID", "{\"$uuid\":\"550e8400-e29b-41d4-a716-446655440000\"}", "\"550e8400-e29b-41d4-a716-446655440000\""},
        {"UUID", "{\"$uuid\":\"550e8400\"}", NULL},
        {"DateTime64(3)", "{\"$date\":1709141609404}", "\"2024-02-28 17:33:29.404\""},
        {"DateTime64(3)", "{\"$date\":\"2024-02-28T17:33:29.404Z\"}", "\"2024-02-28 17:33:29.404\""},
        {"DateTime64(3)", "{\"$date\":{\"$numberLong\":\"1709141609404\"}}", "\"2024-02-28 17:33:29.404\""},
        {"DateTime64(3)", "{\"$date\":{\"$numberInt\":\"1\"}}", NULL},
        {"DateTime64(3)", "{\"$date\":null}", NULL},
        {"DateTime64(3)", "{\"$date\":[2024,2,28]}", NULL},
        {"Date32", "{\"$date\":1709141609404}", "\"2024-02-28\""},
        /* whatever the unit: 10 ms */
        {"DateTime64(3)", "{\"$date\":10}", "\"1970-01-01 00:00:00.010\""},
        {"DateTime64(3)", "{\"$date\":\"10\"}", "\"1970-01-01 00:00:00.010\""},
        /* of the type's own unit */
        {"DateTime64(3)", "{\"$numberLong\":\"10\"}", "\"1970-01-11 00:00:00.000\""},
    };
    check_examples(examples, COUNT(examples), UNIT_DAYS);
    static const struct asked strings[] = {
        {"String", "{\"$oid\":\"507f\"}", "\"507f\"", "\"{\"$oid\":\"507f\"}\""},
        {"String", "{\"$numberLong\":\"12\"}", "\"12\"", "\"{\"$numberLong\":\"12\"}\""},
        {"String", "{\"$numberDouble\":\"NaN\"}", "\"NaN\"", "\"{\"$numberDouble\":\"NaN\"}\""},
        {"String", "{\"$date\":{\"$numberLong\":\"5\"}}", "\"5\"", "\"{\"$date\":{\"$numberLong\":\"5\"}}\""},
        {"String", "{\"$date\":5}", "\"5\"", "\"{\"$date\":5}\""},
        {"String", "{\"$oid\":\"\"}", "\"\"", "\"{\"$oid\":\"\"}\""},
        {"String", "{\"$oid\":5}", "\"{\"$oid\":5}\"", "\"{\"$oid\":5}\""},
        {"String", "{\"$numberLong\":\"x\"}", "\"{\"$numberLong\":\"x\"}\"", "\"{\"$numberLong\":\"x\"}\""},
        {"String", "{\"$other\":\"x\"}", "\"{\"$other\":\"x\"}\"", "\"{\"$other\":\"x\"}\""},
        {"String", "[{\"$oid\":\"x\"}]", "\"[{\"$oid\":\"x\"}]\"", "\"[{\"$oid\":\"x\"}]\""},
        {"Array(String)", "[{\"$oid\":\"507f\"},\"a\"]", "[\"507f\",\"a\"]", "[\"{\"$oid\":\"507f\"}\",\"a\"]"},
    };
    CHECK_ASKED(strings, extended);
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_bools),
        cmocka_unit_test(test_uuids),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_random_floats),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_base64_decimals),
        cmocka_unit_test(test_decimals_with_their_scale),
        cmocka_unit_test(test_random_decimals),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_wide_integers),
        cmocka_unit_test(test_wide_decimals),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_extended_json),
        cmocka_unit_test(test_times_in_units),
    };
    return cmocka_run_group_tests_name("convert", tests, NULL, free_arena);
}
