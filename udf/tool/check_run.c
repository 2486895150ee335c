/* The programs that a registration names, run on samples. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "host/child.h"
#include "tool/checking.h"
#include "json/json.h"

#define RUN_LIMIT 10000 /* milliseconds for all programs that are run */
#define WORDS_LIMIT 64

static const char *const samples[] = {"{\"op\":\"c\",\"source\":{},\"before\":null,\"after\":{}}",
                                      "{\"op\":\"d\",\"source\":{},\"before\":{\"id\":1},\"after\":null}",
                                      "{}",
                                      "x",
                                      "7",
                                      "2026-01-02T03:04:05Z"};
#define SAMPLES (sizeof samples / sizeof *samples)
#define SAMPLE_PATH "op"

/* ---- Bytes in and out ---------------------------------------------------------------------------------- */

struct bytes {
    char data[CHILD_ANSWER];
    size_t size;
    bool failed;
};

static bool put(void *context, const char *data, size_t size)
{
    struct bytes *bytes = context;
    bytes->failed = bytes->failed || size > sizeof bytes->data - bytes->size;
    if (bytes->failed)
        return false;
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return true;
}

/* A text of less than 128 bytes, its length before it. */
static void put_string(struct bytes *bytes, const char *text)
{
    const char size = (char)strlen(text);
    put(bytes, &size, 1);
    put(bytes, text, strlen(text));
}

/* All samples as the server sends them. */
static void put_samples(struct bytes *bytes, const struct format *format, size_t arguments)
{
    if (format == &format_native) {
        const char head[2] = {(char)arguments, (char)SAMPLES};
        put(bytes, head, 2);
    }
    for (size_t column = 0; format == &format_native && column < arguments; column++) {
        put_string(bytes, column ? "path" : "message");
        put_string(bytes, "String");
        for (size_t i = 0; i < SAMPLES; i++)
            put_string(bytes, column ? SAMPLE_PATH : samples[i]);
    }
    for (size_t i = 0; format == &format_row_binary && i < SAMPLES; i++) {
        put_string(bytes, samples[i]);
        if (arguments > 1)
            put_string(bytes, SAMPLE_PATH);
    }
    for (size_t i = 0; format == &format_line && i < SAMPLES; i++) {
        put(bytes, samples[i], strlen(samples[i]));
        put(bytes, "\n", 1);
    }
}

/* What this program answers. */
static bool put_answers(struct bytes *bytes, const struct format *format, struct function *function)
{
    const struct channel channel = {.write = put, .context = bytes};
    struct output out;
    struct results results;
    bool open = output_open(&out, &channel, results_row_limit(function)) &&
                results_open(&results, format, function, &out);
    for (size_t i = 0; open && i < SAMPLES; i++) {
        char message[128 + JSON_PADDING] = "";
        memcpy(message, samples[i], strlen(samples[i]));
        const struct text texts[FUNCTION_ARGUMENTS] = {{message, strlen(message)}, TEXT(SAMPLE_PATH)};
        struct answer answer = function_call(function, texts);
        results_add(&results, &answer);
    }
    if (open) {
        results_end_block(&results);
        open = output_flush(&out);
        results_close(&results);
    }
    output_close(&out);
    return open && !bytes->failed;
}

static bool expect(struct check *check, const struct registered_command *command, const struct layout *layout,
                   struct bytes *input, struct bytes *answers)
{
    struct function function;
    struct function_options options = {.layout = layout,
                                       .query = {.has_metadata_prefix = command->metadata_prefix.data,
                                                 .metadata_prefix = command->metadata_prefix,
                                                 .base64_documents = command->base64_documents,
                                                 .count = command->base64_count}};
    const struct format *format = registered_format(&check->arena, command);
    if ((command->kind->takes & FUNCTION_TAKES_PATH) && command->operand.data)
        options.path = arena_printf(&check->arena, "%.*s", TEXT_ARGUMENTS(command->operand)).data;
    bool done = function_open(&function, command->kind, &options);
    if (done) {
        put_samples(input, format, function.argument_count);
        done = put_answers(answers, format, &function);
    }
    function_close(&function);
    return done;
}

/* ---- The program --------------------------------------------------------------------------------------- */

