#include "serve.h"

#include <stdio.h>

#include "json/json.h"

_Static_assert(STREAM_PADDING >= JSON_PADDING, "messages are parsed where the input holds them");

struct serving {
    struct function *function;
    struct input in;
    struct output out;
    struct arguments arguments;
    struct results results;
};

/* Nobody waits for an answer that we hold back while we wait for input: but within a block of the input its sender is still
 * sending, and each block of the answer costs its reader as much as many rows. */
static bool send_answers(void *context)
{
    struct serving *serving = context;
    if (!serving->arguments.in_block)
        results_end_block(&serving->results);
    return output_flush(&serving->out);
}

/* A message that is not taken into memory: some functions hand it on as it stands, the others answer without it. */
static enum next answer_huge(struct serving *serving)
{
    struct arguments *arguments = &serving->arguments;
    if (!serving->function->kind->refuse) {
        results_begin_string(&serving->results, arguments->huge_size);
        enum next next = arguments_drain(arguments, &serving->out);
        results_end_string(&serving->results);
        return next;
    }
    enum next next = arguments_drain(arguments, NULL);
    if (next != NEXT_ROW)
        return next;
    char reason[96] = "out of memory";
    if (!arguments->no_memory)
        snprintf(reason, sizeof reason, "message of %llu bytes is over the limit of %llu",
                 (unsigned long long)arguments->huge_size, (unsigned long long)arguments->limit);
    struct answer answer = function_refuse(serving->function, text_of(reason));
    results_add(&serving->results, &answer);
    return NEXT_ROW;
}

static enum next answer_all(struct serving *serving)
{
    for (;;) {
        struct text texts[FUNCTION_ARGUMENTS];
        enum next next = arguments_next(&serving->arguments, texts);
        if (next == NEXT_ROW) {
            struct answer answer = function_call(serving->function, texts);
            results_add(&serving->results, &answer);
        } else if (next == NEXT_HUGE) {
            next = answer_huge(serving);
        }
        if (next != NEXT_ROW)
            return next;
        if (!serving->arguments.in_block)
            results_end_block(&serving->results);
        if (serving->out.failed)
            return NEXT_FAILED;
    }
}

bool serve(struct function *function, const struct format *format, const struct channel *channel,
           uint64_t limit, char *problem)
{
    struct serving serving = {.function = function};
    bool open = arguments_open(&serving.arguments, format, function->argument_count, limit, &serving.in);
    enum next end = NEXT_FAILED;
    *problem = '\0';
    if (open && input_open(&serving.in, channel) &&
        output_open(&serving.out, channel, results_row_limit(function)) &&
        results_open(&serving.results, format, function, &serving.out)) {
        serving.in.idle = send_answers;
        serving.in.idle_context = &serving;
        end = answer_all(&serving);
        /* The rows before a fault in the input are answered. */
        serving.arguments.in_block = false;
        if (!serving.out.failed && !send_answers(&serving))
            end = NEXT_FAILED;
        snprintf(problem, FORMAT_PROBLEM, "%s", serving.arguments.problem);
    } else {
        snprintf(problem, FORMAT_PROBLEM, "out of memory");
    }
    results_close(&serving.results);
    arguments_close(&serving.arguments);
    output_close(&serving.out);
    input_close(&serving.in);
    return end == NEXT_END;
}
