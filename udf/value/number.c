#include "value/number.h"

#include "base/digits.h"

/* ---- Grammar ------------------------------------------------------------------------------------------------------------ */

static struct text take_digits(struct text *text)
{
    size_t count = 0;
    while (count < text->size && is_digit(text->data[count]))
        count++;
    const struct text digits = {text->data, count};
    *text = text_from(*text, count);
    return digits;
}

static bool take_exponent(struct text *text, int64_t *exponent)
{
    const bool minus = text_take(text, '-');
    if (!minus)
        text_take(text, '+');
    const struct text digits = take_digits(text);
    if (digits.size == 0)
        return false;
    uint64_t size;
    if (!digits_read(digits, &size) || size > (uint64_t)EXPONENT_LIMIT)
        size = (uint64_t)EXPONENT_LIMIT;
    *exponent = minus ? -(int64_t)size : (int64_t)size;
    return true;
}

bool number_parse(struct text text, struct number *number)
{
    *number = (struct number){.negative = text_take(&text, '-')};
    if (text.size == 0)
        return false;
    number->whole = take_digits(&text);
    if (number->whole.size == 0 || (number->whole.size > 1 && number->whole.data[0] == '0'))
        return false;
    if (text_take(&text, '.')) {
        number->fraction = take_digits(&text);
        if (number->fraction.size == 0)
            return false;
    }
    if ((text_take(&text, 'e') || text_take(&text, 'E')) && !take_exponent(&text, &number->exponent))
        return false;
    return text.size == 0;
}

/* ---- To 38 digits, for which 128 bits do ------------------------------------------------------------------------------- */

#define EXACT_DIGITS 38

/* size * 10^exponent where that is an integer of at most 38 digits; `digits` is how many size has. */
static bool scale_exactly(uint128 size, int64_t digits, int64_t exponent, uint128 *scaled)
{
    if (size != 0 && (exponent < 0 || exponent > EXACT_DIGITS - digits))
        return false;
    for (*scaled = size; size != 0 && exponent > 0; exponent--)
        *scaled *= 10;
    return true;
}

/* The significant digits of a number: size * 10^exponent, the last of them no zero. */
struct digit_sum {
    uint128 size;
    int64_t digits;
    int64_t exponent;
};

/* Adds a run of digits; false if there are more than 38 significant ones. The exponent counts the zeros at
 * the end, which become digits of the size only if another digit follows. */
static bool digit_sum_add(struct digit_sum *sum, struct text run)
{
    for (size_t i = 0; i < run.size; i++) {
        if (run.data[i] == '0') {
            sum->exponent += sum->digits > 0;
            continue;
        }
        sum->digits += sum->exponent + 1;
        if (sum->digits > EXACT_DIGITS)
            return false;
        for (; sum->exponent >= 0; sum->exponent--)
            sum->size *= 10;
        sum->exponent = 0;
        sum->size += (unsigned)(run.data[i] - '0');
    }
    return true;
}

bool number_to_integer(const struct number *number, int64_t scale, int128 *integer)
{
    struct digit_sum sum = {0};
    uint128 size;
    if (!digit_sum_add(&sum, number->whole) || !digit_sum_add(&sum, number->fraction))
        return false;
    const int64_t exponent = sum.exponent + number->exponent - (int64_t)number->fraction.size + scale;
    if (!scale_exactly(sum.size, sum.digits, exponent, &size))
        return false;
    *integer = number->negative ? -(int128)size : (int128)size;
    return true;
}

bool digits_to_integer(struct text text, int128 *integer)
{
    const bool minus = text_take(&text, '-');
    uint64_t size;
    if (!digits_read(text, &size))
        return false;
    *integer = minus ? -(int128)size : (int128)size;
    return true;
}

bool json_to_integer(struct text json, int128 *integer)
{
    struct number number;
    /* Nearly every number is digits alone; what is not comes here twice. */
    return digits_to_integer(json, integer) ||
           (number_parse(json, &number) && number_to_integer(&number, 0, integer));
}

/* ---- All digits --------------------------------------------------------------------------------------------------------- */

/* Adds a run of digits. The exponent counts the zeros at the end, which become digits only if another follows, and the digits for
 * which there is no space; false if one of those is no zero. */
static bool add_run(struct significand *sum, struct text run)
{
    bool fits = true;
    for (size_t i = 0; i < run.size; i++) {
        const bool is_zero = run.data[i] == '0';
        if (is_zero || sum->count + sum->exponent >= WIDE_DIGITS) {
            sum->exponent += sum->count > 0;
            fits = fits && is_zero;
            continue;
        }
        memset(sum->digits + sum->count, '0', (size_t)sum->exponent);
        sum->count += (unsigned)sum->exponent;
        sum->exponent = 0;
        sum->digits[sum->count++] = run.data[i];
    }
    return fits;
}

bool number_significand(const struct number *number, struct significand *significand)
{
    significand->count = 0;
    significand->exponent = 0;
    const bool whole = add_run(significand, number->whole), fraction = add_run(significand, number->fraction);
    significand->exponent += number->exponent - (int64_t)number->fraction.size;
    if (significand->count == 0)
        significand->exponent = 0;
    return whole && fraction;
}

bool number_to_wide(const struct number *number, int64_t scale, struct wide *size)
{
    struct significand significand;
    *size = (struct wide){{0}};
    if (!number_significand(number, &significand))
        return false;
    if (significand.count == 0)
        return true;
    int64_t zeros = significand.exponent + scale;
    if (zeros < 0 || zeros > WIDE_DIGITS - (int64_t)significand.count)
        return false;
    for (unsigned i = 0; i < significand.count; i++)
        if (!wide_multiply_add(size, 10, (uint64_t)(significand.digits[i] - '0')))
            return false;
    for (; zeros > 0; zeros--)
        if (!wide_multiply_add(size, 10, 0))
            return false;
    return true;
}
