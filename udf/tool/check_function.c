/* A registered function, field by field, beside what the program would write. */
#include <stdlib.h>

#include "tool/checking.h"
#include "tool/config.h"
#include "tool/xml_tree.h"

/* What is to be said of an element that is otherwise than the program writes it. */
static const struct {
    const char *name;
    const char *missing; /* the server's value where it is missing; NULL: it must be there */
    /* Values, a space behind each, that are only noted; `0 ` stands for a smaller number. NULL: they are compared elsewhere. */
    const char *accepted;
    const char *why;
} fields[] = {
    {"return_type", NULL, NULL, NULL},
    {"return_name", "result", "", "its name does not fit the answer's"},
    {"command", NULL, NULL, NULL},
    {"format", NULL, NULL, NULL},
    {"type", NULL, "executable ", "there is no such function, or a process is started for every block"},
    {"execute_direct", "1", "", "a shell would run it"},
    {"send_chunk_header", "0", "", "the number of rows would be read as a message"},
    {"deterministic", "0", "0 ", "equal calls in a query are repeated"},
    {"stderr_reaction", "log_last", "none log log_first log_last ",
     "the reason of a failed query may be missing"},
    {"check_exit_code", "1", "0 ", "a program that fails may go unnoticed"},
    {"command_read_timeout", "10000", "0 ", "a loaded machine fails a block"},
    {"command_write_timeout", "10000", "0 ", "a loaded machine fails a block"},
    {"max_command_execution_time", "10", "0 ", "a query that waits for a free process fails"},
    {"command_termination_timeout", "10", "0 ", "the program may be killed while it ends"},
};
#define FIELDS (sizeof fields / sizeof *fields)

struct comparison {
    struct check *check;
    const char *file;
    struct text name;
    const struct xml_node *there, *own; /* the function in the file, and as config writes it */
    struct text type;                   /* the return type of the program */
    bool layout;                        /* the function has one */
    bool right;
};

static void differ(struct comparison *comparison, enum verdict verdict, const char *what)
{
    comparison->right = comparison->right && verdict != WRONG;
    say(comparison->check, verdict, "registration %s: %.*s: %s", comparison->file,
        TEXT_ARGUMENTS(comparison->name), what);
}

/* ---- The return type ----------------------------------------------------------------------------------- */

/* The element of a Tuple that has the byte `at`, with its name: what differs, for a person. All of another type. */
static struct text element_at(struct text type, size_t at)
{
    size_t start = 0, end = 0;
    int depth = 0;
    if (!text_starts(type, TEXT("Tuple(")))
        return text_cut(type, 120);
    for (; end < type.size; end++) {
        const char c = type.data[end];
        const bool between = (c == ',' && depth == 1) || (c == ')' && depth == 1);
        depth += (c == '(') - (c == ')');
        if (between && end >= at)
            break;
        if (between || (c == '(' && depth == 1))
            start = end + 1;
    }
    while (start < end && type.data[start] == ' ')
        start++;
    return text_cut((struct text){type.data + start, end - start}, 120);
}

static void compare_type(struct comparison *comparison)
{
    const struct xml_node *there = xml_child(comparison->there, "return_type", NULL);
    const struct text type = comparison->type;
    size_t at = 0;
    if (!there || text_equal(there->value, type))
        return;
    while (at < there->value.size && at < type.size && there->value.data[at] == type.data[at])
        at++;
    const struct text has = element_at(there->value, at), wants = element_at(type, at);
    differ(comparison, WRONG,
           arena_printf(&comparison->check->arena,
                        "its <return_type> has `%.*s` where the program answers `%.*s`: %s",
                        TEXT_ARGUMENTS(has), TEXT_ARGUMENTS(wants),
                        comparison->layout ? "debezium-udf register the layout again" : "write that there")
               .data);
}

/* ---- Elements ------------------------------------------------------------------------------------------ */

/* Whether this value is one of the accepted, or a number that is at least what the program writes. */
static enum verdict judge(struct text value, struct text own, const char *accepted)
{
    for (struct text rest = text_of(accepted); rest.size > 0;) {
        size_t size = strcspn(rest.data, " ");
        if (text_equal(value, (struct text){rest.data, size}))
            return NOTE;
        rest = text_from(rest, size + 1);
    }
    if (!text_starts(text_of(accepted), TEXT("0 ")) || value.size == 0 || value.size > 9)
        return WRONG;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return WRONG;
    }
    return strtol(value.data, NULL, 10) >= strtol(own.data, NULL, 10) ? OK : NOTE;
}

static void compare_field(struct comparison *comparison, size_t index)
{
    struct arena *arena = &comparison->check->arena;
    const char *name = fields[index].name;
    const struct xml_node *there = xml_child(comparison->there, name, NULL),
                          *own = xml_child(comparison->own, name, NULL);
    if (there && xml_child(comparison->there, name, there)) {
        differ(comparison, WRONG, arena_printf(arena, "it has <%s> twice", name).data);
        return;
    }
    if (!there && !fields[index].missing)
        differ(comparison, WRONG, arena_printf(arena, "it has no <%s>", name).data);
    if (!own || !fields[index].accepted || (!there && !fields[index].missing))
        return;
    const struct text value = there ? there->value : text_of(fields[index].missing);
    const enum verdict verdict =
        text_equal(value, own->value) ? OK : judge(value, own->value, fields[index].accepted);
    const struct text shown = text_cut(value, 120);
    if (verdict != OK)
        differ(comparison, verdict,
               arena_printf(arena, "its <%s> is %.*s: write %.*s; otherwise %s", name, TEXT_ARGUMENTS(shown),
                            TEXT_ARGUMENTS(own->value), fields[index].why)
                   .data);
}

