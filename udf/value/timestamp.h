/* Every temporal form that Debezium or a payload may hold, as a point in time.
 *
 * Sources: Debezium's "Temporal types" for PostgreSQL
 * (https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types),
 * ISO 8601, and the rules for values in this project's README. */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum time_unit { UNIT_AUTO, UNIT_SECONDS, UNIT_MILLIS, UNIT_MICROS, UNIT_NANOS, UNIT_DAYS };

/* A point in time, cut towards the past to whole picoseconds; UTC, proleptic Gregorian calendar. */
struct instant {
    int64_t seconds;     /* since 1970-01-01 00:00:00 UTC, also negative */
    uint64_t picos : 40; /* 0 .. 999,999,999,999 behind `seconds` */
    uint64_t
        cut : 1; /* it was finer than that; with the bits above, so that an instant goes into two registers */
};

#define PICOS_BITS ((UINT64_C(1) << 40) - 1) /* that a number of picoseconds takes */

/* Reads ISO 8601 and RFC 3339 as Debezium, Java and people write them: a date, alone (midnight) or followed by `T`, `t` or a space
 * and hh:mm[:ss[.f]] with 1 to 12 digits of fraction behind a point or comma. Behind either of them Z, z, ` UTC`, +hh, +hhmm, +hh:mm
 * (to 18:00, a space may stand before the sign) or nothing (UTC). Behind Z and offsets may stand a zone's name in brackets, which
 * says nothing more: `2026-01-02T03:04:05+01:00[Europe/Paris]`. A year has four digits, with a sign four to nine. Nothing is
 * trimmed. False if the text is none, which a digit string is not either. */
bool instant_from_iso(struct text text, struct instant *instant);

/* The same answers by the general scanner alone, byte by byte; for tests. */
bool instant_scan_iso(struct text text, struct instant *instant);

/* Reads a count of `unit` since the epoch. UNIT_AUTO guesses by size: |n| < 1e11 s, < 1e14 ms, < 1e17 us,
 * else ns. False for the numbers by which PostgreSQL and Debezium mean infinity, in whatever unit, and for
 * days beyond what an instant holds. */
bool instant_from_epoch(int64_t count, enum time_unit unit, struct instant *instant);

/* Reads a count of `unit` that JSON writes as a number, whose value need not be whole: 1502713067.720000000. A size that Int64 does
 * not hold is none. */
bool instant_from_number(struct text json, enum time_unit unit, struct instant *instant);

/* ISO text, or a string of ASCII digits with an optional minus and any number of leading zeros, perhaps with a fraction behind a
 * point (a count of `unit`; false beyond Int64). */
bool instant_from_text(struct text text, enum time_unit unit, struct instant *instant);

/* The numbers of Java's local dates and times in an array: year, month, day, then perhaps hour and minute, second, nanosecond.
 * False if `count` is 4, below 3 or above 7, and where one of them is out of range. */
bool instant_from_parts(const int64_t *parts, size_t count, struct instant *instant);

/* Ticks of 10^-precision seconds since the epoch as DateTime64(precision) stores them, precision 0 to 9, cut
 * towards the past; false outside 1900-01-01 00:00:00 .. 2299-12-31 23:59:59.999999999 (precision 9: to
 * 2262-04-11 23:47:16.854775807). */
bool instant_to_ticks(struct instant instant, unsigned precision, int64_t *ticks);

/* Whether so many digits of a second (0 to 12) say all of the instant. */
bool instant_has_precision(struct instant instant, unsigned precision);

/* instant_from_text and instant_to_ticks in one, for the common form without an instant between; with `exact`, false if the
 * ticks do not say all of the instant, and for a count whose unit would be a guess (UNIT_AUTO). */
bool ticks_from_text(struct text text, enum time_unit unit, bool exact, unsigned precision, int64_t *ticks);

/* The day that the instant falls on (UTC), counted from 1970-01-01. */
int64_t instant_to_days(struct instant instant);

/* Days since 1970-01-01 as year, month 1-12, day 1-31. */
void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* Enough room for any text below. */
#define TIME_TEXT_SIZE 48

/* `2026-01-02 03:04:05.123456` with `precision` digits behind the point (none and no point at 0); answers the
 * length. */
size_t ticks_print(int64_t ticks, unsigned precision, char out[TIME_TEXT_SIZE]);

/* `2026-01-02`; answers the length. */
size_t days_print(int64_t days, char out[TIME_TEXT_SIZE]);

#endif
