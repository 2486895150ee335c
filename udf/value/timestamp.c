#include "value/timestamp.h"

#include "base/digits.h"
#include "value/number.h"

#define SECONDS_PER_DAY 86400
#define PICO_DIGITS 12

/* The years that DateTime64 holds. */
#define FIRST_SECOND INT64_C(-2208988800) /* 1900-01-01 00:00:00 */
#define LAST_SECOND INT64_C(10413791999)  /* 2299-12-31 23:59:59 */

static inline bool is_held(int64_t second)
{
    return second >= FIRST_SECOND && second <= LAST_SECOND;
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* ---- The calendar. Years are counted from March, so that the leap day ends a year, in eras of 400 years,
 * which all have the same days. Source of the method: https://howardhinnant.github.io/date_algorithms.html
 * ---- */

#define YEARS_PER_ERA 400
#define DAYS_PER_ERA 146097
#define DAYS_BEFORE_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

/* Years 0 to 9999 */
static inline int32_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t days_from_march[] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    const unsigned march_year = year + YEARS_PER_ERA - (month < 3);
    const unsigned century = march_year / 100;
    const unsigned days_of_years = march_year * 1461 / 4 - century + century / 4;
    return (int32_t)(days_of_years + days_from_march[month] + day - 1) - DAYS_PER_ERA - DAYS_BEFORE_EPOCH;
}

void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    const int64_t shifted = days + DAYS_BEFORE_EPOCH;
    const int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    const unsigned day_of_era = (unsigned)(shifted - era * DAYS_PER_ERA);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = era * YEARS_PER_ERA + year_of_era + (*month <= 2);
}

static inline bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* For any month that two digits make: one that is none has no days. */
static inline bool is_date(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[100] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return day - 1 < days[month] || (month == 2 && day == 29 && is_leap(year));
}

/* Seconds from the epoch to that day and second, UTC, for years 0 to 9999. */
static inline int64_t civil_to_seconds(unsigned year, unsigned month, unsigned day, unsigned second_of_day)
{
    return (int64_t)days_from_civil(year, month, day) * SECONDS_PER_DAY + second_of_day;
}

/* ---- ISO 8601 by a general scanner ---- */

/* Takes the digits at the start of the text, at most `most`; answers how many there were. */
static unsigned take_digits(struct text *text, unsigned most, uint64_t *number)
{
    unsigned count = 0;
    *number = 0;
    while (count < most && count < text->size && is_digit(text->data[count]))
        *number = *number * 10 + (uint64_t)(text->data[count++] - '0');
    *text = text_from(*text, count);
    return count;
}

static bool take_two(struct text *text, unsigned *number)
{
    if (text->size < 2 || !is_digit(text->data[0]) || !is_digit(text->data[1]))
        return false;
    *number = (unsigned)(text->data[0] - '0') * 10 + (unsigned)(text->data[1] - '0');
    *text = text_from(*text, 2);
    return true;
}

/* A zone's name in brackets, as Java writes it behind an offset: [Europe/Paris], [GMT+02:00]. */
static bool is_zone_name(struct text text)
{
    if (text.size < 3 || text.data[0] != '[' || text.data[text.size - 1] != ']')
        return false;
    for (size_t i = 1; i < text.size - 1; i++) {
        const char c = text.data[i];
        if (!is_digit(c) && !is_letter(c) && memchr("/_+-:", c, 5) == NULL)
            return false;
    }
    return true;
}

/* +hh, +hhmm or +hh:mm, none beyond 18 hours. */
static bool scan_offset(struct text *text, int64_t *offset)
{
    const bool west = text_take(text, '-');
    unsigned hours, minutes = 0;
    if ((!west && !text_take(text, '+')) || !take_two(text, &hours))
        return false;
    if (text->size > 0 && text->data[0] != '[') {
        text_take(text, ':');
        if (!take_two(text, &minutes))
            return false;
    }
    const unsigned total = hours * 60 + minutes;
    *offset = (west ? -60 : 60) * (int64_t)total;
    return minutes <= 59 && total <= 18 * 60;
}