/* What the program does not write; the server may know it. */
static void note_others(struct comparison *comparison)
{
    static const char *const known[] = {"name", "argument", "pool_size", "lifetime", "command_pipe_capacity"};
    for (const struct xml_node *node = comparison->there->first; node; node = node->next) {
        bool found = false;
        for (size_t i = 0; i < FIELDS; i++)
            found = found || text_equal(node->name, text_of(fields[i].name));
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || text_equal(node->name, text_of(known[i]));
        const struct text shown = text_cut(node->name, 64);
        if (!found)
            differ(comparison, NOTE,
                   arena_printf(&comparison->check->arena,
                                "it has <%.*s>, which this program does not write: is it spelled right?",
                                TEXT_ARGUMENTS(shown))
                       .data);
    }
}

static void compare_pool(struct comparison *comparison)
{
    const struct xml_node *pool = xml_child(comparison->there, "pool_size", NULL);
    const struct text value = pool ? pool->value : TEXT("16");
    if (judge(value, TEXT("1"), "0 ") != OK)
        differ(comparison, WRONG,
               arena_printf(&comparison->check->arena, "its <pool_size> is `%.*s`: give a number from 1",
                            TEXT_ARGUMENTS(value))
                   .data);
}

/* ---- Arguments ----------------------------------------------------------------------------------------- */

/* The server takes every element whose name begins so. */
static const struct xml_node *next_argument(const struct xml_node *function, const struct xml_node *after)
{
    const struct xml_node *node = after ? after->next : function->first;
    while (node && !text_starts(node->name, TEXT("argument")))
        node = node->next;
    return node;
}

static void compare_arguments(struct comparison *comparison, size_t wanted)
{
    struct arena *arena = &comparison->check->arena;
    const struct xml_node *argument = NULL;
    size_t count = 0;
    while ((argument = next_argument(comparison->there, argument))) {
        const struct xml_node *type = xml_child(argument, "type", NULL);
        const struct text value = text_cut(type ? type->value : TEXT(""), 64);
        count++;
        if (!text_equal(value, TEXT("String")))
            differ(comparison, WRONG,
                   arena_printf(arena, "its argument %zu is of type `%.*s`: the program takes a String",
                                count, TEXT_ARGUMENTS(value))
                       .data);
    }
    if (count != wanted)
        differ(comparison, WRONG,
               arena_printf(arena, "it has %zu arguments, and the program takes %zu", count, wanted).data);
}

/* ---- The function as the program writes it ------------------------------------------------------------- */

struct written {
    struct arena *arena;
    struct text text;
};

static bool write_text(void *context, const char *data, size_t size)
{
    struct written *written = context;
    const struct text more = {data, size};
    written->text =
        arena_printf(written->arena, "%.*s%.*s", TEXT_ARGUMENTS(written->text), TEXT_ARGUMENTS(more));
    return !written->arena->failed;
}

/* NULL if memory is refused. The format is compared elsewhere. */
static const struct xml_node *write_own(struct check *check, const struct registered_command *command,
                                        const struct layout *layout)
{
    char name[] = "layout.json", *names[] = {name}, problem[XML_PROBLEM];
    /* Only a layout's types and function are looked at. */
    struct layout *layouts[] = {(struct layout *)(uintptr_t)layout};
    const struct config config = {.layouts = layouts,
                                  .names = names,
                                  .count = layout != NULL,
                                  .format = &format_row_binary, /* has every function */
                                  .pool_size = CONFIG_POOL_SIZE};
    struct written written = {.arena = &check->arena, .text = TEXT("")};
    const struct channel channel = {.write = write_text, .context = &written};
    struct output out;
    bool done = output_open(&out, &channel, 0) && config_write(&config, &out);
    output_close(&out);
    const struct xml_node *root = done ? xml_parse(&check->arena, written.text, problem) : NULL;
    const struct xml_node *function = NULL;
    const struct text wanted = layout ? layout->function : text_of(command->kind->name);
    while (root && (function = xml_child(root, "function", function))) {
        if (text_equal(xml_child(function, "name", NULL)->value, wanted))
            return function;
    }
    return NULL;
}

bool check_registered(struct check *check, const char *file, const struct xml_node *function,
                      const struct registered_command *command, const struct layout *layout)
{
    const struct xml_node *name = xml_child(function, "name", NULL);
    struct comparison comparison = {.check = check,
                                    .file = file,
                                    .name = text_cut(name ? name->value : TEXT("a function"), 128),
                                    .there = function,
                                    .own = write_own(check, command, layout),
                                    .layout = layout,
                                    .right = true};
    const char *type = registered_format(&check->arena, command)->string_answers
                           ? "String"
                           : function_type(&check->arena, command->kind, layout);
    size_t arguments = function_arguments(command->kind);
    if (command->operand.data && (command->kind->takes & FUNCTION_TAKES_PATH))
        arguments--;
    if (!name)
        differ(&comparison, WRONG, "it has no <name>");
    compare_arguments(&comparison, arguments);
    compare_pool(&comparison);
    note_others(&comparison);
    if (!comparison.own || !type) {
        differ(&comparison, WRONG, "it was not compared: out of memory");
        return false;
    }
    if (layout && !text_equal(comparison.name, layout->function))
        differ(&comparison, NOTE, "its layout has another name for the function");
    comparison.type = text_of(type);
    compare_type(&comparison);
    for (size_t i = 0; i < FIELDS; i++)
        compare_field(&comparison, i);
    return comparison.right;
}
