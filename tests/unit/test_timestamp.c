/* Every temporal form: what is read, what is refused, and the calendar against independent ones. */
#define _DEFAULT_SOURCE /* timegm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "value/timestamp.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* A text in memory of exactly its size, so that a sanitizer sees every byte read beyond it. */
static struct text exactly(struct text text)
{
    char *const copy = malloc(text.size + (text.size == 0));
    assert_non_null(copy);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return (struct text){copy, text.size};
}

static bool read_exactly(struct text text, bool (*read)(struct text, struct instant *),
                         struct instant *instant)
{
    const struct text copy = exactly(text);
    const bool is_read = read(copy, instant);
    free((void *)(uintptr_t)copy.data);
    return is_read;
}

/* ---- ISO texts ---- */

static const struct {
    const char *text;
    int64_t seconds;
    uint64_t picos;
} iso_texts[] = {
    /* the forms of a time */
    {"1970-01-01T00:00:00Z", 0, 0},
    {"2026-01-02T03:04:05Z", 1767323045, 0},
    {"2026-01-02 03:04:05Z", 1767323045, 0},
    {"2026-01-02T03:04:05", 1767323045, 0},
    {"2026-01-02 03:04:05", 1767323045, 0},
    {"2026-01-02T03:04Z", 1767323040, 0},
    {"2026-01-02 03:04", 1767323040, 0},
    {"2026-01-02T03:04+01:00", 1767319440, 0},
    /* a date alone is midnight, of its zone */
    {"2026-01-02", 1767312000, 0},
    {"2026-01-02Z", 1767312000, 0},
    {"2026-01-02+02:00", 1767304800, 0},
    {"2026-01-02-02", 1767319200, 0},
    {"2026-01-02+0530", 1767292200, 0},
    /* as Java and RFC 3339 write them */
    {"2026-01-02t03:04:05z", 1767323045, 0},
    {"2026-01-02T03:04:05z", 1767323045, 0},
    {"2026-01-02t03:04", 1767323040, 0},
    {"2026-01-02T03:04:05,5Z", 1767323045, 500000000000},
    {"2026-01-02 03:04:05,123456789123 +02:00", 1767315845, 123456789123},
    {"2026-01-02 05:04:05 +02:00", 1767323045, 0},
    {"2026-01-02 03:04:05 UTC", 1767323045, 0},
    {"2026-01-02 03:04:05.123456 UTC", 1767323045, 123456000000},
    {"2026-01-02T03:04 UTC", 1767323040, 0},
    {"2026-01-02 UTC", 1767312000, 0},
    {"2026-01-02 +02:00", 1767304800, 0},
    {"2026-01-02T03:04:05Z[UTC]", 1767323045, 0},
    {"2026-01-02T03:04:05z[Etc/UTC]", 1767323045, 0},
    {"2026-01-02T03:04:05.5Z[UTC]", 1767323045, 500000000000},
    {"2026-01-02T04:04:05+01:00[Europe/Paris]", 1767323045, 0},
    {"2026-01-02T04:04:05+01[Europe/Paris]", 1767323045, 0},
    {"2026-01-02T04:04:05+0100[America/Argentina/Buenos_Aires]", 1767323045, 0}, /* the offset decides */
    {"2026-01-02 04:04:05 +01:00[GMT+01:00]", 1767323045, 0},
    {"2026-01-02Z[Etc/GMT-5]", 1767312000, 0},
    {"2024-02-28T17:33:29.404Z[UTC]", 1709141609, 404000000000},
    {"2018-06-20 13:37:00 +02:00", 1529494620, 0},
    /* fractions of 1 to 12 digits */
    {"2026-01-02T03:04:05.1Z", 1767323045, 100000000000},
    {"2026-01-02T03:04:05.12Z", 1767323045, 120000000000},
    {"2026-01-02T03:04:05.123Z", 1767323045, 123000000000},
    {"2026-01-02T03:04:05.1234Z", 1767323045, 123400000000},
    {"2026-01-02T03:04:05.12345Z", 1767323045, 123450000000},
    {"2026-01-02T03:04:05.123456Z", 1767323045, 123456000000},
    {"2026-01-02T03:04:05.1234567Z", 1767323045, 123456700000},
    {"2026-01-02T03:04:05.12345678Z", 1767323045, 123456780000},
    {"2026-01-02T03:04:05.123456789Z", 1767323045, 123456789000},
    {"2026-01-02T03:04:05.1234567891Z", 1767323045, 123456789100},
    {"2026-01-02T03:04:05.12345678912Z", 1767323045, 123456789120},
    {"2026-01-02T03:04:05.123456789123Z", 1767323045, 123456789123},
    {"2026-01-02T03:04:05.000000000001Z", 1767323045, 1},
    {"2026-01-02T03:04:05.9", 1767323045, 900000000000},
    {"2026-01-02T03:04:05.1234567", 1767323045, 123456700000},
    {"2026-01-02T03:04:05.12345678", 1767323045, 123456780000},
    /* before the epoch, the fraction still counts forward */
    {"1969-12-31T23:59:59.75Z", -1, 750000000000},
    /* zones */
    {"2026-01-02T03:04:05+00:00", 1767323045, 0},
    {"2026-01-02T03:04:05-00:00", 1767323045, 0},
    {"2026-01-02T03:04:05+01", 1767319445, 0},
    {"2026-01-02T03:04:05+0130", 1767317645, 0},
    {"2026-01-02T03:04:05+01:30", 1767317645, 0},
    {"2026-01-02T03:04:05-01:30", 1767328445, 0},
    {"2026-01-02T03:04:05.5-01:30", 1767328445, 500000000000},
    {"2026-01-02T03:04:05.123456+00", 1767323045, 123456000000},
    {"2026-01-02T03:04:05.123456789+0000", 1767323045, 123456789000},
    {"2026-01-02T03:04:05+18:00", 1767258245, 0},
    {"2026-01-02T03:04:05-18", 1767387845, 0},
    {"2026-01-02T03:04:05+17:59", 1767258305, 0},
    /* the last second of a minute, hour, day, year */
    {"2025-12-31T23:59:59.999999Z", 1767225599, 999999000000},
    /* leap days */
    {"2024-02-29T00:00:00Z", 1709164800, 0},
    {"2000-02-29", 951782400, 0},
    {"1600-02-29", -11670998400, 0},
    /* signed years, of 4 to 9 digits */
    {"+2026-01-02T03:04:05Z", 1767323045, 0},
    {"+002026-01-02T03:04:05Z", 1767323045, 0},
    {"+000002026-01-02", 1767312000, 0},
    {"0000-01-01", -62167219200, 0},
    {"-0000-01-01", -62167219200, 0},
    {"0000-02-29", -62162121600, 0},
    {"0001-01-01T00:00:00Z", -62135596800, 0},
    {"9999-12-31T23:59:59Z", 253402300799, 0},
    {"-0001-12-31T00:00:00Z", -62167305600, 0},
    {"-4712-01-01T00:00:00.000Z", -210863520000, 0},
    {"-0004-02-29", -62288352000, 0},
    {"+294276-12-31T23:59:59.000000Z", 9224318015999, 0},
    {"+294247-01-10T04:00:25.2Z", 9223372036825, 200000000000},
    {"-290308-12-21T19:59:27.6Z", -9223372036833, 600000000000},
    {"+999999999-12-31T23:59:59Z", 31556889832780799, 0},
    {"-999999999-01-01T00:00:00Z", -31557014135596800, 0},
};

