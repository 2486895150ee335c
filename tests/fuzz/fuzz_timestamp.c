/* Times: the quick reading and the scanner give the same; what is printed is read back; a cut goes towards the past. The first
 * byte is the unit, the rest the text; the last eight bytes are a count, too. */
#include "fuzz.h"
#include "value/timestamp.h"

static void check(struct instant instant)
{
    HOLDS(instant.picos < UINT64_C(1000000000000));
    for (unsigned precision = 0; precision <= 9; precision++) {
        int64_t ticks, again;
        char text[TIME_TEXT_SIZE];
        if (!instant_to_ticks(instant, precision, &ticks))
            continue;
        size_t size = ticks_print(ticks, precision, text);
        struct instant back;
        HOLDS(size < sizeof text);
        HOLDS(instant_from_iso((struct text){text, size}, &back));
        HOLDS(instant_to_ticks(back, precision, &again) && again == ticks);
        HOLDS(back.seconds == instant.seconds && back.picos <= instant.picos);
        uint64_t unit = 1;
        for (unsigned i = precision; i < 12; i++)
            unit *= 10;
        HOLDS(instant.picos - back.picos < unit);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum time_unit unit = (enum time_unit)(take_byte(&data, &size) % (UNIT_DAYS + 1));
    char *copy = padded(data, size, '1');
    struct text text = {copy, size};
    struct instant quick, slow, instant;
    bool is_iso = instant_from_iso(text, &quick);
    HOLDS(instant_scan_iso(text, &slow) == is_iso);
    if (is_iso) {
        HOLDS(quick.seconds == slow.seconds && quick.picos == slow.picos);
        check(quick);
    }
    bool is_time = instant_from_text(text, unit, &instant);
    for (unsigned precision = 0; precision <= 9; precision++) {
        int64_t ticks, expected;
        bool fits = is_time && instant_to_ticks(instant, precision, &expected);
        HOLDS(ticks_from_text(text, unit, false, precision, &ticks) == fits);
        HOLDS(!fits || ticks == expected);
        bool is_exact = fits && (is_iso || unit != UNIT_AUTO) && instant_has_precision(instant, precision);
        HOLDS(ticks_from_text(text, unit, true, precision, &ticks) == is_exact);
        HOLDS(!is_exact || ticks == expected);
    }
    if (is_time) {
        check(instant);
        int64_t year;
        unsigned month, day;
        civil_from_days(instant_to_days(instant), &year, &month, &day);
        HOLDS(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    }
    if (instant_from_number(text, unit, &instant))
        check(instant);
    int64_t count = 0;
    if (size >= sizeof count)
        memcpy(&count, copy + size - sizeof count, sizeof count);
    if (instant_from_epoch(count, unit, &instant))
        check(instant);
    free(copy);
    return 0;
}
