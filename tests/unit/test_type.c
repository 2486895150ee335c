/* Type names, and each type's value in binary and as JSON. */
#define _GNU_SOURCE /* memmem */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "value/type.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- Names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct type type;
    } names[] = {
        {"String", {.kind = TYPE_STRING, .width = 0}},
        {"Bool", {.kind = TYPE_BOOL, .width = 1}},
        {"Int8", {.kind = TYPE_INT8, .width = 1}},
        {"Int16", {.kind = TYPE_INT16, .width = 2}},
        {"Int32", {.kind = TYPE_INT32, .width = 4}},
        {"Int64", {.kind = TYPE_INT64, .width = 8}},
        {"UInt8", {.kind = TYPE_UINT8, .width = 1}},
        {"UInt16", {.kind = TYPE_UINT16, .width = 2}},
        {"UInt32", {.kind = TYPE_UINT32, .width = 4}},
        {"UInt64", {.kind = TYPE_UINT64, .width = 8}},
        {"Float32", {.kind = TYPE_FLOAT32, .width = 4}},
        {"Float64", {.kind = TYPE_FLOAT64, .width = 8}},
        {"Decimal(1, 0)", {.kind = TYPE_DECIMAL, .precision = 1, .width = 4}},
        {"Decimal(9, 9)", {.kind = TYPE_DECIMAL, .precision = 9, .scale = 9, .width = 4}},
        {"Decimal(10, 2)", {.kind = TYPE_DECIMAL, .precision = 10, .scale = 2, .width = 8}},
        {"Decimal(18, 4)", {.kind = TYPE_DECIMAL, .precision = 18, .scale = 4, .width = 8}},
        {"Decimal(19, 4)", {.kind = TYPE_DECIMAL, .precision = 19, .scale = 4, .width = 16}},
        {"Decimal(38, 38)", {.kind = TYPE_DECIMAL, .precision = 38, .scale = 38, .width = 16}},
        {"Date", {.kind = TYPE_DATE, .width = 2}},
        {"Date32", {.kind = TYPE_DATE32, .width = 4}},
        {"DateTime", {.kind = TYPE_DATETIME, .width = 4}},
        {"DateTime('UTC')", {.kind = TYPE_DATETIME, .width = 4}},
        {"DateTime64(0)", {.kind = TYPE_DATETIME64, .precision = 0, .width = 8}},
        {"DateTime64(9)", {.kind = TYPE_DATETIME64, .precision = 9, .width = 8}},
        {"DateTime64(6, 'UTC')", {.kind = TYPE_DATETIME64, .precision = 6, .width = 8}},
        {"UUID", {.kind = TYPE_UUID, .width = 16}},
        {"Int128", {.kind = TYPE_INT128, .width = 16}},
        {"Int256", {.kind = TYPE_INT256, .width = 32}},
        {"UInt128", {.kind = TYPE_UINT128, .width = 16}},
        {"UInt256", {.kind = TYPE_UINT256, .width = 32}},
        {"Decimal(39, 0)", {.kind = TYPE_DECIMAL, .precision = 39, .width = 32}},
        {"Decimal(76, 76)", {.kind = TYPE_DECIMAL, .precision = 76, .scale = 76, .width = 32}},
        {"IPv4", {.kind = TYPE_IPV4, .width = 4}},
        {"Nullable(IPv6)", {.kind = TYPE_IPV6, .nullable = true, .width = 16}},
        {"Array(String)", {.kind = TYPE_ARRAY, .depth = 1, .scalar_kind = TYPE_STRING}},
        {"Array ( Nullable( Int8 ) )",
         {.kind = TYPE_ARRAY, .depth = 1, .scalar_kind = TYPE_INT8, .scalar_nullable = true}},
        {"Array(Array(Nullable(Decimal(50, 7))))",
         {.kind = TYPE_ARRAY, .depth = 2, .scalar_kind = TYPE_DECIMAL, .scalar_nullable = true, .precision = 50, .scale = 7}},
        {"Nullable(String)", {.kind = TYPE_STRING, .nullable = true}},
        {"Nullable(UInt8)", {.kind = TYPE_UINT8, .nullable = true, .width = 1}},
        {"Nullable(Decimal(10, 2))",
         {.kind = TYPE_DECIMAL, .nullable = true, .precision = 10, .scale = 2, .width = 8}},
        {"Nullable(DateTime64(6, 'UTC'))",
         {.kind = TYPE_DATETIME64, .nullable = true, .precision = 6, .width = 8}},
        /* white space between the words */
        {" String ", {.kind = TYPE_STRING}},
        {"Decimal(10,2)", {.kind = TYPE_DECIMAL, .precision = 10, .scale = 2, .width = 8}},
        {"Decimal ( 10 ,\n2 )", {.kind = TYPE_DECIMAL, .precision = 10, .scale = 2, .width = 8}},
        {"\tNullable ( DateTime64 (6,'UTC' ) ) ",
         {.kind = TYPE_DATETIME64, .nullable = true, .precision = 6, .width = 8}},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct type *const expected = &names[i].type;
        struct type type;
        if (!type_parse(names[i].name, &type))
            fail_msg("%s is refused", names[i].name);
        if (type.kind != expected->kind || type.nullable != expected->nullable ||
            type.precision != expected->precision || type.scale != expected->scale ||
            type.width != expected->width || type.depth != expected->depth ||
            type.scalar_kind != expected->scalar_kind || type.scalar_nullable != expected->scalar_nullable ||
            type.name != names[i].name)
            fail_msg("%s: kind %d, nullable %d, precision %u, scale %u, width %u", names[i].name,
                     (int)type.kind, type.nullable, type.precision, type.scale, type.width);
    }
}