static void test_iso(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(iso_texts); i++) {
        struct instant instant;
        if (!read_exactly(text_of(iso_texts[i].text), instant_from_iso, &instant))
            fail_msg("%s is refused", iso_texts[i].text);
        if (instant.seconds != iso_texts[i].seconds || instant.cut || instant.picos != iso_texts[i].picos)
            fail_msg("%s is read as %lld s and %llu ps", iso_texts[i].text, (long long)instant.seconds,
                     (unsigned long long)instant.picos);
    }
}

static const char *const no_iso_texts[] = {
    "",
    "Z",
    "T",
    "-",
    "+",
    "2026",
    "2026-01",
    "2026-01-",
    "20260102",
    "20260102T030405Z",
    "infinity",
    "-infinity",
    "Infinity",
    "now",
    /* not trimmed */
    " 2026-01-02",
    "2026-01-02 ",
    "2026-01-02T03:04:05 ",
    "2026-01-02T03:04:05Z ",
    "2026-01-02T03:04:05Z\n",
    "2026-01-02  03:04:05",
    /* a space stands before an offset and UTC alone, and only one */
    "2026-01-02 Z",
    "2026-01-02T03:04:05 Z",
    "2026-01-02T03:04:05 z",
    "2026-01-02T03:04:05  +02:00",
    "2026-01-02T03:04:05 + 02:00",
    "2026-01-02T03:04:05 +02:00 ",
    "2026-01-02T03:04:05  UTC",
    "2026-01-02T03:04:05 UTC ",
    "2026-01-02T03:04:05UTC",
    "2026-01-02T03:04:05ZUTC",
    "2026-01-02T03:04:05Z UTC",
    "2026-01-02T03:04:05 utc",
    "2026-01-02T03:04:05 GMT",
    "2026-01-02T03:04:05 CET",
    "2026-01-02T03:04:05 UTC+01",
    /* a zone's name stands in brackets behind an offset or Z */
    "2026-01-02T03:04:05[UTC]",
    "2026-01-02T03:04:05 [UTC]",
    "2026-01-02T03:04:05 UTC[UTC]",
    "2026-01-02T03:04:05Z[]",
    "2026-01-02T03:04:05Z[",
    "2026-01-02T03:04:05Z]",
    "2026-01-02T03:04:05Z[UTC",
    "2026-01-02T03:04:05Z[UTC]]",
    "2026-01-02T03:04:05Z[UTC]Z",
    "2026-01-02T03:04:05Z [UTC]",
    "2026-01-02T03:04:05Z[[UTC]]",
    "2026-01-02T03:04:05Z[Europe Paris]",
    "2026-01-02T03:04:05Z[UTC\n]",
    "2026-01-02T03:04:05+01:00[Europe/Paris][u-ca=iso8601]",
    "2026-01-02T03:04:05+01[!Europe/Paris]",
    /* how people and programs write times elsewhere */
    "28.02.2024 17:33",
    "2024/02/28 17:33:29",
    "/Date(1709141609404)/",
    "02/28/2024",
    "28 Feb 2024 17:33:29 GMT",
    "Wed, 28 Feb 2024 17:33:29 GMT",
    "2024-060",
    "2024-W09-3",
    /* signs where others belong */
    "2026/01/02",
    "2026-01-02tt03:04:05Z",
    "2026-01-02t",
    "2026-01-02_03:04:05",
    "2026-01-02T03-04-05",
    "2026-01-02T03:04.05",
    "2026-01-02T03:04:05,Z",
    "2026-01-02T03:04:05,.5Z",
    "2026-01-02T03:04:05.5,5Z",
    "2026-01-02T03:04,5Z",
    "2026-01:02T03:04:05Z",
    "2026:01-02T03:04:05Z",
    /* digits missing or too many */
    "226-01-02",
    "02026-01-02",
    "+226-01-02",
    "-1-01-02",
    "+1000000000-01-02",
    "+-2026-01-02",
    "--2026-01-02",
    "2026-1-02",
    "2026-01-2",
    "2026-01-002",
    "2026-01-02T",
    "2026-01-02T03",
    "2026-01-02T03:",
    "2026-01-02T03:4",
    "2026-01-02T3:04",
    "2026-01-02T03:04:",
    "2026-01-02T03:04:5",
    "2026-01-02T03:04:055",
    "2026-01-02T0304",
    /* a letter, a sign or the neighbours of the digits in each place */
    "x026-01-02T03:04:05Z",
    "2x26-01-02T03:04:05Z",
    "20/6-01-02T03:04:05Z",
    "202:-01-02T03:04:05Z",
    "2026-/1-02T03:04:05Z",
    "2026-0:-02T03:04:05Z",
    "2026-01-/2T03:04:05Z",
    "2026-01-0:T03:04:05Z",
    "2026-01-02T/3:04:05Z",
    "2026-01-02T0::04:05Z",
    "2026-01-02T03:/4:05Z",
    "2026-01-02T03:0::05Z",
    "2026-01-02T03:04:/5Z",
    "2026-01-02T03:04:0:Z",
    "2026-01-02T03:04:0\xB5Z",
    "\xB2\xB0"
    "26-01-02T03:04:05Z",
    "2026-01-02T03:04:05.12\xB3Z",
    "2026-01-02T03:04:05.-5Z",
    /* fractions: 1 to 12 digits, behind seconds only */
    "2026-01-02T03:04:05.",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05.+01:00",
    "2026-01-02T03:04:05.1234567890123Z",
    "2026-01-02T03:04:05..5Z",
    "2026-01-02T03:04:05.5.5Z",
    "2026-01-02T03:04:05.5x",
    "2026-01-02T03:04.5Z",
    "2026-01-02.5",
    /* zones */
    "2026-01-02T03:04:05ZZ",
    "2026-01-02T03:04:05Z+01",
    "2026-01-02T03:04:05+",
    "2026-01-02T03:04:05+1",
    "2026-01-02T03:04:05+01:",
    "2026-01-02T03:04:05+01:0",
    "2026-01-02T03:04:05+010",
    "2026-01-02T03:04:05+01000",
    "2026-01-02T03:04:05+01:00:00",
    "2026-01-02T03:04:05+01:00Z",
    "2026-01-02T03:04:05+01:60",
    "2026-01-02T03:04:05+0060",
    "2026-01-02T03:04:05+18:01",
    "2026-01-02T03:04:05-1801",
    "2026-01-02T03:04:05+19",
    "2026-01-02T03:04:05+99:59",
    "2026-01-02T03:04:05*01:00",
    "2026-01-02T03:04:05 01:00",
    "2026-01-02T03:04:05\xE2\x88\x92"
    "01:00", /* a typographic minus */
    /* no such time */
    "2026-01-02T24:00:00Z",
    "2026-01-02T24:00",
    "2026-01-02T25:00:00Z",
    "2026-01-02T03:60:00Z",
    "2026-01-02T03:04:60Z",
    "2016-12-31T23:59:60Z",
    "2026-01-02T99:99:99Z",
    /* no such day */
    "2026-00-02",
    "2026-13-02",
    "2026-99-02",
    "2026-01-00",
    "2026-01-32",
    "2026-01-99",
    "2026-00-00T00:00:00Z",
    "2026-02-29",
    "2026-02-30",
    "2024-02-30",
    "1900-02-29",
    "2100-02-29",
    "2026-04-31",
    "2026-06-31",
    "2026-09-31",
    "2026-11-31",
    "0001-02-29",
    "-0001-02-29",
};