/* The rest of the text must be a zone, or nothing. */
static bool scan_zone(struct text text, int64_t *offset)
{
    *offset = 0;
    if (text.size == 0 || text_equal(text, TEXT(" UTC")))
        return true;
    if (!text_take(&text, 'Z') && !text_take(&text, 'z')) {
        text_take(&text, ' ');
        if (!scan_offset(&text, offset))
            return false;
    }
    return text.size == 0 || is_zone_name(text);
}

static bool scan_year(struct text *text, int64_t *year)
{
    const bool minus = text_take(text, '-');
    const bool is_signed = minus || text_take(text, '+');
    uint64_t digits;
    if (take_digits(text, is_signed ? 9 : 4, &digits) < 4)
        return false;
    *year = minus ? -(int64_t)digits : (int64_t)digits;
    return true;
}

struct time_of_day {
    unsigned hour, minute, second;
    uint64_t picos;
};

/* hh:mm, hh:mm:ss or hh:mm:ss.f */
static bool scan_time(struct text *text, struct time_of_day *time)
{
    if (!take_two(text, &time->hour) || !text_take(text, ':') || !take_two(text, &time->minute))
        return false;
    if (!text_take(text, ':'))
        return true;
    if (!take_two(text, &time->second))
        return false;
    if (!text_take(text, '.') && !text_take(text, ','))
        return true;
    uint64_t fraction;
    const unsigned count = take_digits(text, PICO_DIGITS, &fraction);
    time->picos = fraction * power_of_ten[PICO_DIGITS - count];
    return count > 0;
}

/* Behind a date: a letter for a time, or a space that no zone follows. */
static bool is_time_next(struct text text)
{
    if (text.size == 0 || text.data[0] == 'T' || text.data[0] == 't')
        return text.size > 0;
    return text.data[0] == ' ' && text.size > 1 && is_digit(text.data[1]);
}

/* Seconds from the epoch to a second of a day of any year; false if there is no such day. */
static bool day_to_seconds(int64_t year, unsigned month, unsigned day, unsigned second_of_day,
                           int64_t *seconds)
{
    const int64_t era = floor_divide(year, YEARS_PER_ERA);
    const unsigned year_of_era = (unsigned)(year - era * YEARS_PER_ERA);
    if (!is_date(year_of_era, month, day))
        return false;
    *seconds =
        era * DAYS_PER_ERA * SECONDS_PER_DAY + civil_to_seconds(year_of_era, month, day, second_of_day);
    return true;
}

bool instant_scan_iso(struct text text, struct instant *instant)
{
    int64_t year, offset;
    unsigned month, day;
    struct time_of_day time = {0};
    if (text.size == 0)
        return false;
    if (!scan_year(&text, &year) || !text_take(&text, '-') || !take_two(&text, &month) ||
        !text_take(&text, '-') || !take_two(&text, &day))
        return false;
    if (is_time_next(text)) {
        text = text_from(text, 1);
        if (!scan_time(&text, &time))
            return false;
    }
    const unsigned second_of_day = time.hour * 3600 + time.minute * 60 + time.second;
    if (time.hour > 23 || time.minute > 59 || time.second > 59 || !scan_zone(text, &offset) ||
        !day_to_seconds(year, month, day, second_of_day, &instant->seconds))
        return false;
    instant->seconds -= offset;
    instant->picos = time.picos & PICOS_BITS;
    instant->cut = false;
    return true;
}

/* Whether a part is from least to last. */
static bool is_part(int64_t part, int64_t least, int64_t last)
{
    return part >= least && part <= last;
}

bool instant_from_parts(const int64_t *parts, size_t count, struct instant *instant)
{
    int64_t all[7] = {0};
    if (count < 3 || count == 4 || count > 7)
        return false;
    memcpy(all, parts, count * sizeof *parts);
    if (!is_part(all[0], -999999999, 999999999) || !is_part(all[1], 1, 12) || !is_part(all[2], 1, 31) ||
        !is_part(all[3], 0, 23) || !is_part(all[4], 0, 59) || !is_part(all[5], 0, 59) ||
        !is_part(all[6], 0, 999999999))
        return false;
    instant->picos = (uint64_t)all[6] * power_of_ten[PICO_DIGITS - 9] & PICOS_BITS;
    instant->cut = false;
    return day_to_seconds(all[0], (unsigned)all[1], (unsigned)all[2],
                          (unsigned)(all[3] * 3600 + all[4] * 60 + all[5]), &instant->seconds);
}