static void test_no_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        " ",
        "string",
        "STRING",
        "String()",
        "StringString",
        "String String",
        "String,",
        "FixedString(3)",
        "Int",
        "Int512",
        "IPv5",
        "ipv4",
        "IPv4()",
        "IPv6(1)",
        "UInt256(1)",
        "Float",
        "BFloat16",
        "Boolean",
        "Decimal",
        "Decimal()",
        "Decimal(10)",
        "Decimal(10,)",
        "Decimal(10 2)",
        "Decimal(0, 0)",
        "Decimal(77, 0)",
        "Decimal(76, 77)",
        "Decimal256(2)",
        "Decimal(10, 11)",
        "Decimal(-1, 0)",
        "Decimal(10, -1)",
        "Decimal(010, 2)",
        "Decimal(10, 02)",
        "Decimal(10, 2",
        "Decimal(10, 2))",
        "Decimal(10, 2, 3)",
        "Decimal(4294967306, 2)",
        "Decimal(18446744073709551626, 2)",
        "Decimal32(2)",
        "Date('UTC')",
        "Date64",
        "Time",
        "DateTime()",
        "DateTime('Europe/Berlin')",
        "DateTime('utc')",
        "DateTime(UTC)",
        "DateTime(\"UTC\")",
        "DateTime(' UTC')",
        "DateTime(6)",
        "DateTime64",
        "DateTime64()",
        "DateTime64('UTC')",
        "DateTime64(10)",
        "DateTime64(-1)",
        "DateTime64(6,)",
        "DateTime64(6 'UTC')",
        "DateTime64(6, 'Asia/Tokyo')",
        "DateTime64(6, 'UTC'",
        "DateTime 64(6)",
        "Nullable",
        "Nullable()",
        "Nullable(String",
        "Nullable(String))",
        "Nullable String",
        "Nullable(Nullable(String))",
        "Nullable(String, String)",
        "nullable(String)",
        "Array",
        "Array()",
        "Array(String",
        "Array(String))",
        "Array(String, String)",
        "array(String)",
        "Array(Array(Array(String)))",
        "Nullable(Array(String))",
        "Array(Nullable(Array(String)))",
        "Array(Nullable(Nullable(String)))",
        "Array(Decimal(77, 0))",
        "LowCardinality(String)",
        "Tuple(String)",
        "JSON",
        "Str\xC3\xADng",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct type type;
        if (type_parse(names[i], &type))
            fail_msg("'%s' is a type", names[i]);
    }
}