static void test_no_iso(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_iso_texts); i++) {
        struct instant instant;
        if (read_exactly(text_of(no_iso_texts[i]), instant_from_iso, &instant))
            fail_msg("'%s' is read as %lld s", no_iso_texts[i], (long long)instant.seconds);
    }
    struct instant instant;
    assert_false(instant_from_iso((struct text){NULL, 0}, &instant));
    assert_false(instant_from_iso((struct text){"2026-01-02T03:04:05\0Z", 21}, &instant));
}

/* ---- The fast reader and the general scanner ---- */

static uint64_t random_state = 0x9E3779B97F4A7C15;

/* xorshift64*: the same texts in every run */
static unsigned random_below(unsigned limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * 0x2545F4914F6CDD1D) >> 33) % limit;
}

static int random_text(char *out, size_t room)
{
    static const char *const zones[] = {"Z",      "",       "+02", "-0330",  "+05:45",      "+18:00",
                                        "-18:01", "z",      "+1",  "ZZ",     "Z[UTC]",      "+01:00[Europe/Paris]",
                                        " +0300", " -18:01", " Z",  " UTC",  "+01[A",       "z[A/B]"};
    char fraction[20] = "";
    const unsigned digits = random_below(15);
    if (digits > 0) {
        fraction[0] = random_below(16) ? '.' : ',';
        for (unsigned i = 1; i <= digits; i++)
            fraction[i] = (char)('0' + random_below(10));
        fraction[digits + 1] = '\0';
    }
    /* A few numbers are just beyond what they may be. */
    return snprintf(out, room, "%04u-%02u-%02u%c%02u:%02u:%02u%s%s", random_below(10000), random_below(14),
                    random_below(32), "TTTT t"[random_below(6)], random_below(25), random_below(61),
                    random_below(61), fraction, zones[random_below(COUNT(zones))]);
}

