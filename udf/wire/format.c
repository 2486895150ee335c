#include "wire/format.h"

#include <stdio.h>

const struct format *const formats[] = {&format_line, &format_row_binary, &format_native};
const size_t format_count = sizeof formats / sizeof *formats;

const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < format_count; i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

bool arguments_open(struct arguments *arguments, const struct format *format, size_t count, uint64_t limit,
                    struct input *in)
{
    *arguments = (struct arguments){.format = format, .count = count, .limit = limit, .in = in};
    return !format->arguments_open || format->arguments_open(arguments);
}

void arguments_close(struct arguments *arguments)
{
    if (arguments->format->arguments_close)
        arguments->format->arguments_close(arguments);
}

enum next arguments_fail(struct arguments *arguments, const char *problem)
{
    snprintf(arguments->problem, sizeof arguments->problem, "%s", problem);
    return NEXT_FAILED;
}

enum next arguments_broken(struct arguments *arguments, enum input_result result)
{
    if (result == INPUT_END)
        return arguments_fail(arguments, "the input ends in the middle of a row");
    if (result == INPUT_NO_MEMORY)
        return arguments_fail(arguments, "out of memory");
    return NEXT_FAILED;
}

bool results_open(struct results *results, const struct format *format, const struct function *function,
                  struct output *out)
{
    *results = (struct results){.format = format, .function = function, .out = out};
    return format->results_open(results);
}

void results_close(struct results *results)
{
    arena_free(&results->arena);
}