static int time_left(struct check *check)
{
    const long long now = host_clock();
    if (!check->deadline)
        check->deadline = now + RUN_LIMIT;
    return check->deadline > now ? (int)(check->deadline - now) : 0;
}

/* What went wrong, as the end of a line. */
static const char *problem_of(struct check *check, const struct host_child *child)
{
    if (child->problem)
        return arena_printf(&check->arena, "cannot be started: %s", strerror(child->problem)).data;
    if (child->late && child->answer_size < child->expected)
        return "does not answer: it was killed";
    if (child->late)
        return "does not end with its input: it was killed";
    if (child->signal)
        return arena_printf(&check->arena, "was ended by signal %d (%s)", child->signal,
                            strsignal(child->signal))
            .data;
    return arena_printf(&check->arena, "fails with status %d: %s", child->exit_status, child->error).data;
}

void check_version(struct check *check, const char *path)
{
    struct host_child *child = malloc(sizeof *child);
    char name[] = "debezium-udf", option[] = "--version", *words[] = {name, option, NULL};
    if (!child)
        return;
    *child = (struct host_child){.path = path,
                                 .words = words,
                                 .user = check->user,
                                 .input = TEXT(""),
                                 .milliseconds = time_left(check)};
    const char *own = arena_printf(&check->arena, "debezium-udf %s (", program_version).data;
    if (!host_run_child(child))
        say(check, WRONG, "program %s %s: restore it with make install or the package", path,
            problem_of(check, child));
    else if (!text_starts((struct text){child->answer, child->answer_size}, text_of(own)))
        say(check, WRONG,
            "program %s is %.*s, and this check is of %s: run %s check, or put this version there", path,
            text_precision(child->answer_size ? child->answer_size - 1 : 0), child->answer, program_version,
            path);
    else
        check->runs = true;
    free(child);
}

/* The words of the command, the program first, for a call; false if they are too many. */
static bool split(struct arena *arena, struct text command, char **words)
{
    char *copy = arena_alloc(arena, command.size + 1);
    size_t count = 0;
    if (!copy)
        return false;
    memcpy(copy, command.data, command.size);
    copy[command.size] = '\0';
    for (char *word = strtok(copy, " "); word && count < WORDS_LIMIT; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    return count < WORDS_LIMIT;
}

struct trial {
    struct host_child child;
    struct bytes input, answers;
};

static bool run(struct check *check, struct trial *trial, const char *file, struct text name)
{
    struct host_child *child = &trial->child;
    const char *problem = NULL;
    if (!host_run_child(child))
        problem = problem_of(check, child);
    else if (*child->error)
        problem = arena_printf(&check->arena, "says on standard error: %s", child->error).data;
    else if (child->answer_size != trial->answers.size ||
             memcmp(child->answer, trial->answers.data, child->answer_size) != 0)
        problem = "does not answer a sample as this program does: put this version there";
    if (problem)
        say(check, WRONG, "registration %s: %.*s: its program %s", file, TEXT_ARGUMENTS(name), problem);
    return !problem;
}

bool check_runs(struct check *check, const char *file, struct text name, struct text words,
                const struct registered_command *command, const struct layout *layout)
{
    char *split_words[WORDS_LIMIT + 1];
    const int time = time_left(check);
    if (time == 0) {
        say(check, NOTE,
            "registration %s: %.*s: its program was not run, since another one took all the time", file,
            TEXT_ARGUMENTS(name));
        return false;
    }
    struct trial *trial = calloc(1, sizeof *trial);
    bool done = trial && split(&check->arena, words, split_words) &&
                expect(check, command, layout, &trial->input, &trial->answers);
    if (done) {
        trial->child =
            (struct host_child){.path = arena_printf(&check->arena, "%s/" PROGRAM_NAME, check->scripts).data,
                                .words = split_words,
                                .user = check->user,
                                .input = {trial->input.data, trial->input.size},
                                .expected = trial->answers.size,
                                .milliseconds = time};
        done = run(check, trial, file, name);
    } else {
        say(check, NOTE, "registration %s: %.*s: its program was not run: out of memory", file,
            TEXT_ARGUMENTS(name));
        done = true;
    }
    free(trial);
    return done;
}