/* ticks_from_text in one step against the scanner in two, at every precision. */
static void check_ticks(struct text text, bool is_iso, struct instant slow)
{
    const bool is_time = is_iso || instant_from_text(text, UNIT_DAYS, &slow);
    for (unsigned precision = 0; precision <= 9; precision++) {
        int64_t ticks = 0, expected = 0;
        const bool fits = is_time && instant_to_ticks(slow, precision, &expected);
        if (ticks_from_text(text, UNIT_DAYS, false, precision, &ticks) != fits || (fits && ticks != expected))
            fail_msg("`%.*s` with %u digits is %lld, not %lld", (int)text.size, text.data, precision,
                     (long long)ticks, (long long)expected);
    }
}

static void test_fixed_against_scanner(void **state)
{
    (void)state;
    unsigned read = 0;
    const unsigned rounds = 300000;
    for (unsigned i = 0; i < rounds; i++) {
        char text[64];
        size_t size = (size_t)random_text(text, sizeof text);
        if (random_below(2) == 0) /* one byte becomes any other */
            text[random_below((unsigned)size)] = (char)random_below(256);
        if (random_below(8) == 0) /* cut short */
            size = random_below((unsigned)size + 1);
        struct instant fixed = {0}, scanned = {0};
        const bool is_fixed = read_exactly((struct text){text, size}, instant_from_iso, &fixed);
        const bool is_scanned = read_exactly((struct text){text, size}, instant_scan_iso, &scanned);
        if (is_fixed != is_scanned)
            fail_msg("'%.*s' is %s only by the scanner", (int)size, text, is_scanned ? "read" : "refused");
        if (is_fixed && (fixed.seconds != scanned.seconds || fixed.picos != scanned.picos))
            fail_msg("'%.*s' is two different times", (int)size, text);
        check_ticks((struct text){text, size}, is_scanned, scanned);
        read += is_fixed;
    }
    /* Neither always nor never. */
    assert_in_range(read, rounds / 10, rounds - rounds / 10);
}

static void test_against_the_c_library(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct tm tm = {
            .tm_year = (int)random_below(10000) - 1900,
            .tm_mon = (int)random_below(12),
            .tm_mday = 1 + (int)random_below(28),
            .tm_hour = (int)random_below(24),
            .tm_min = (int)random_below(60),
            .tm_sec = (int)random_below(60),
        };
        char text[64];
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        const time_t expected = timegm(&tm);
        struct instant instant;
        assert_true(instant_from_iso(text_of(text), &instant));
        if (instant.seconds != expected)
            fail_msg("%s is %lld, not %lld", text, (long long)instant.seconds, (long long)expected);
    }
}

/* ---- The calendar, walked day by day ---- */

struct day {
    int year, month, day;
};

static int days_in_month(int year, int month)
{
    switch (month) {
    case 4:
    case 6:
    case 9:
    case 11:
        return 30;
    case 2:
        return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
    default:
        return 31;
    }
}

static void next_day(struct day *day)
{
    if (++day->day <= days_in_month(day->year, day->month))
        return;
    day->day = 1;
    if (++day->month <= 12)
        return;
    day->month = 1;
    day->year++;
}

static void test_every_day(void **state)
{
    (void)state;
    const int64_t first = -25567; /* 1900-01-01 */
    const int64_t last = 120529;  /* 2299-12-31 */
    struct day walk = {1900, 1, 1};
    for (int64_t days = first; days <= last; days++, next_day(&walk)) {
        if (days == 0)
            assert_true(walk.year == 1970 && walk.month == 1 && walk.day == 1);
        int64_t year;
        unsigned month, day;
        civil_from_days(days, &year, &month, &day);
        if (year != walk.year || (int)month != walk.month || (int)day != walk.day)
            fail_msg("day %lld is %lld-%u-%u, not %d-%d-%d", (long long)days, (long long)year, month, day,
                     walk.year, walk.month, walk.day);

        char expected[80], text[TIME_TEXT_SIZE];
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", walk.year, walk.month, walk.day);
        const struct text date = {text, days_print(days, text)};
        assert_true(text_equal(date, text_of(expected)));

        struct instant instant;
        assert_true(instant_from_iso(date, &instant));
        assert_int_equal(instant.seconds, days * 86400);
        assert_int_equal(instant_to_days(instant), days);

        /* The last microsecond of the day, out and in again. */
        char last_moment[TIME_TEXT_SIZE];
        const int64_t ticks = (days + 1) * INT64_C(86400000000) - 1;
        const struct text moment = {last_moment, ticks_print(ticks, 6, last_moment)};
        strcat(expected, " 23:59:59.999999");
        assert_true(text_equal(moment, text_of(expected)));
        assert_true(instant_from_iso(moment, &instant));
        assert_int_equal(instant_to_days(instant), days);
        int64_t again;
        assert_true(instant_to_ticks(instant, 6, &again));
        assert_int_equal(again, ticks);
    }
    assert_true(walk.year == 2300 && walk.month == 1 && walk.day == 1);
}

