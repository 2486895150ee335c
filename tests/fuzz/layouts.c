#include "layouts.h"

#include "fuzz.h"

/* Types and the keys that go with each; their numbers' units and encodings. */
static const struct {
    const char *type;
    enum { PLAIN, TIME, DECIMAL } kind;
} types[] = {
    {"String", PLAIN}, {"Bool", PLAIN}, {"Int8", PLAIN}, {"Int16", PLAIN}, {"Int32", PLAIN}, {"Int64", PLAIN},
    {"UInt8", PLAIN}, {"UInt16", PLAIN}, {"UInt32", PLAIN}, {"UInt64", PLAIN}, {"Float32", PLAIN}, {"Float64", PLAIN},
    {"UUID", PLAIN}, {"Date", TIME}, {"Date32", TIME}, {"DateTime", TIME}, {"DateTime64(0)", TIME},
    {"DateTime64(3, 'UTC')", TIME}, {"DateTime64(6, 'UTC')", TIME}, {"DateTime64(9)", TIME}, {"Decimal(9, 0)", DECIMAL},
    {"Decimal(9, 9)", DECIMAL}, {"Decimal(18, 4)", DECIMAL}, {"Decimal(38, 0)", DECIMAL}, {"Decimal(38, 37)", DECIMAL},
    {"Decimal(39, 2)", DECIMAL}, {"Decimal(76, 76)", DECIMAL}, {"Int128", PLAIN}, {"UInt128", PLAIN}, {"Int256", PLAIN},
    {"UInt256", PLAIN}, {"IPv4", PLAIN}, {"IPv6", PLAIN},
};

/* Names that the fixtures have, so that paths meet values. */
static const char *const paths[] = {
    "after.aggregate_id", "after.id", "after.payload.user_id", "after.payload.experiment_id", "after.payload.timestamp",
    "after.payload.properties", "after.payload.properties.value", "after.payload.properties.page",
    "after.payload.properties.items[0].id", "after.payload.a.b.c.d", "after.payload.list[3]", "after.payload.assignment_at",
    "after.created_at", "after.updated_at", "source.lsn", "source.ts_ms", "op", "ts_ms", "__lsn", "transaction.id", "after.list[1].x",
    "after.payload.user_id.deeper", "before.id", "after.numeric", "after.c_numeric", "after.c_timestamptz", "after.c_json.a",
};

static uint32_t random_below(uint64_t *state, uint32_t bound)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % bound;
}

static void put_column(FILE *out, uint64_t *state, unsigned number)
{
    static const char *const units[] = {"auto", "s", "ms", "us", "ns", "days"};
    size_t type = random_below(state, sizeof types / sizeof *types);
    bool nullable = random_below(state, 3) == 0;
    unsigned depth = random_below(state, 4) == 0 ? 1 + random_below(state, 2) : 0;
    fprintf(out, "%s{\"name\":\"c%u\",\"type\":\"%s%s%s%s%s\",\"path\":", number ? "," : "", number,
            &"Array(Array("[12 - 6 * depth], nullable ? "Nullable(" : "", types[type].type, nullable ? ")" : "", &"))"[2 - depth]);
    unsigned count = 1 + random_below(state, 2);
    fputs(count > 1 ? "[" : "", out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s\"%s\"", i ? "," : "", paths[random_below(state, sizeof paths / sizeof *paths)]);
    fputs(count > 1 ? "]" : "", out);
    if (random_below(state, 8) == 0)
        fputs(",\"required\":true", out);
    else if (random_below(state, 2) == 0)
        fputs(",\"lenient\":true", out);
    if (random_below(state, 4) == 0)
        fputs(",\"exact\":true", out);
    if (types[type].kind == TIME && random_below(state, 2) == 0)
        fprintf(out, ",\"unit\":\"%s\"", units[random_below(state, 6)]);
    if (types[type].kind == DECIMAL && random_below(state, 2) == 0)
        fputs(",\"encoding\":\"base64\"", out);
    fputs("}", out);
}

struct text layouts_text(uint8_t number)
{
    static struct text texts[LAYOUTS];
    uint64_t state = number;
    if (!texts[number].data) {
        char *data = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&data, &size);
        HOLDS(out);
        fputs("{\"function\":\"randomLayout\",", out);
        if (random_below(&state, 3) == 0)
            fputs("\"accept\":{\"op\":[\"c\",\"r\",\"d\"],\"after.aggregate_type\":[\"event\",\"assignment\"]},", out);
        fputs("\"columns\":[", out);
        unsigned columns = 1 + random_below(&state, 12);
        for (unsigned i = 0; i < columns; i++)
            put_column(out, &state, i);
        fputs("]}", out);
        HOLDS(fclose(out) == 0);
        texts[number] = (struct text){data, size};
    }
    return texts[number];
}

const struct layout *layouts_get(uint8_t number)
{
    static struct layout *layouts[LAYOUTS];
    if (!layouts[number]) {
        char problem[LAYOUT_PROBLEM] = "";
        struct text text = layouts_text(number);
        char *copy = padded((const uint8_t *)text.data, text.size, 0);
        layouts[number] = layout_parse("random", (struct text){copy, text.size}, problem);
        free(copy);
        if (!layouts[number])
            fprintf(stderr, "%.*s\n%s\n", (int)text.size, text.data, problem);
        HOLDS(layouts[number]);
    }
    return layouts[number];
}
