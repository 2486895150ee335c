"""Dates and times as exact numbers, read from the texts that databases, Debezium and ClickHouse write.

Nothing here comes from the program under test: civil days are counted as https://howardhinnant.github.io/date_algorithms.html
describes it, years before 1 included (year 0 is 1 BC).
"""
import re
from fractions import Fraction

SECOND = 1_000_000
DAY = 86_400 * SECOND
# Microseconds in a unit of numbers.
UNITS = {"s": Fraction(SECOND), "ms": Fraction(1000), "us": Fraction(1), "ns": Fraction(1, 1000), "days": Fraction(DAY)}


def days(year: int, month: int, day: int) -> int:
    """From 1970-01-01, in the proleptic Gregorian calendar."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def civil(day: int) -> tuple:
    """Year, month and day of a number of days."""
    day += 719468
    era = day // 146097
    of_era = day - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return year + era * 400 + (month >= 10), month + (3 if month < 10 else -9), of_year - (153 * month + 2) // 5 + 1


def julian(day: int) -> int:
    """The day that a reader of the Julian calendar takes a date's text for."""
    year, month, of_month = civil(day)
    january = (14 - month) // 12
    count, of_year = year + 4800 - january, month + 12 * january - 3
    return of_month + (153 * of_year + 2) // 5 + 365 * count + count // 4 - 32083 - 2440588


DATE = r"(?P<year>[+-]?\d{1,})-(?P<month>\d\d)-(?P<day>\d\d)"
TIME = r"(?P<sign>-)?(?P<hour>\d{1,})(?::(?P<minute>\d\d))?(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?"


def fraction_of(digits: str | None) -> Fraction:
    return Fraction(int(digits), 10 ** len(digits)) * SECOND if digits else Fraction(0)


def zone_of(text: str | None) -> int:
    """Microseconds east of Greenwich."""
    if not text or text == "Z":
        return 0
    digits = text[1:].replace(":", "").ljust(6, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
    return (-seconds if text[0] == "-" else seconds) * SECOND


def clock(text: str) -> Fraction | None:
    """Microseconds of a time of day or a duration, hours beyond 24 and a sign included; of a zone, in UTC."""
    found = re.fullmatch(TIME + ZONE, text)
    return None if found is None else _clock(found) - zone_of(found["zone"])


def _clock(found) -> Fraction:
    whole = int(found["hour"]) * 3600 + int(found["minute"] or 0) * 60 + int(found["second"] or 0)
    value = whole * SECOND + fraction_of(found["fraction"])
    return -value if found["sign"] else value


def date(text: str) -> int | None:
    """Days of 2026-01-02, +12026-01-02, 0044-03-15 BC, 2026-01-02Z."""
    found = re.fullmatch(DATE + r"Z?(?P<era> BC)?", text)
    return None if found is None else _days(found)


def _days(found) -> int:
    year = int(found["year"])
    return days(1 - year if found["era"] else year, int(found["month"]), int(found["day"]))


def moment(text: str) -> Fraction | None:
    """Microseconds since 1970 of a date and time with or without a zone, T or a space between, BC or signed years."""
    found = re.fullmatch(DATE + "[T ]" + TIME + ZONE + r"(?P<era> BC)?", text)
    return None if found is None else _days(found) * DAY + _clock(found) - zone_of(found["zone"])
