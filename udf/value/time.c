/* Date, Date32, DateTime and DateTime64. */
#include "base/digits.h"
#include "value/kinds.h"
#include "value/number.h"
#include "json/json_items.h"

#define FIRST_DAY32 (-25567) /* 1900-01-01 */
#define LAST_DAY32 120529    /* 2299-12-31 */
#define PARTS 7              /* of a time as Java writes it */

static bool item_to_integer(const struct json_item *item, int64_t *integer)
{
    int128 number;
    if (item->kind != JSON_NUMBER || !json_to_integer(item->raw, &number) || number < INT64_MIN ||
        number > INT64_MAX)
        return false;
    *integer = (int64_t)number;
    return true;
}

/* {"epochSecond":…,"nano":…}, and nothing else */
static bool read_epoch_object(struct json_items *items, struct arena *arena, struct instant *instant)
{
    struct json_item item;
    int64_t second = 0, nano = -1;
    bool has_second = false;
    while (json_items_next(items, &item)) {
        const struct text key = json_item_key(&item, arena);
        const bool is_second = text_equal(key, TEXT("epochSecond"));
        if (is_second ? has_second : !text_equal(key, TEXT("nano")) || nano >= 0)
            return false;
        if (!item_to_integer(&item, is_second ? &second : &nano) || (!is_second && nano < 0))
            return false;
        has_second |= is_second;
    }
    if (!has_second || nano < 0 || nano > 999999999 || !instant_from_epoch(second, UNIT_SECONDS, instant))
        return false;
    instant->picos = (uint64_t)nano * 1000 & PICOS_BITS;
    return true;
}

/* [y,m,d,h,mi,s,ns], or a beginning of it, or an object; as Java's libraries write times. */
static bool read_container(struct text container, struct arena *arena, struct instant *instant)
{
    struct json_items items;
    struct json_item item;
    int64_t parts[PARTS];
    size_t count = 0;
    if (!json_items_open(&items, container))
        return false;
    if (items.is_object)
        return read_epoch_object(&items, arena, instant);
    for (; json_items_next(&items, &item); count++)
        if (count == PARTS || !item_to_integer(&item, &parts[count]))
            return false;
    return instant_from_parts(parts, count, instant);
}

static bool read_instant(const struct json_value *value, enum time_unit unit, struct arena *arena,
                         struct instant *instant)
{
    switch (value->kind) {
    case VALUE_STRING:
        return instant_from_text(value->text, unit, instant);
    case VALUE_NUMBER:
        return instant_from_number(value->text, unit, instant);
    case VALUE_CONTAINER:
        return read_container(value->text, arena, instant);
    case VALUE_FALSE:
    case VALUE_TRUE:
        break;
    }
    return false;
}

/* Whether a value is a count of a unit: a number, or a text of digits. */
static bool is_count(const struct json_value *value)
{
    const struct text text = value->text;
    if (value->kind != VALUE_STRING)
        return value->kind == VALUE_NUMBER;
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]) && text.data[i] != '.' && !(i == 0 && text.data[i] == '-'))
            return false;
    return true;
}

/* Whether the instant is the first of its day. */
static bool is_midnight(struct instant instant)
{
    return instant.seconds - instant_to_days(instant) * 86400 == 0 && instant.picos == 0 && !instant.cut;
}

/* Any but a string to DateTime64, which is the common one and needs no instant, nor a stack. */
static __attribute__((noinline)) bool convert_instant(const struct json_value *value,
                                                      const struct conversion *to, struct arena *arena,
                                                      struct value *out)
{
    struct instant instant;
    const struct type *const type = &to->type;
    /* A unit that nobody says is a guess, which is no exact value. */
    if (to->exact && to->unit == UNIT_AUTO && is_count(value))
        return false;
    if (!read_instant(value, to->unit, arena, &instant))
        return false;
    int64_t *const time = &out->as.integer;
    switch (type->kind) {
    case TYPE_DATE:
        *time = instant_to_days(instant);
        return *time >= 0 && *time <= UINT16_MAX && (!to->exact || is_midnight(instant));
    case TYPE_DATE32:
        *time = instant_to_days(instant);
        return *time >= FIRST_DAY32 && *time <= LAST_DAY32 && (!to->exact || is_midnight(instant));
    case TYPE_DATETIME:
        *time = instant.seconds;
        return *time >= 0 && *time <= UINT32_MAX && (!to->exact || instant_has_precision(instant, 0));
    default:
        return instant_to_ticks(instant, type->precision, time) &&
               (!to->exact || instant_has_precision(instant, type->precision));
    }
}

bool convert_time(const struct json_value *value, const struct conversion *to, struct arena *arena,
                  struct value *out)
{
    if (value->kind == VALUE_STRING && to->type.kind == TYPE_DATETIME64)
        return ticks_from_text(value->text, to->unit, to->exact, to->type.precision, &out->as.integer);
    return convert_instant(value, to, arena, out);
}

char *write_date_json(char *out, const struct type *type, const struct value *value)
{
    (void)type;
    *out++ = '"';
    out += days_print(value->as.integer, out);
    *out++ = '"';
    return out;
}

char *write_time_json(char *out, const struct type *type, const struct value *value)
{
    *out++ = '"';
    out += ticks_print(value->as.integer, type->precision, out);
    *out++ = '"';
    return out;
}
