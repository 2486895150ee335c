#include "wire/format.h"

#include <stdio.h>

#include "wire/arguments.h"
#include "wire/results.h"

static const char *const names[] = {
    [FORMAT_LINE] = "LineAsString", [FORMAT_ROW_BINARY] = "RowBinary", [FORMAT_NATIVE] = "Native"};

bool format_find(const char *name, enum format *format)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

const char *format_name(enum format format)
{
    return names[format];
}

struct run {
    struct function *function;
    struct input in;
    struct output out;
    struct arguments arguments;
    struct results results;
};

/* Nobody waits for an answer that we hold back while we wait for input. */
static bool send_answers(void *context)
{
    struct run *run = context;
    results_end_block(&run->results);
    return output_flush(&run->out);
}

/* A message that is not taken into memory: unnest hands it on as it is, the others answer without it. */
static enum next answer_huge(struct run *run)
{
    struct arguments *arguments = &run->arguments;
    if (run->function->kind == FUNCTION_UNNEST) {
        results_put_begin(&run->results, arguments->huge_size);
        enum next next = arguments_drain(arguments, &run->out);
        results_put_end(&run->results);
        return next;
    }
    enum next next = arguments_drain(arguments, NULL);
    if (next != NEXT_ROW)
        return next;
    char reason[96] = "out of memory";
    if (!arguments->no_memory)
        snprintf(reason, sizeof reason, "message of %llu bytes is over the limit of %llu",
                 (unsigned long long)arguments->huge_size, (unsigned long long)arguments->most);
    struct answer answer = function_refuse(run->function, text_of(reason));
    results_add(&run->results, &answer);
    return NEXT_ROW;
}

static enum next answer_all(struct run *run)
{
    for (;;) {
        struct text texts[FUNCTION_ARGUMENTS];
        enum next next = arguments_next(&run->arguments, texts);
        if (next == NEXT_ROW) {
            struct answer answer = function_call(run->function, texts);
            results_add(&run->results, &answer);
        } else if (next == NEXT_HUGE) {
            next = answer_huge(run);
        }
        if (next != NEXT_ROW)
            return next;
        if (run->arguments.block_ended)
            results_end_block(&run->results);
        if (run->out.failed)
            return NEXT_FAILED;
    }
}

bool format_run(enum format format, struct function *function, const struct channel *channel, uint64_t most,
                char *problem)
{
    struct run run = {.function = function};
    arguments_open(&run.arguments, format, function->argument_count, most, &run.in);
    enum next end = NEXT_FAILED;
    *problem = '\0';
    if (input_open(&run.in, channel) && output_open(&run.out, channel, results_room(function)) &&
        results_open(&run.results, format, function, &run.out)) {
        run.in.idle = send_answers;
        run.in.idle_context = &run;
        end = answer_all(&run);
        /* The rows before a fault in the input are answered. */
        if (!run.out.failed && !send_answers(&run))
            end = NEXT_FAILED;
        snprintf(problem, FORMAT_PROBLEM, "%s", run.arguments.problem);
    } else {
        snprintf(problem, FORMAT_PROBLEM, "out of memory");
    }
    results_close(&run.results);
    arguments_close(&run.arguments);
    output_close(&run.out);
    input_close(&run.in);
    return end == NEXT_END;
}