static struct type parsed(const char *name);

static void test_elements(void **state)
{
    (void)state;
    const struct type array = parsed("Array(Array(Nullable(Decimal(50, 7))))");
    const struct type inner = type_element(&array), scalar = type_element(&inner);
    assert_int_equal(inner.kind, TYPE_ARRAY);
    assert_int_equal(inner.depth, 1);
    assert_false(inner.nullable);
    assert_int_equal(scalar.kind, TYPE_DECIMAL);
    assert_int_equal(scalar.depth, 0);
    assert_true(scalar.nullable);
    assert_int_equal(scalar.width, 32);
    assert_int_equal(scalar.precision, 50);
    assert_int_equal(scalar.scale, 7);
    const struct type dates = parsed("Array(Date32)"), date = type_element(&dates);
    assert_int_equal(date.width, 4);
    assert_true(type_is_temporal(&dates));
    assert_true(type_is_temporal(&date));
    assert_false(type_is_temporal(&array));
}

/* Every type that type_parse takes is named, and what is named is taken. */
static void test_list(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct text list = type_list(&arena);
    static const char *const names[] = {"String, ", ", Bool, ", ", Int256, ", ", UInt128, ", ", Decimal(P, S) with P to 76, ",
                                        ", DateTime64(P) with P to 9, ", ", IPv6, ", "Nullable(...) of each", "Array(...)"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (!memmem(list.data, list.size, names[i], strlen(names[i])))
            fail_msg("%s is not in: %.*s", names[i], (int)list.size, list.data);
    arena_free(&arena);
}

static struct type parsed(const char *name)
{
    struct type type;
    if (!type_parse(name, &type))
        fail_msg("%s is refused", name);
    return type;
}

static void test_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *json;
    } defaults[] = {
        {"Bool", "false"},
        {"Int64", "0"},
        {"UInt64", "0"},
        {"Float32", "0"},
        {"Float64", "0"},
        {"Decimal(38, 10)", "0"},
        {"Date", "\"1970-01-01\""},
        {"Date32", "\"1970-01-01\""},
        {"DateTime", "\"1970-01-01 00:00:00\""},
        {"DateTime64(6, 'UTC')", "\"1970-01-01 00:00:00.000000\""},
        {"UUID", "\"00000000-0000-0000-0000-000000000000\""},
        {"Nullable(String)", "null"},
        {"Nullable(Float64)", "null"},
        {"Nullable(DateTime64(6, 'UTC'))", "null"},
    };
    for (size_t i = 0; i < COUNT(defaults); i++) {
        const struct type type = parsed(defaults[i].name);
        const struct value value = type_default(&type);
        char json[VALUE_JSON_SIZE];
        const struct text written = {json, value_to_json(&type, &value, json)};
        if (!text_equal(written, text_of(defaults[i].json)))
            fail_msg("the default of %s is %.*s", defaults[i].name, (int)written.size, written.data);
    }
    const struct type string = parsed("String");
    const struct value empty = type_default(&string);
    assert_false(empty.null);
    assert_int_equal(empty.as.text.size, 0);
}

/* ---- Values in both forms ---- */

#define INTEGER(number)                                                                                      \
    {                                                                                                        \
        .as.integer = (number)                                                                               \
    }
#define NATURAL(number)                                                                                      \
    {                                                                                                        \
        .as.natural = (number)                                                                               \
    }
#define REAL(number)                                                                                         \
    {                                                                                                        \
        .as.real = (number)                                                                                  \
    }
#define DECIMAL(number)                                                                                      \
    {                                                                                                        \
        .as.decimal = (number)                                                                               \
    }

#define WIDE(number)                                                                                         \
    {                                                                                                        \
        .as.wide = (number)                                                                                  \
    }
#define ZEROS "00000000000000000000000000000000"
#define ONES "ffffffffffffffffffffffffffffffff"