/* ---- ISO 8601 by eight bytes at a time ---- */

/* What may be added to each value of 00-00-00 or 00:00:00 without reaching the high bit: a digit may be 9, the first of the hours 2
 * and of minutes and seconds 5, a sign 0. */
#define DATE_ROOM eight_bytes("\x76\x76\x7F\x76\x76\x7F\x76\x76")
#define TIME_ROOM eight_bytes("\x7D\x76\x7F\x7A\x76\x7F\x7A\x76")

/* The pairs of 00:00:00, without the seconds, as a number of two seconds: 1800 to the hour and 30 to the minute meet in the highest 16
 * bits of one product. */
static inline unsigned two_seconds_of(uint64_t pairs)
{
    const uint64_t hour_and_minute = pairs & eight_bytes("\xFF\0\0\xFF\0\0\0");
    return (unsigned)(hour_and_minute * ((UINT64_C(1800) << 48) + (UINT64_C(30) << 24)) >> 48);
}

#define FIXED_SIZE 19 /* 2026-01-02T03:04:05 */

/* Where a point stands behind the fixed part: its byte and the seven after it. None is read from beyond the
 * text's end, zeros take their place. */
static inline uint64_t bytes_from_point(struct text text)
{
    const size_t left = text.size - FIXED_SIZE;
    return left >= 8 ? eight_bytes(text.data + FIXED_SIZE)
                     : eight_bytes(text.data + text.size - 8) >> (8 * (8 - left));
}

/* What read_fixed has read. */
struct fixed {
    int64_t seconds;
    uint64_t fraction; /* of so many digits, 0 to 7 */
    unsigned digits;
    size_t end; /* of what was read: what follows is a zone, or nothing */
};

/* Reads 2026-01-02T03:04:05 and up to seven digits of a fraction. False if the text does not begin so, or says a time that a
 * DateTime64 does not hold. */
static inline __attribute__((always_inline)) bool read_fixed(struct text text, struct fixed *fixed)
{
    if (text.size < FIXED_SIZE)
        return false;
    const uint64_t century = two_bytes(text.data) ^ two_bytes("00");
    const uint64_t date = eight_bytes(text.data + 2) ^ eight_bytes("00-00-00");
    const uint64_t time = eight_bytes(text.data + 11) ^ eight_bytes("00:00:00");
    /* A byte that is not as the pattern has it sets a high bit: its own, or one after it. */
    const uint64_t wrong =
        (century + two_bytes("\x76\x76")) | (date + DATE_ROOM) | (time + TIME_ROOM) | century | date | time;
    if (wrong & IN_EVERY_BYTE(0x80))
        return false;
    if (text.data[10] != 'T' && text.data[10] != ' ')
        return false;
    const uint64_t date_pairs = pairs_of(date);
    const uint64_t time_pairs = pairs_of(time);
    const unsigned year = pair_at(pairs_of(century), 0) * 100 + pair_at(date_pairs, 0);
    const unsigned month = pair_at(date_pairs, 3);
    const unsigned day = pair_at(date_pairs, 6);
    const unsigned two_seconds = two_seconds_of(time_pairs);
    if (!is_date(year, month, day) || two_seconds >= SECONDS_PER_DAY / 2)
        return false;
    fixed->seconds = civil_to_seconds(year, month, day, 2 * two_seconds + pair_at(time_pairs, 6));
    if (!is_held(fixed->seconds))
        return false;
    if (text.size == FIXED_SIZE || text.data[FIXED_SIZE] != '.') {
        fixed->fraction = fixed->digits = 0;
        fixed->end = FIXED_SIZE;
        return true;
    }
    const uint64_t values = eight_values(bytes_from_point(text) >> 8);
    const unsigned stop = (unsigned)__builtin_ctzll(not_digits(values)); /* a high bit: 7, 15, ... */
    fixed->digits = stop / 8;
    if (fixed->digits == 0)
        return false;
    /* The digits become the last of eight, behind zeros. */
    fixed->fraction = number_of(values << (71 - stop));
    fixed->end = FIXED_SIZE + 1 + fixed->digits;
    return true;
}