static void test_far_days(void **state)
{
    (void)state;
    static const struct {
        int64_t days;
        const char *text;
    } far[] = {
        {-719528, "0000-01-01"},       {-719468, "0000-03-01"},  {-719529, "-0001-12-31"},
        {2932896, "9999-12-31"},       {2932897, "10000-01-01"}, {-2147472692, "-5877611-06-21"},
        {2147483647, "5881580-07-11"},
    };
    for (size_t i = 0; i < COUNT(far); i++) {
        char text[TIME_TEXT_SIZE];
        const struct text printed = {text, days_print(far[i].days, text)};
        if (!text_equal(printed, text_of(far[i].text)))
            fail_msg("day %lld is %.*s", (long long)far[i].days, (int)printed.size, printed.data);
    }
}

/* ---- Epochs ---- */

static const struct {
    int64_t count;
    enum time_unit unit;
    int64_t seconds;
    uint64_t picos;
} epochs[] = {
    {0, UNIT_SECONDS, 0, 0},
    {1767323045, UNIT_SECONDS, 1767323045, 0},
    {-1, UNIT_SECONDS, -1, 0},
    {1767323045123, UNIT_MILLIS, 1767323045, 123000000000},
    {1767323045123456, UNIT_MICROS, 1767323045, 123456000000},
    {1767323045123456789, UNIT_NANOS, 1767323045, 123456789000},
    {20455, UNIT_DAYS, 1767312000, 0},
    {-25567, UNIT_DAYS, -2208988800, 0},
    {-2147472692, UNIT_DAYS, -185541640588800, 0},
    /* before the epoch: the second below, and what is behind it */
    {-1, UNIT_MILLIS, -1, 999000000000},
    {-1, UNIT_MICROS, -1, 999999000000},
    {-1, UNIT_NANOS, -1, 999999999000},
    {-1000, UNIT_MILLIS, -1, 0},
    {-1001, UNIT_MILLIS, -2, 999000000000},
    /* the guess, at both sides of each limit */
    {0, UNIT_AUTO, 0, 0},
    {99999999999, UNIT_AUTO, 99999999999, 0},
    {100000000000, UNIT_AUTO, 100000000, 0},
    {99999999999999, UNIT_AUTO, 99999999999, 999000000000},
    {100000000000000, UNIT_AUTO, 100000000, 0},
    {99999999999999999, UNIT_AUTO, 99999999999, 999999000000},
    {100000000000000000, UNIT_AUTO, 100000000, 0},
    {-99999999999, UNIT_AUTO, -99999999999, 0},
    {-100000000000, UNIT_AUTO, -100000000, 0},
    {-99999999999999, UNIT_AUTO, -100000000000, 1000000000},
    {-100000000000000, UNIT_AUTO, -100000000, 0},
    {-99999999999999999, UNIT_AUTO, -100000000000, 1000000},
    {-100000000000000000, UNIT_AUTO, -100000000, 0},
    /* next to the infinities */
    {9223372036825199, UNIT_MILLIS, 9223372036825, 199000000000},
    {9223372036825201, UNIT_MILLIS, 9223372036825, 201000000000},
    {-9223372036825200, UNIT_MILLIS, -9223372036826, 800000000000},
    {9223372036832400, UNIT_MILLIS, 9223372036832, 400000000000},
    {INT64_MAX - 1, UNIT_NANOS, 9223372036, 854775806000},
    {INT64_MIN + 1, UNIT_NANOS, -9223372037, 145224193000},
    {INT64_MAX - 1, UNIT_SECONDS, INT64_MAX - 1, 0},
};

static void test_epochs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(epochs); i++) {
        struct instant instant;
        if (!instant_from_epoch(epochs[i].count, epochs[i].unit, &instant))
            fail_msg("%lld in unit %d is refused", (long long)epochs[i].count, epochs[i].unit);
        if (instant.seconds != epochs[i].seconds || instant.picos != epochs[i].picos)
            fail_msg("%lld in unit %d is %lld s and %llu ps", (long long)epochs[i].count, epochs[i].unit,
                     (long long)instant.seconds, (unsigned long long)instant.picos);
    }
}

