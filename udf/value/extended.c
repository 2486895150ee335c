#include "value/extended.h"

#include "value/kinds.h"
#include "value/number.h"
#include "json/json_items.h"

/* What a member's value may be, and what it stands for. */
enum form { TEXT_FORM, INTEGER_FORM, NUMBER_FORM, DOUBLE_FORM, DATE_FORM };

static const struct {
    struct text key;
    enum form form;
} members[] = {
    {{"$oid", 4}, TEXT_FORM},
    {{"$uuid", 5}, TEXT_FORM},
    {{"$numberInt", 10}, INTEGER_FORM},
    {{"$numberLong", 11}, INTEGER_FORM},
    {{"$numberDouble", 13}, DOUBLE_FORM},
    {{"$numberDecimal", 14}, NUMBER_FORM},
    {{"$date", 5}, DATE_FORM},
};

/* The only member of an object; false if there is none or another. */
static bool only_member(struct text container, struct json_item *member)
{
    struct json_items items;
    struct json_item other;
    return json_items_open(&items, container) && items.is_object && json_items_next(&items, member) &&
           !json_items_next(&items, &other);
}

static bool find_form(struct text key, enum form *form)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (text_equal(key, members[i].key)) {
            *form = members[i].form;
            return true;
        }
    }
    return false;
}

/* A number that is written as a string. */
static bool read_number(struct json_value *scalar, bool whole)
{
    struct number number;
    if (scalar->kind != VALUE_STRING || !number_parse(scalar->text, &number) ||
        (whole && number.whole.size + number.negative != scalar->text.size))
        return false;
    scalar->kind = VALUE_NUMBER;
    return true;
}

/* Milliseconds as a number or {"$numberLong":"..."}, or ISO text. */
static bool read_date(struct arena *arena, struct json_value *scalar)
{
    struct json_item member;
    if (scalar->kind != VALUE_CONTAINER)
        return scalar->kind == VALUE_STRING || scalar->kind == VALUE_NUMBER;
    if (!only_member(scalar->text, &member) ||
        !text_equal(json_item_key(&member, arena), TEXT("$numberLong")))
        return false;
    *scalar = json_value_of_item(&member, arena);
    return read_number(scalar, true);
}

bool extended_read(struct text container, struct arena *arena, struct json_value *scalar, bool *is_date)
{
    struct json_item member;
    enum form form;
    if (container.size < 2 || container.data[0] != '{' || !only_member(container, &member) ||
        !find_form(json_item_key(&member, arena), &form))
        return false;
    *scalar = json_value_of_item(&member, arena);
    *is_date = form == DATE_FORM;
    switch (form) {
    case TEXT_FORM:
        return scalar->kind == VALUE_STRING;
    case INTEGER_FORM:
    case NUMBER_FORM:
        return read_number(scalar, form == INTEGER_FORM);
    case DOUBLE_FORM: /* where it is not a number, it may be NaN or infinite */
        return read_number(scalar, false) || scalar->kind == VALUE_STRING;
    case DATE_FORM:
        break;
    }
    return read_date(arena, scalar);
}