/* Whether nothing follows, or a Z. */
static inline bool is_utc(struct text text, const struct fixed *fixed)
{
    return fixed->end == text.size || (fixed->end + 1 == text.size && text.data[fixed->end] == 'Z');
}

/* What read_fixed leaves, when it is more than a Z: the zone behind byte `at`, or all of a text that it did not
 * read. Apart, so that the common way needs no stack. */
static __attribute__((noinline)) bool finish_iso(struct text text, size_t at, struct instant *instant)
{
    int64_t offset;
    if (at == 0 || !scan_zone(text_from(text, at), &offset))
        return instant_scan_iso(text, instant);
    instant->seconds -= offset;
    return true;
}

bool instant_from_iso(struct text text, struct instant *instant)
{
    struct fixed fixed;
    if (!read_fixed(text, &fixed))
        return finish_iso(text, 0, instant);
    *instant = (struct instant){
        fixed.seconds, fixed.fraction * power_of_ten[PICO_DIGITS - fixed.digits] & PICOS_BITS, false};
    return is_utc(text, &fixed) || finish_iso(text, fixed.end, instant);
}

/* ---- Epochs ---- */

/* What the PostgreSQL driver and Debezium write for 'infinity' and '-infinity':
 * org.postgresql.PGStatement.DATE_POSITIVE_INFINITY in ms or us, or the ends of Int64. */
static bool is_infinity(int64_t count)
{
    switch (count) {
    case INT64_C(9223372036825200):
    case INT64_C(9223372036825200000):
    case INT64_C(-9223372036832400):
    case INT64_C(-9223372036832400000):
    case INT64_MAX:
    case INT64_MIN:
        return true;
    default:
        return false;
    }
}

static enum time_unit guess_unit(int64_t count)
{
    const uint64_t size = count < 0 ? -(uint64_t)count : (uint64_t)count;
    if (size < UINT64_C(100000000000))
        return UNIT_SECONDS;
    if (size < UINT64_C(100000000000000))
        return UNIT_MILLIS;
    if (size < UINT64_C(100000000000000000))
        return UNIT_MICROS;
    return UNIT_NANOS;
}

static struct instant instant_of_ticks(int64_t count, unsigned precision)
{
    const int64_t per_second = (int64_t)power_of_ten[precision];
    const int64_t seconds = floor_divide(count, per_second);
    const uint64_t rest = (uint64_t)count - (uint64_t)seconds * (uint64_t)per_second;
    return (struct instant){seconds, rest * power_of_ten[PICO_DIGITS - precision] & PICOS_BITS, false};
}

bool instant_from_epoch(int64_t count, enum time_unit unit, struct instant *instant)
{
    if (is_infinity(count))
        return false;
    switch (unit == UNIT_AUTO ? guess_unit(count) : unit) {
    case UNIT_DAYS:
        instant->picos = 0;
        instant->cut = false;
        return !__builtin_mul_overflow(count, (int64_t)SECONDS_PER_DAY, &instant->seconds);
    case UNIT_MILLIS:
        *instant = instant_of_ticks(count, 3);
        return true;
    case UNIT_MICROS:
        *instant = instant_of_ticks(count, 6);
        return true;
    case UNIT_NANOS:
        *instant = instant_of_ticks(count, 9);
        return true;
    case UNIT_AUTO:
    case UNIT_SECONDS:
        break;
    }
    *instant = (struct instant){count, 0, false};
    return true;
}