static void test_infinities(void **state)
{
    (void)state;
    static const int64_t infinities[] = {
        9223372036825200, 9223372036825200000, -9223372036832400, -9223372036832400000, INT64_MAX, INT64_MIN,
    };
    for (size_t i = 0; i < COUNT(infinities); i++) {
        for (enum time_unit unit = UNIT_AUTO; unit <= UNIT_DAYS; unit++) {
            struct instant instant;
            if (instant_from_epoch(infinities[i], unit, &instant))
                fail_msg("%lld in unit %d is read", (long long)infinities[i], unit);
        }
    }
    struct instant instant;
    assert_true(instant_from_epoch(INT64_MAX / 86400, UNIT_DAYS, &instant));
    assert_false(instant_from_epoch(INT64_MAX / 86400 + 1, UNIT_DAYS, &instant));
    assert_false(instant_from_epoch(INT64_MIN / 86400 - 1, UNIT_DAYS, &instant));
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum time_unit unit;
        bool is_read;
        int64_t seconds;
    } texts[] = {
        {"2026-01-02T03:04:05Z", UNIT_MICROS, true, 1767323045},
        {"1767323045", UNIT_SECONDS, true, 1767323045},
        {"1767323045123", UNIT_AUTO, true, 1767323045},
        {"1767323045123456", UNIT_MICROS, true, 1767323045},
        {"0", UNIT_AUTO, true, 0},
        {"-0", UNIT_AUTO, true, 0},
        {"-1", UNIT_SECONDS, true, -1},
        {"2026", UNIT_SECONDS, true, 2026},
        {"-4712", UNIT_DAYS, true, -407116800},
        {"20260102", UNIT_SECONDS, true, 20260102},
        {"00000000000000000000000000000000000000007", UNIT_SECONDS, true, 7},
        {"-0000000000000000000000000000000000000000000007", UNIT_SECONDS, true, -7},
        {"9223372036854775806", UNIT_SECONDS, true, INT64_MAX - 1},
        {"-9223372036854775807", UNIT_SECONDS, true, INT64_MIN + 1},
        /* infinity */
        {"infinity", UNIT_AUTO, false, 0},
        {"-Infinity", UNIT_AUTO, false, 0},
        {"9223372036825200", UNIT_MILLIS, false, 0},
        {"-9223372036832400000", UNIT_MICROS, false, 0},
        {"0009223372036825200", UNIT_MILLIS, false, 0},
        {"9223372036854775807", UNIT_NANOS, false, 0},
        {"-9223372036854775808", UNIT_NANOS, false, 0},
        /* beyond Int64 */
        {"9223372036854775808", UNIT_NANOS, false, 0},
        {"-9223372036854775809", UNIT_NANOS, false, 0},
        {"18446744073709551616", UNIT_NANOS, false, 0},
        {"18446744073709551617", UNIT_SECONDS, false, 0},
        {"99999999999999999999", UNIT_NANOS, false, 0},
        {"100000000000000000000000000007", UNIT_SECONDS, false, 0},
        /* neither digits nor a time */
        {"", UNIT_AUTO, false, 0},
        {"-", UNIT_AUTO, false, 0},
        {"--1", UNIT_AUTO, false, 0},
        {"+1", UNIT_AUTO, false, 0},
        {"1.", UNIT_AUTO, false, 0},
        {".5", UNIT_AUTO, false, 0},
        {"-.5", UNIT_AUTO, false, 0},
        {"1.5.5", UNIT_AUTO, false, 0},
        {"1,5", UNIT_AUTO, false, 0},
        {"1.5e3", UNIT_AUTO, false, 0},
        {"1.5 ", UNIT_AUTO, false, 0},
        {"1.-5", UNIT_AUTO, false, 0},
        {"28.02", UNIT_AUTO, true, 28},
        {"1.0", UNIT_AUTO, true, 1},
        {"1502713067.720000000", UNIT_AUTO, true, 1502713067},
        {"00001502713067.72", UNIT_SECONDS, true, 1502713067},
        {"-0.5", UNIT_SECONDS, true, -1},
        {"9223372036854775806.5", UNIT_SECONDS, true, INT64_MAX - 1},
        {"9223372036854775808.5", UNIT_SECONDS, false, 0},
        {"9223372036825200.0", UNIT_MILLIS, false, 0},
        {"9223372036825200.5", UNIT_MILLIS, true, 9223372036825},
        {"1e3", UNIT_AUTO, false, 0},
        {" 1", UNIT_AUTO, false, 0},
        {"1 ", UNIT_AUTO, false, 0},
        {"0x10", UNIT_AUTO, false, 0},
        {"12345678x", UNIT_AUTO, false, 0},
        {"1234x678", UNIT_AUTO, false, 0},
        {"\xD9\xA1", UNIT_AUTO, false, 0}, /* an Arabic one */
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct instant instant;
        const struct text copy = exactly(text_of(texts[i].text));
        const bool is_read = instant_from_text(copy, texts[i].unit, &instant);
        free((void *)(uintptr_t)copy.data);
        if (is_read != texts[i].is_read)
            fail_msg("'%s' is %s", texts[i].text, is_read ? "read" : "refused");
        if (is_read)
            assert_int_equal(instant.seconds, texts[i].seconds);
    }
}

/* ---- Numbers with a fraction, and parts ---- */

