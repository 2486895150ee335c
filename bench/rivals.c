#define _GNU_SOURCE
#include "rivals.h"

#define END                                                                                                  \
    {                                                                                                        \
        {NULL, 0}, SLOT_NONE                                                                                 \
    }

/* The columns' order is that of udf/experiment_event.json. */
static const struct rival_member none[] = {END};
static const struct rival_member message[] = {{TEXT("op"), SLOT_OP},
                                              {TEXT("after"), SLOT_ROW},
                                              {TEXT("source"), SLOT_SOURCE},
                                              {TEXT("payload"), SLOT_WHOLE},
                                              END};
static const struct rival_member source[] = {{TEXT("lsn"), 19}, END};
static const struct rival_member row[] = {{TEXT("id"), 18},
                                          {TEXT("aggregate_id"), 0},
                                          {TEXT("aggregate_type"), SLOT_AGGREGATE_TYPE},
                                          {TEXT("payload"), SLOT_PAYLOAD},
                                          {TEXT("created_at"), 16},
                                          {TEXT("updated_at"), 17},
                                          END};
static const struct rival_member payload[] = {{TEXT("experiment_id"), 1},
                                              {TEXT("variant_id"), 2},
                                              {TEXT("user_id"), 3},
                                              {TEXT("variant_key"), 4},
                                              {TEXT("event_type"), 5},
                                              {TEXT("session_id"), 6},
                                              {TEXT("request_id"), 7},
                                              {TEXT("timestamp"), 8},
                                              {TEXT("assignment_at"), 9},
                                              {TEXT("properties"), SLOT_PROPERTIES},
                                              END};
static const struct rival_member properties[] = {{TEXT("value"), 11},   {TEXT("score"), 12},
                                                 {TEXT("page"), 13},    {TEXT("device"), 14},
                                                 {TEXT("browser"), 15}, END};

const struct rival_member *const rival_members[] = {none, message, source, row, payload, properties};

/* Behind the bracket that closes the one at `at`. */
static const char *skip_container(const char *at, const char *end)
{
    size_t depth = 0;
    bool string = false;
    for (; at < end; at++) {
        if (string) {
            at += *at == '\\';
            string = *at != '"';
        } else if (*at == '"') {
            string = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if ((*at == '}' || *at == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return end;
}

struct text rival_find_properties(struct text document)
{
    static const char name[] = "\"properties\"";
    const char *end = document.data + document.size;
    const char *at = memmem(document.data, document.size, name, sizeof name - 1);
    if (!at)
        return (struct text){NULL, 0};
    at += sizeof name - 1;
    while (at < end && *at != '{' && *at != '[')
        at++;
    return (struct text){at, (size_t)(skip_container(at, end) - at)};
}