/* Picoseconds of one of a unit. */
static uint64_t picos_of(enum time_unit unit)
{
    switch (unit) {
    case UNIT_DAYS:
        return SECONDS_PER_DAY * power_of_ten[PICO_DIGITS];
    case UNIT_MILLIS:
        return power_of_ten[PICO_DIGITS - 3];
    case UNIT_MICROS:
        return power_of_ten[PICO_DIGITS - 6];
    case UNIT_NANOS:
        return power_of_ten[PICO_DIGITS - 9];
    case UNIT_AUTO:
    case UNIT_SECONDS:
        break;
    }
    return power_of_ten[PICO_DIGITS];
}

/* The first of a number's digits that stand behind its point, as an integer of FRACTION_DIGITS; *more where others follow. */
#define FRACTION_DIGITS 18
static uint64_t fraction_of(const struct significand *number, int64_t whole, bool *more)
{
    uint64_t fraction = 0;
    for (int64_t i = whole; i < whole + FRACTION_DIGITS; i++)
        fraction = fraction * 10 + (i >= 0 && i < number->count ? (uint64_t)(number->digits[i] - '0') : 0);
    *more = number->count > 0 && number->count > whole + FRACTION_DIGITS;
    return fraction;
}

/* A whole count and a fraction of one, without their sign. */
static bool instant_of_parts(uint64_t count, uint64_t fraction, bool more, bool negative, enum time_unit unit,
                             struct instant *instant)
{
    const uint64_t picos = picos_of(unit == UNIT_AUTO ? guess_unit((int64_t)count) : unit);
    const uint128 part = (uint128)fraction * picos;
    const uint128 size = (uint128)count * picos + part / power_of_ten[FRACTION_DIGITS];
    instant->cut = more || part % power_of_ten[FRACTION_DIGITS] != 0;
    const int128 total = negative ? -(int128)size - instant->cut : (int128)size;
    const int128 per_second = (int128)power_of_ten[PICO_DIGITS];
    const int128 seconds = total / per_second - (total % per_second < 0);
    instant->seconds = (int64_t)seconds;
    instant->picos = (uint64_t)(total - seconds * per_second) & PICOS_BITS;
    return seconds == instant->seconds;
}

static bool instant_of_number(const struct number *number, enum time_unit unit, struct instant *instant)
{
    struct significand digits;
    bool more;
    const bool complete = number_significand(number, &digits);
    const int64_t whole = digits.count + digits.exponent; /* digits before the point */
    if (whole > 19)
        return false;
    uint64_t count = 0;
    for (int64_t i = 0; i < whole; i++)
        count = count * 10 + (i < digits.count ? (uint64_t)(digits.digits[i] - '0') : 0);
    const uint64_t fraction = fraction_of(&digits, whole, &more);
    more = more || !complete;
    if (count > (uint64_t)INT64_MAX + number->negative)
        return false;
    if (fraction == 0 && !more)
        return instant_from_epoch((int64_t)(number->negative ? -count : count), unit, instant);
    return count <= INT64_MAX && instant_of_parts(count, fraction, more, number->negative, unit, instant);
}

bool instant_from_number(struct text json, enum time_unit unit, struct instant *instant)
{
    struct number number;
    uint64_t count;
    if (digits_read(json, &count) && count <= INT64_MAX)
        return instant_from_epoch((int64_t)count, unit, instant);
    return number_parse(json, &number) && instant_of_number(&number, unit, instant);
}

/* Digits with an optional minus and a fraction behind a point. */
static bool instant_from_digits(struct text text, enum time_unit unit, struct instant *instant)
{
    uint64_t count;
    if (digits_read(text, &count))
        return count <= INT64_MAX && instant_from_epoch((int64_t)count, unit, instant);
    struct number number = {.negative = text_take(&text, '-')};
    const char *const point = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
    number.whole = (struct text){text.data, point ? (size_t)(point - text.data) : text.size};
    if (point)
        number.fraction = text_from(text, number.whole.size + 1);
    if (number.whole.size == 0 || (point && number.fraction.size == 0))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]) && text.data + i != point)
            return false;
    return instant_of_number(&number, unit, instant);
}

bool instant_from_text(struct text text, enum time_unit unit, struct instant *instant)
{
    return instant_from_iso(text, instant) || instant_from_digits(text, unit, instant);
}