static void test_fractions(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum time_unit unit;
        int64_t seconds;
        uint64_t picos;
        bool cut;
    } numbers[] = {
        {"1709141609.404123", UNIT_AUTO, 1709141609, 404123000000, false},
        {"1709141609.404123", UNIT_SECONDS, 1709141609, 404123000000, false},
        {"1709141609404.123", UNIT_AUTO, 1709141609, 404123000000, false},
        {"1709141609404123.5", UNIT_AUTO, 1709141609, 404123500000, false},
        {"1709141609404123456.25", UNIT_AUTO, 1709141609, 404123456250, false},
        {"1.7091416094041235E9", UNIT_AUTO, 1709141609, 404123500000, false},
        {"99999999999.9", UNIT_AUTO, 99999999999, 900000000000, false},
        {"100000000000.9", UNIT_AUTO, 100000000, 900000000, false},
        {"1.5", UNIT_MILLIS, 0, 1500000000, false},
        {"1.5", UNIT_MICROS, 0, 1500000, false},
        {"1.5", UNIT_NANOS, 0, 1500, false},
        {"1.0005", UNIT_NANOS, 0, 1000, true},
        {"1.5", UNIT_DAYS, 129600, 0, false},
        {"0.000011574074074074", UNIT_DAYS, 0, 999999999999, true},
        {"-0.5", UNIT_SECONDS, -1, 500000000000, false},
        {"-1.25", UNIT_SECONDS, -2, 750000000000, false},
        {"-1.0000000000001", UNIT_SECONDS, -2, 999999999999, true},
        {"-1e-400", UNIT_SECONDS, -1, 999999999999, true},
        {"1e-1", UNIT_SECONDS, 0, 100000000000, false},
        {"1e-13", UNIT_SECONDS, 0, 0, true},
        {"0.0000000000000000000001", UNIT_SECONDS, 0, 0, true},
        {"0.123456789012", UNIT_SECONDS, 0, 123456789012, false},
        {"0.1234567890120", UNIT_SECONDS, 0, 123456789012, false},
        {"0.1234567890129", UNIT_SECONDS, 0, 123456789012, true},
        {"1.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
         UNIT_SECONDS, 1, 0, true},
        {"1.500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
         UNIT_SECONDS, 1, 500000000000, false},
        {"1111111111.11111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
         UNIT_SECONDS, 1111111111, 111111111111, true},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct instant instant;
        if (!instant_from_number(text_of(numbers[i].json), numbers[i].unit, &instant))
            fail_msg("%s is refused", numbers[i].json);
        if (instant.seconds != numbers[i].seconds || instant.picos != numbers[i].picos || instant.cut != numbers[i].cut)
            fail_msg("%s is %lld s and %llu ps, cut %d", numbers[i].json, (long long)instant.seconds,
                     (unsigned long long)instant.picos, instant.cut);
    }
    static const char *const none[] = {"9223372036854775808", "1e19", "1e400", "-1e30", "9223372036825200.0",
                                       "111111111111111111111111111111111111111111111111111111111111111111111111111111111",
                                       "1.5 ", "", "true"};
    for (size_t i = 0; i < COUNT(none); i++) {
        struct instant instant;
        if (instant_from_number(text_of(none[i]), UNIT_AUTO, &instant))
            fail_msg("%s is read", none[i]);
    }
    struct instant instant;
    assert_false(instant_from_number(TEXT("106751991167301.5"), UNIT_DAYS, &instant)); /* beyond Int64's seconds */
}

static void test_parts(void **state)
{
    (void)state;
    const int64_t parts[] = {2024, 2, 28, 17, 33, 29, 404000000};
    struct instant instant;
    assert_true(instant_from_parts(parts, 7, &instant));
    assert_int_equal(instant.seconds, 1709141609);
    assert_int_equal(instant.picos, 404000000000);
    assert_true(instant_from_parts(parts, 6, &instant));
    assert_int_equal(instant.seconds, 1709141609);
    assert_int_equal(instant.picos, 0);
    assert_true(instant_from_parts(parts, 5, &instant));
    assert_int_equal(instant.seconds, 1709141580);
    assert_true(instant_from_parts(parts, 3, &instant));
    assert_int_equal(instant.seconds, 1709078400);
    for (size_t count = 0; count <= 8; count++)
        if (count < 3 || count == 4 || count > 7)
            assert_false(instant_from_parts(parts, count, &instant));
    static const int64_t wrong[][7] = {{1000000000, 1, 1}, {2024, 0, 1}, {2024, 13, 1}, {2024, 1, 0}, {2023, 2, 29},
                                       {2024, 1, 1, 24}, {2024, 1, 1, -1}, {2024, 1, 1, 0, 60}, {2024, 1, 1, 0, 0, 60},
                                       {2024, 1, 1, 0, 0, 0, 1000000000}, {2024, 1, 1, 0, 0, 0, -1}, {2024, 4294967297, 1}};
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (instant_from_parts(wrong[i], 7, &instant))
            fail_msg("case %zu is a time", i);
}

/* With `exact`, only what the ticks say wholly. */
static void test_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned precision; /* the least that holds it */
    } texts[] = {
        {"2026-01-02", 0},
        {"2026-01-02T03:04:05.000000000000Z", 0},
        {"2026-01-02T03:04:05.5Z", 1},
        {"2026-01-02T03:04:05,50+01:00", 1},
        {"2026-01-02T03:04:05.123000Z", 3},
        {"2026-01-02T03:04:05.123456", 6},
        {"2026-01-02T03:04:05.1234567Z", 7},
        {"2026-01-02T03:04:05.12345678", 8},
        {"2026-01-02T03:04:05.123456789 UTC", 9},
        {"2026-01-02T03:04:05.1234567891Z", 10},
        {"1709141609.404123", 6},
        {"-1.5", 1},
        {"0.12345678900000000000000000001", 10},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (unsigned precision = 0; precision <= 9; precision++) {
            int64_t ticks;
            assert_true(ticks_from_text(text_of(texts[i].text), UNIT_SECONDS, false, precision, &ticks));
            if (ticks_from_text(text_of(texts[i].text), UNIT_SECONDS, true, precision, &ticks) !=
                (precision >= texts[i].precision))
                fail_msg("%s with %u digits", texts[i].text, precision);
        }
    }
}

/* Nor a unit that is guessed. */
static void test_exact_guesses_no_unit(void **state)
{
    (void)state;
    static const char *const counts[] = {"0", "-1", "1709141609", "1709141609.404", "1709141609404123"};
    int64_t ticks;
    for (size_t i = 0; i < COUNT(counts); i++) {
        assert_true(ticks_from_text(text_of(counts[i]), UNIT_AUTO, false, 6, &ticks));
        assert_false(ticks_from_text(text_of(counts[i]), UNIT_AUTO, true, 6, &ticks));
    }
    assert_true(ticks_from_text(TEXT("2026-01-02"), UNIT_AUTO, true, 6, &ticks));
    assert_true(ticks_from_text(TEXT("2026-01-02T03:04:05,5 UTC"), UNIT_AUTO, true, 6, &ticks));
}