static const struct wide minus_two = {{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
static const struct wide top_bit = {{0, 0, 0, UINT64_C(1) << 63}};
static const struct wide five_limbs = {{5, UINT64_C(1) << 63, 0, 0}};

static const int128 ten_to_19 = (int128)10000000000000000000u;
#define NINES_38 ((int128)9999999999999999999u * 10000000000000000000u + 9999999999999999999u)

static void test_values(void **state)
{
    (void)state;
    const struct {
        const char *type;
        struct value value;
        const char *json;
        const char *binary; /* hexadecimal */
    } values[] = {
        {"Bool", INTEGER(0), "false", "00"},
        {"Bool", INTEGER(1), "true", "01"},
        {"Int8", INTEGER(-128), "-128", "80"},
        {"Int8", INTEGER(127), "127", "7f"},
        {"Int16", INTEGER(-2), "-2", "feff"},
        {"Int32", INTEGER(-2147483648), "-2147483648", "00000080"},
        {"Int64", INTEGER(INT64_MIN), "-9223372036854775808", "0000000000000080"},
        {"Int64", INTEGER(INT64_MAX), "9223372036854775807", "ffffffffffffff7f"},
        {"UInt8", NATURAL(255), "255", "ff"},
        {"UInt16", NATURAL(0x1234), "4660", "3412"},
        {"UInt32", NATURAL(4294967295), "4294967295", "ffffffff"},
        {"UInt64", NATURAL(UINT64_MAX), "18446744073709551615", "ffffffffffffffff"},
        {"UInt64", NATURAL(10), "10", "0a00000000000000"},
        {"Nullable(UInt8)", NATURAL(7), "7", "07"},
        {"Float32", REAL(1.5), "1.5", "0000c03f"},
        {"Float64", REAL(1.5), "1.5", "000000000000f83f"},
        {"Float64", REAL(-0.0), "-0", "0000000000000080"},
        {"Decimal(9, 2)", DECIMAL(1230), "12.3", "ce040000"},
        {"Decimal(9, 2)", DECIMAL(-1230), "-12.3", "32fbffff"},
        {"Decimal(9, 2)", DECIMAL(1200), "12", "b0040000"},
        {"Decimal(9, 2)", DECIMAL(-5), "-0.05", "fbffffff"},
        {"Decimal(9, 2)", DECIMAL(100), "1", "64000000"},
        {"Decimal(9, 0)", DECIMAL(1200), "1200", "b0040000"},
        {"Decimal(9, 9)", DECIMAL(1), "0.000000001", "01000000"},
        {"Decimal(18, 2)", DECIMAL(-1), "-0.01", "ffffffffffffffff"},
        {"Decimal(38, 0)", DECIMAL(ten_to_19), "10000000000000000000", "0000e8890423c78a0000000000000000"},
        {"Decimal(38, 19)", DECIMAL(ten_to_19), "1", "0000e8890423c78a0000000000000000"},
        {"Decimal(38, 20)", DECIMAL(ten_to_19), "0.1", "0000e8890423c78a0000000000000000"},
        {"Decimal(38, 18)", DECIMAL(ten_to_19), "10", "0000e8890423c78a0000000000000000"},
        {"Decimal(38, 38)", DECIMAL(1), "0.00000000000000000000000000000000000001",
         "01000000000000000000000000000000"},
        {"Decimal(38, 38)", DECIMAL(-NINES_38), "-0.99999999999999999999999999999999999999",
         "01000000c0dd75f6853b79a557b3c4b4"},
        {"Decimal(38, 0)", DECIMAL(NINES_38), "99999999999999999999999999999999999999",
         "ffffffff3f228a097ac4865aa84c3b4b"},
        {"Date", INTEGER(0), "\"1970-01-01\"", "0000"},
        {"Date", INTEGER(65535), "\"2149-06-06\"", "ffff"},
        {"Date32", INTEGER(-25567), "\"1900-01-01\"", "219cffff"},
        {"Date32", INTEGER(120529), "\"2299-12-31\"", "d1d60100"},
        {"DateTime", INTEGER(1767323045), "\"2026-01-02 03:04:05\"", "a5355769"},
        {"DateTime", INTEGER(4294967295), "\"2106-02-07 06:28:15\"", "ffffffff"},
        {"DateTime64(0)", INTEGER(-1), "\"1969-12-31 23:59:59\"", "ffffffffffffffff"},
        {"DateTime64(3)", INTEGER(-1), "\"1969-12-31 23:59:59.999\"", "ffffffffffffffff"},
        {"DateTime64(6)", INTEGER(1767323045123456), "\"2026-01-02 03:04:05.123456\"", "80d54ef65e470600"},
        {"DateTime64(9)", INTEGER(INT64_MAX), "\"2262-04-11 23:47:16.854775807\"", "ffffffffffffff7f"},
        {"UUID",
         {.as.bytes = {0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44,
                      0x00, 0x0f}},
         "\"550e8400-e29b-41d4-a716-44665544000f\"",
         "d4419be200840e550f004455664416a7"},
        {"Int128", DECIMAL(-2), "-2", "feffffffffffffffffffffffffffffff"},
        {"Int128", DECIMAL((int128)((uint128)1 << 127)), "-170141183460469231731687303715884105728",
         "00000000000000000000000000000080"},
        {"UInt128", DECIMAL(-1), "340282366920938463463374607431768211455", "ffffffffffffffffffffffffffffffff"},
        {"Int256", WIDE(NULL), "0", ZEROS ZEROS},
        {"Int256", WIDE(&minus_two), "-2", "fe" ONES "ffffffffffffffffffffffffffffff"},
        {"Int256", WIDE(&top_bit),
         "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
         ZEROS "00000000000000000000000000000080"},
        {"UInt256", WIDE(&top_bit),
         "57896044618658097711785492504343953926634992332820282019728792003956564819968",
         ZEROS "00000000000000000000000000000080"},
        {"Decimal(76, 0)", WIDE(NULL), "0", ZEROS ZEROS},
        {"Decimal(76, 76)", WIDE(&minus_two),
         "-0.0000000000000000000000000000000000000000000000000000000000000000000000000002",
         "fe" ONES "ffffffffffffffffffffffffffffff"},
        {"Decimal(39, 2)", WIDE(&five_limbs), "1701411834604692317316873037158841057.33",
         "05000000000000000000000000000080" ZEROS},
        {"IPv4", NATURAL(0x01020304), "\"1.2.3.4\"", "04030201"},
        {"IPv4", NATURAL(0), "\"0.0.0.0\"", "00000000"},
        {"IPv4", NATURAL(0xFFFFFFFF), "\"255.255.255.255\"", "ffffffff"},
        {"IPv6", {.as.bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, "\"2001:db8::1\"", "20010db8000000000000000000000001"},
        {"IPv6", {.as.bytes = {0}}, "\"::\"", ZEROS},
        {"IPv6", {.as.bytes = {[15] = 1}}, "\"::1\"", "00000000000000000000000000000001"},
        {"IPv6", {.as.bytes = {[13] = 1}}, "\"::0.1.0.0\"", "00000000000000000000000000010000"},
        {"IPv6", {.as.bytes = {[1] = 1}}, "\"1::\"", "00010000000000000000000000000000"},
        {"IPv6", {.as.bytes = {[10] = 255, 255, 1, 2, 3, 4}}, "\"::ffff:1.2.3.4\"", "00000000000000000000ffff01020304"},
        {"IPv6", {.as.bytes = {[8] = 255, 255, 0, 0, 1, 2, 3, 4}}, "\"::ffff:0:102:304\"",
         "0000000000000000ffff000001020304"},
        {"IPv6", {.as.bytes = {[1] = 1, [7] = 2, [15] = 3}}, "\"1:0:0:2::3\"", "00010000000000020000000000000003"},
        {"IPv6", {.as.bytes = {0x20, 1, 0xd, 0xb8, [9] = 1, [15] = 1}}, "\"2001:db8::1:0:0:1\"",
         "20010db8000000000001000000000001"},
        {"IPv6", {.as.bytes = {[1] = 1, [5] = 2, [7] = 3, [9] = 4, [11] = 5, [13] = 6, [15] = 7}}, "\"1:0:2:3:4:5:6:7\"",
         "00010000000200030004000500060007"},
        {"Float64", REAL((double)NAN), "\"nan\"", "000000000000f87f"},
        {"Float64", REAL(-(double)INFINITY), "\"-inf\"", "000000000000f0ff"},
        {"Float32", REAL((double)NAN), "\"nan\"", "0000c07f"},
        {"Float32", REAL((double)INFINITY), "\"inf\"", "0000807f"},
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        const struct type type = parsed(values[i].type);
        char json[VALUE_JSON_SIZE];
        const struct text written = {json, value_to_json(&type, &values[i].value, json)};
        if (!text_equal(written, text_of(values[i].json)))
            fail_msg("%s: %.*s, not %s", values[i].type, (int)written.size, written.data, values[i].json);

        unsigned char binary[VALUE_BINARY_SIZE];
        const size_t size = value_to_binary(&type, &values[i].value, binary);
        assert_int_equal(size, type.width);
        char hex[2 * VALUE_BINARY_SIZE + 1] = "";
        for (size_t byte = 0; byte < size; byte++)
            snprintf(hex + 2 * byte, 3, "%02x", binary[byte]);
        if (strcmp(hex, values[i].binary) != 0)
            fail_msg("%s %s: %s, not %s", values[i].type, values[i].json, hex, values[i].binary);
    }
}

/* ---- Floats as text ---- */

static struct text printed(bool narrow, double real, char json[VALUE_JSON_SIZE])
{
    const struct type type = {.kind = narrow ? TYPE_FLOAT32 : TYPE_FLOAT64};
    const struct value value = {.as.real = real};
    return (struct text){json, value_to_json(&type, &value, json)};
}

static void test_floats(void **state)
{
    (void)state;
    static const struct {
        double real;
        const char *text;
    } floats[] = {
        {0, "0"},
        {1, "1"},
        {-1, "-1"},
        {10, "10"},
        {100, "100"},
        {99.99, "99.99"},
        {0.1, "0.1"},
        {0.5, "0.5"},
        {-0.25, "-0.25"},
        {12.5, "12.5"},
        {1e-3, "0.001"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {100.0 / 3, "33.333333333333336"},
        {3.141592653589793, "3.141592653589793"},
        {123456.789, "123456.789"},
        {123456789012345, "123456789012345"},
        {9007199254740991, "9007199254740991"},
        {9007199254740992, "9007199254740992"},
        {123456789012345680, "123456789012345680"},
        /* decimal notation from 1e-6 to below 1e21 */
        {1e-6, "0.000001"},
        {1.5e-6, "0.0000015"},
        {1.2345678901234567e-6, "0.0000012345678901234567"},
        {9.99999999999999e-7, "9.99999999999999e-7"},
        {1e-7, "1e-7"},
        {1.5e-7, "1.5e-7"},
        {-1e-7, "-1e-7"},
        {1e15, "1000000000000000"},
        {1e20, "100000000000000000000"},
        {1.5e20, "150000000000000000000"},
        {999999999999999900000.0, "999999999999999900000"},
        {1e21, "1e21"},
        {1.5e21, "1.5e21"},
        {-1e21, "-1e21"},
        {1e22, "1e22"},
        {1e23, "1e23"},
        {1.5e300, "1.5e300"},
        {1e100, "1e100"},
        {1e-100, "1e-100"},
        /* the ends */
        {DBL_MAX, "1.7976931348623157e308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"}, /* the greatest subnormal */
        {DBL_TRUE_MIN, "5e-324"},
        {1.5e-323, "1.5e-323"},
        {DBL_EPSILON, "2.220446049250313e-16"},
        /* powers of two: below them the numbers lie closer together than above */
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p54, "18014398509481984"},
        {0x1p89, "6.189700196426902e26"},
        {0x1p-1022, "2.2250738585072014e-308"},
    };
    for (size_t i = 0; i < COUNT(floats); i++) {
        char json[VALUE_JSON_SIZE];
        const struct text text = printed(false, floats[i].real, json);
        if (!text_equal(text, text_of(floats[i].text)))
            fail_msg("%.17g is %.*s, not %s", floats[i].real, (int)text.size, text.data, floats[i].text);
    }
}

static void test_narrow_floats(void **state)
{
    (void)state;
    static const struct {
        float real;
        const char *text;
    } floats[] = {
        {0, "0"},
        {-0.0f, "-0"},
        {0.1f, "0.1"},
        {0.3f, "0.3"},
        {99.99f, "99.99"},
        {1.0f / 3, "0.33333334"},
        {16777216, "16777216"},
        {1e6f, "1000000"},
        {123456.7f, "123456.7"},
        {1e-6f, "0.000001"},
        {1e-7f, "1e-7"},
        {1e20f, "100000000000000000000"},
        {1e21f, "1e21"},
        {3.14159274f, "3.1415927"},
        {FLT_MAX, "3.4028235e38"},
        {FLT_MIN, "1.1754944e-38"},
        {FLT_TRUE_MIN, "1e-45"},
        {8388608.5f, "8388608"},
        {0x1p-130f, "7.34684e-40"},
        {0x1p-103f, "9.8607613e-32"},
    };
    for (size_t i = 0; i < COUNT(floats); i++) {
        char json[VALUE_JSON_SIZE];
        const struct text text = printed(true, (double)floats[i].real, json);
        if (!text_equal(text, text_of(floats[i].text)))
            fail_msg("%.9g is %.*s, not %s", (double)floats[i].real, (int)text.size, text.data,
                     floats[i].text);
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

static double random_real(bool narrow)
{
    if (narrow) {
        const uint32_t bits = (uint32_t)(random_bits() >> 32);
        float real;
        memcpy(&real, &bits, sizeof real);
        return (double)real;
    }
    const uint64_t bits = random_bits();
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static double read_as(bool narrow, const char *text)
{
    return narrow ? (double)strtof(text, NULL) : strtod(text, NULL);
}

/* How many digits a number's text has between its first and its last that is no zero. */
static int significant_digits(const char *text)
{
    int digits = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '0') {
            zeros += digits > 0;
        } else if (*text >= '1' && *text <= '9') {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    return digits;
}

/* A number reads as itself again; rounded to fewer digits it does not; and none of as many digits is closer. */
static void check_shortest(bool narrow, double real)
{
    char text[VALUE_JSON_SIZE + 1];
    text[printed(narrow, real, text).size] = '\0';
    if (read_as(narrow, text) != real)
        fail_msg("%.17g is printed as %s", real, text);
    const int digits = significant_digits(text);
    for (int fewer = 1; fewer < digits; fewer++) {
        char rounded[40];
        snprintf(rounded, sizeof rounded, "%.*e", fewer - 1, real);
        if (read_as(narrow, rounded) == real)
            fail_msg("%.17g is printed as %s, and %s is enough", real, text, rounded);
    }
    char closest[40];
    snprintf(closest, sizeof closest, "%.*e", digits - 1, real);
    if (read_as(narrow, closest) == real && read_as(false, closest) != read_as(false, text))
        fail_msg("%.17g is printed as %s, and %s is closer", real, text, closest);
}

static void test_random_floats(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        const bool narrow = i % 2;
        const double real = random_real(narrow);
        if (isfinite(real) && real != 0)
            check_shortest(narrow, real);
    }
    /* numbers as people write them: few digits */
    for (int i = 0; i < 20000; i++) {
        char text[40];
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)(random_bits() >> 34) + 1,
                 (int)(random_bits() >> 60) - 12);
        check_shortest(i % 2, read_as(i % 2, text));
    }
    /* every power of two */
    for (int exponent = -1074; exponent <= 1023; exponent++)
        check_shortest(false, ldexp(1, exponent));
    for (int exponent = -149; exponent <= 127; exponent++)
        check_shortest(true, ldexp(1, exponent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),         cmocka_unit_test(test_no_names),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_values),
        cmocka_unit_test(test_floats),        cmocka_unit_test(test_narrow_floats),
        cmocka_unit_test(test_random_floats),
    };
    return cmocka_run_group_tests_name("type", tests, NULL, NULL);
}