/* ---- To ClickHouse ---- */

/* The picoseconds as parts of a second of so many digits. A division by a constant is a multiplication. */
static inline int64_t parts_of(uint64_t picos, unsigned precision)
{
    switch (precision) {
    case 3:
        return (int64_t)(picos / 1000000000);
    case 6:
        return (int64_t)(picos / 1000000);
    case 9:
        return (int64_t)(picos / 1000);
    default:
        return (int64_t)(picos / power_of_ten[PICO_DIGITS - precision]);
    }
}

bool instant_to_ticks(struct instant instant, unsigned precision, int64_t *ticks)
{
    if (!is_held(instant.seconds))
        return false;
    const int64_t within_second = parts_of(instant.picos, precision);
    /* Only precision 9 can overflow. */
    return !__builtin_mul_overflow(instant.seconds, (int64_t)power_of_ten[precision], ticks) &&
           !__builtin_add_overflow(*ticks, within_second, ticks);
}

bool instant_has_precision(struct instant instant, unsigned precision)
{
    return !instant.cut && instant.picos % power_of_ten[PICO_DIGITS - precision] == 0;
}

/* What ticks_from_text leaves, when it is more than a Z: the zone behind byte `at`, `*ticks` being what the text before it says in UTC,
 * or all of a text that is not fixed. */
static __attribute__((noinline)) bool finish_ticks(struct text text, enum time_unit unit, bool exact,
                                                   unsigned precision, int64_t *ticks, size_t at)
{
    int64_t offset;
    struct instant instant;
    if (at == 0 || !scan_zone(text_from(text, at), &offset))
        return (exact && unit == UNIT_AUTO ? instant_from_iso(text, &instant)
                                           : instant_from_text(text, unit, &instant)) &&
               instant_to_ticks(instant, precision, ticks) &&
               (!exact || instant_has_precision(instant, precision));
    const int64_t per_second = (int64_t)power_of_ten[precision];
    *ticks -= offset * per_second;
    return is_held(floor_divide(*ticks, per_second));
}

bool ticks_from_text(struct text text, enum time_unit unit, bool exact, unsigned precision, int64_t *ticks)
{
    struct fixed fixed;
    if (precision >= 9 || !read_fixed(text, &fixed) || fixed.digits > precision)
        return finish_ticks(text, unit, exact, precision, ticks, 0);
    *ticks = fixed.seconds * (int64_t)power_of_ten[precision] +
             (int64_t)(fixed.fraction * power_of_ten[precision - fixed.digits]);
    return is_utc(text, &fixed) || finish_ticks(text, unit, exact, precision, ticks, fixed.end);
}

int64_t instant_to_days(struct instant instant)
{
    return floor_divide(instant.seconds, SECONDS_PER_DAY);
}

/* ---- Printing ---- */

static char *date_write(char *out, int64_t days)
{
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    if (year < 0)
        *out++ = '-';
    out = digits_write(out, (uint64_t)(year < 0 ? -year : year), 4);
    *out++ = '-';
    out = digits_write(out, month, 2);
    *out++ = '-';
    return digits_write(out, day, 2);
}

size_t days_print(int64_t days, char out[TIME_TEXT_SIZE])
{
    return (size_t)(date_write(out, days) - out);
}

size_t ticks_print(int64_t ticks, unsigned precision, char out[TIME_TEXT_SIZE])
{
    const struct instant instant = instant_of_ticks(ticks, precision);
    const int64_t days = instant_to_days(instant);
    const unsigned second = (unsigned)(instant.seconds - days * SECONDS_PER_DAY);
    char *end = date_write(out, days);
    *end++ = ' ';
    end = digits_write(end, second / 3600, 2);
    *end++ = ':';
    end = digits_write(end, second / 60 % 60, 2);
    *end++ = ':';
    end = digits_write(end, second % 60, 2);
    if (precision > 0) {
        *end++ = '.';
        end = digits_write(end, instant.picos / power_of_ten[PICO_DIGITS - precision], precision);
    }
    return (size_t)(end - out);
}