/* ---- To ClickHouse ---- */

static void test_ticks(void **state)
{
    (void)state;
    static const struct {
        const char *iso;
        unsigned precision;
        const char *printed; /* NULL: does not fit */
    } cases[] = {
        {"2026-01-02T03:04:05.123456789123Z", 0, "2026-01-02 03:04:05"},
        {"2026-01-02T03:04:05.123456789123Z", 1, "2026-01-02 03:04:05.1"},
        {"2026-01-02T03:04:05.123456789123Z", 3, "2026-01-02 03:04:05.123"},
        {"2026-01-02T03:04:05.123456789123Z", 6, "2026-01-02 03:04:05.123456"},
        {"2026-01-02T03:04:05.123456789123Z", 9, "2026-01-02 03:04:05.123456789"},
        {"2026-01-02T03:04:05Z", 6, "2026-01-02 03:04:05.000000"},
        /* cut towards the past */
        {"2026-01-02T03:04:05.999999999999Z", 0, "2026-01-02 03:04:05"},
        {"2026-01-02T03:04:05.9999999Z", 6, "2026-01-02 03:04:05.999999"},
        {"1969-12-31T23:59:59.9999999Z", 6, "1969-12-31 23:59:59.999999"},
        {"1969-12-31T23:59:59.0000001Z", 6, "1969-12-31 23:59:59.000000"},
        {"1969-12-31T23:59:59.5Z", 0, "1969-12-31 23:59:59"},
        /* the range, judged in UTC */
        {"1900-01-01T00:00:00Z", 6, "1900-01-01 00:00:00.000000"},
        {"1899-12-31T23:59:59.999999999999Z", 6, NULL},
        {"1899-12-31T23:00:00-01:00", 0, "1900-01-01 00:00:00"},
        {"1900-01-01T00:00:00+01:00", 0, NULL},
        {"2299-12-31T23:59:59.999999999999Z", 6, "2299-12-31 23:59:59.999999"},
        {"2299-12-31T23:59:59.999999999999Z", 8, "2299-12-31 23:59:59.99999999"},
        {"2300-01-01T00:00:00Z", 6, NULL},
        {"2300-01-01T00:00:00+01:00", 0, "2299-12-31 23:00:00"},
        {"2262-04-11T23:47:16.854775807Z", 9, "2262-04-11 23:47:16.854775807"},
        {"2262-04-11T23:47:16.854775807999Z", 9, "2262-04-11 23:47:16.854775807"},
        {"2262-04-11T23:47:16.854775808Z", 9, NULL},
        {"2262-04-11T23:47:17Z", 9, NULL},
        {"2299-12-31T23:59:59Z", 9, NULL},
        {"1900-01-01T00:00:00Z", 9, "1900-01-01 00:00:00.000000000"},
        {"-4712-01-01T00:00:00.000Z", 6, NULL},
        {"+294247-01-10T04:00:25.2Z", 6, NULL},
        {"+999999999-12-31T23:59:59Z", 0, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct instant instant;
        int64_t ticks;
        char text[TIME_TEXT_SIZE];
        assert_true(instant_from_iso(text_of(cases[i].iso), &instant));
        if (!instant_to_ticks(instant, cases[i].precision, &ticks)) {
            if (cases[i].printed)
                fail_msg("%s does not fit precision %u", cases[i].iso, cases[i].precision);
            continue;
        }
        const struct text printed = {text, ticks_print(ticks, cases[i].precision, text)};
        if (!cases[i].printed || !text_equal(printed, text_of(cases[i].printed)))
            fail_msg("%s is %.*s", cases[i].iso, (int)printed.size, printed.data);
    }
}

static void test_ticks_are_counted(void **state)
{
    (void)state;
    const struct instant instant = {-2, 750000000000, false}; /* 1.25 s before the epoch */
    static const int64_t expected[] = {-2,      -13,      -125,      -1250,      -12500,
                                       -125000, -1250000, -12500000, -125000000, -1250000000};
    for (unsigned precision = 0; precision <= 9; precision++) {
        int64_t ticks;
        assert_true(instant_to_ticks(instant, precision, &ticks));
        assert_int_equal(ticks, expected[precision]);
    }
}

static void test_days(void **state)
{
    (void)state;
    assert_int_equal(instant_to_days((struct instant){0, 0, false}), 0);
    assert_int_equal(instant_to_days((struct instant){86399, 999999999999, false}), 0);
    assert_int_equal(instant_to_days((struct instant){86400, 0, false}), 1);
    assert_int_equal(instant_to_days((struct instant){-1, 999999999999, false}), -1);
    assert_int_equal(instant_to_days((struct instant){-86400, 0, false}), -1);
    assert_int_equal(instant_to_days((struct instant){-86401, 0, false}), -2);
}

/* No number of ticks overflows what it is printed into. */
static void test_print_extremes(void **state)
{
    (void)state;
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < COUNT(extremes); i++) {
        for (unsigned precision = 0; precision <= 9; precision++) {
            char text[TIME_TEXT_SIZE];
            assert_in_range(ticks_print(extremes[i], precision, text), 19, TIME_TEXT_SIZE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso),
        cmocka_unit_test(test_no_iso),
        cmocka_unit_test(test_fixed_against_scanner),
        cmocka_unit_test(test_against_the_c_library),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_far_days),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_infinities),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_exact_guesses_no_unit),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_ticks_are_counted),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_print_extremes),
    };
    return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
