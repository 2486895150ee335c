/* A registration, whatever is in it. What is malformed has one line that says where; what is changed is well-formed afterwards, and has the
 * function. */
#include "fuzz.h"
#include "tool/registration.h"

static const char mine[] =
    "<functions>\n    <function>\n        <name>aRow</name>\n        <return_type>Tuple(id Int64)</return_type>\n"
    "        <command>debezium-udf decode a.json --format Native --fingerprint 0123456789abcdef</command>\n"
    "        <format>Native</format>\n        <pool_size>16</pool_size>\n    </function>\n</functions>\n";

static void check_problem(const char *problem)
{
    HOLDS(*problem && strlen(problem) < REGISTRATION_PROBLEM);
}

/* What the changes have made of it, read again. */
static void read_again(struct registration *changed, bool has)
{
    struct registration again;
    char problem[REGISTRATION_PROBLEM] = "";
    const struct text text = registration_text(changed);
    HOLDS(registration_open(&again, changed->arena, "again", text, problem));
    HOLDS(!has || registration_find(&again, TEXT("aRow")));
}

static void change(struct arena *arena, struct text xml, const struct xml_node *own, unsigned how)
{
    struct registration registration;
    char problem[REGISTRATION_PROBLEM] = "";
    struct text document = TEXT("after.a");
    const struct query_options query = {.has_metadata_prefix = true, .metadata_prefix = TEXT("x"),
                                        .base64_documents = &document, .count = 1};
    const struct registration_wishes wishes = {.pool_size = TEXT("3"), .max_message = TEXT("1000")};
    if (!registration_open(&registration, arena, "file", xml, problem)) {
        check_problem(problem);
        HOLDS(!strchr(problem, '\n'));
        return;
    }
    const struct xml_node *there = registration_find(&registration, TEXT("aRow"));
    bool done = how == 0   ? !there || registration_change(&registration, there, own, &wishes)
                : how == 1 ? there || registration_add(&registration, own)
                : how == 2 ? !there || registration_take_out(&registration, there)
                           : registration_change_queries(&registration, &query);
    if (done)
        read_again(&registration, how == 0 ? there != NULL : how == 1);
    else
        check_problem(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {.blocks = NULL};
    struct registration own;
    char problem[REGISTRATION_PROBLEM] = "";
    char *copy = malloc(size + (size == 0));
    HOLDS(copy);
    if (size > 0)
        memcpy(copy, data, size);
    HOLDS(registration_open(&own, &arena, "own", text_of(mine), problem));
    for (unsigned how = 0; how < 4; how++)
        change(&arena, (struct text){copy, size}, registration_find(&own, TEXT("aRow")), how);
    free(copy);
    arena_free(&arena);
    return 0;
}
