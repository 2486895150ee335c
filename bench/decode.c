/* The decoder alone, in this process: messages in memory to rows in RowBinary, against other JSON libraries that do the same
 * work. What they answer is compared first; then rounds, in each of which everybody takes all messages once.
 *
 *     decode [--quick] [KIND...]      every kind of message, then forms, levels, sizes and times; or those that are named
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/simd.h"
#include "rivals.h"
#include "wire/format.h"
#include "json/json.h"

#define ROUNDS 9
#define BYTES ((size_t)16 << 20) /* of messages of each kind: more than the caches hold */

static const char *folder; /* where `generate` lies */
static struct layout *layout;
static struct arena rival_arena; /* for values that take more than a struct value: this layout has none */
static unsigned rounds = ROUNDS;
static size_t bytes = BYTES;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "decode: %s\n", what);
    exit(1);
}

/* CPU time: on a busy machine the others do not count. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ---- Messages ------------------------------------------------------------------------------------------------------------ */

struct messages {
    char *data;
    size_t size, count, longest;
    struct text *texts;
};

static void *grown(void *data, size_t size)
{
    data = realloc(data, size);
    if (!data)
        fail("out of memory");
    return data;
}

/* The output of `generate KIND COUNT SIZE`, up to `most` bytes of it. */
static struct messages generate(const char *kind, size_t count, size_t size, size_t most)
{
    char command[4096];
    struct messages messages = {.size = 0};
    snprintf(command, sizeof command, "exec '%s/generate' %s %zu %zu 2>/dev/null", folder, kind, count, size);
    FILE *pipe = popen(command, "r");
    char *line = NULL;
    size_t room = 0, capacity = 0;
    ssize_t length;
    size_t *starts = NULL;
    while (pipe && messages.size < most && (length = getline(&line, &room, pipe)) > 0) {
        if (messages.size + (size_t)length + JSON_PADDING > capacity) {
            capacity = 2 * (capacity + (size_t)length + JSON_PADDING);
            messages.data = grown(messages.data, capacity);
        }
        starts = grown(starts, (messages.count + 2) * sizeof *starts);
        memcpy(messages.data + messages.size, line, (size_t)length);
        starts[messages.count++] = messages.size;
        starts[messages.count] = messages.size += (size_t)length;
    }
    if (pipe)
        pclose(pipe);
    free(line);
    if (messages.count == 0)
        fail("`generate` beside this program gave no messages");
    memset(messages.data + messages.size, ' ', JSON_PADDING);
    messages.texts = grown(NULL, messages.count * sizeof *messages.texts);
    for (size_t i = 0; i < messages.count; i++) {
        messages.texts[i] = (struct text){messages.data + starts[i], starts[i + 1] - starts[i] - 1};
        if (messages.texts[i].size > messages.longest)
            messages.longest = messages.texts[i].size;
    }
    free(starts);
    return messages;
}

static void forget(struct messages *messages)
{
    free(messages->data);
    free(messages->texts);
}

/* ---- Who is measured ----------------------------------------------------------------------------------------------------- */

enum { OURS, GENERAL, FIRST_RIVAL };

static const struct rival *const rivals[] = {
#ifdef WITH_RIVALS
    &rival_ondemand, &rival_dom, &rival_yyjson, &rival_cjson,
#endif
    NULL};

#define CONTENDERS_MOST 8

static const char *contender_name(size_t who)
{
    return who == OURS      ? "debezium-udf"
           : who == GENERAL ? "debezium-udf, no shape known"
                            : rivals[who - FIRST_RIVAL]->name;
}

static size_t contender_count(void)
{
    size_t count = FIRST_RIVAL;
    while (rivals[count - FIRST_RIVAL])
        count++;
    return count;
}

/* A decoder or a rival, with what it writes to. */
struct contender {
    const struct rival *rival;
    void *state;
    struct function function;
    struct channel channel;
    struct output out;
    struct results results;
    struct value values[RIVAL_COLUMNS];
    struct row row;
};

static bool discard(void *context, const char *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    return true;
}

static void contender_open(struct contender *contender, size_t who, size_t longest)
{
    *contender = (struct contender){.channel = {NULL, discard, NULL}};
    bool open = function_open(&contender->function, &functions[FUNCTION_DECODE],
                              &(struct function_options){.layout = layout}) &&
                output_open(&contender->out, &contender->channel, results_row_limit(&contender->function)) &&
                results_open(&contender->results, &format_row_binary, &contender->function, &contender->out);
    if (open && who == GENERAL)
        open = decoder_use_shapes(contender->function.decoder, false);
    if (open && who >= FIRST_RIVAL) {
        contender->rival = rivals[who - FIRST_RIVAL];
        contender->state = contender->rival->open(longest);
        open = contender->state != NULL;
    }
    if (!open)
        fail("out of memory");
}

static void contender_close(struct contender *contender)
{
    if (contender->state)
        contender->rival->close(contender->state);
    results_close(&contender->results);
    output_close(&contender->out);
    function_close(&contender->function);
}

/* ---- A rival's values to a row, by the decoder's own conversions --------------------------------------------------------- */

static bool take_number(const struct rival_value *from, const struct type *type, struct value *to,
                        char text[32])
{
    if (type->kind == TYPE_FLOAT64) {
        to->as.real = from->kind == RIVAL_REAL      ? from->as.real
                      : from->kind == RIVAL_INTEGER ? (double)from->as.integer
                                                    : (double)from->as.natural;
        return true;
    }
    uint64_t natural = from->kind == RIVAL_REAL      ? (uint64_t)from->as.real
                       : from->kind == RIVAL_INTEGER ? (uint64_t)from->as.integer
                                                     : from->as.natural;
    if (type->kind == TYPE_STRING) {
        to->as.text = (struct text){text, (size_t)snprintf(text, 32, "%llu", (unsigned long long)natural)};
        return true;
    }
    to->as.natural = natural;
    return type->width == 8 || natural >> 8 * type->width == 0;
}

static bool take_value(const struct rival_value *from, const struct column *column, struct value *to)
{
    static char text[32];
    struct json_value value = {.text = from->text};
    *to = (struct value){.null = false};
    switch (from->kind) {
    case RIVAL_ABSENT:
        return false;
    case RIVAL_INTEGER:
    case RIVAL_NATURAL:
    case RIVAL_REAL:
        return take_number(from, &column->as.type, to, text);
    case RIVAL_STRING:
        value.kind = VALUE_STRING;
        break;
    case RIVAL_RAW:
        value.kind = from->text.data[0] == '{' || from->text.data[0] == '[' ? VALUE_CONTAINER : VALUE_NUMBER;
        break;
    case RIVAL_FALSE:
    case RIVAL_TRUE:
        value.kind = from->kind == RIVAL_TRUE ? VALUE_TRUE : VALUE_FALSE;
        value.text = from->kind == RIVAL_TRUE ? TEXT("true") : TEXT("false");
        break;
    }
    return convert(&value, &column->as, &rival_arena, to);
}

static bool fill_row(struct contender *contender, const struct rival_row *read)
{
    for (size_t i = 0; i < RIVAL_COLUMNS; i++) {
        const struct column *column = &layout->columns[i];
        const struct rival_value *value = &read->values[i];
        bool absent = value->kind == RIVAL_ABSENT || (value->kind == RIVAL_STRING && value->text.size == 0);
        if (!absent && take_value(value, column, &contender->values[i]))
            continue;
        if (column->required || !(absent || column->lenient))
            return false;
        contender->values[i] = column->absent;
    }
    return true;
}

static const struct row *rival_row(struct contender *contender, struct text message)
{
    struct rival_row read;
    memset(&read, 0, sizeof read);
    contender->row = (struct row){OUTCOME_EVENT, {NULL, 0}, contender->values};
    bool valid = contender->rival->read(contender->state, message, &read);
    bool wanted = valid && (text_equal(read.op, TEXT("c")) || text_equal(read.op, TEXT("r"))) &&
                  (text_equal(read.aggregate_type, TEXT("event")) ||
                   text_equal(read.aggregate_type, TEXT("assignment")));
    if (wanted && fill_row(contender, &read))
        return &contender->row;
    contender->row.outcome = valid && !wanted ? OUTCOME_SKIPPED : OUTCOME_ERROR;
    for (size_t i = 0; i < RIVAL_COLUMNS; i++)
        contender->values[i] = type_default(&layout->columns[i].as.type);
    return &contender->row;
}

static enum outcome answer_one(struct contender *contender, struct text message)
{
    struct answer answer;
    if (contender->rival) {
        const struct row *row = rival_row(contender, message);
        answer = (struct answer){row, row->values};
    } else {
        answer = function_call(&contender->function, &message);
    }
    results_add(&contender->results, &answer);
    return answer.row->outcome;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------------- */

/* Everybody's row of every message against the general decoder's; a rival has no reasons. */
static void compare(const char *kind, const struct messages *messages, size_t count)
{
    struct contender contenders[CONTENDERS_MOST];
    for (size_t who = 0; who < count; who++)
        contender_open(&contenders[who], who, messages->longest);
    struct output *expected = &contenders[GENERAL].out;
    for (size_t i = 0; i < messages->count; i++) {
        expected->size = 0;
        enum outcome outcome = answer_one(&contenders[GENERAL], messages->texts[i]);
        for (size_t who = 0; who < count; who++) {
            struct output *out = &contenders[who].out;
            if (who == GENERAL)
                continue;
            out->size = 0;
            bool same = answer_one(&contenders[who], messages->texts[i]) == outcome;
            if (outcome == OUTCOME_EVENT || who == OURS)
                same =
                    same && out->size == expected->size && memcmp(out->data, expected->data, out->size) == 0;
            if (!same) {
                fprintf(stderr, "decode: %s: %s differs in message %zu: %.*s\n", kind, contender_name(who), i,
                        (int)text_cut(messages->texts[i], 4000).size, messages->texts[i].data);
                exit(1);
            }
        }
    }
    for (size_t who = 0; who < count; who++)
        contender_close(&contenders[who]);
}

/* ---- Timing -------------------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct measured {
    double times[ROUNDS]; /* of all messages, ns; sorted */
    struct shape_counts shapes;
};

/* A fresh decoder takes all messages once: what it must learn it learns within the time. */
static double round_of(size_t who, const struct messages *messages, struct shape_counts *shapes)
{
    struct contender contender;
    contender_open(&contender, who, messages->longest);
    double start = now();
    for (size_t i = 0; i < messages->count; i++)
        answer_one(&contender, messages->texts[i]);
    double time = now() - start;
    *shapes = decoder_shape_counts(contender.function.decoder);
    contender_close(&contender);
    return time;
}

static void measure(const struct messages *messages, struct measured *measured, size_t count)
{
    for (unsigned round = 0; round < rounds; round++)
        for (size_t who = 0; who < count; who++)
            measured[who].times[round] = round_of(who, messages, &measured[who].shapes);
    for (size_t who = 0; who < count; who++)
        qsort(measured[who].times, rounds, sizeof *measured[who].times, by_size);
}

static void print_measured(const struct messages *messages, const struct measured *measured, size_t count)
{
    for (size_t who = 0; who < count; who++) {
        const struct measured *one = &measured[who];
        double each = 1 / (double)messages->count;
        printf("| %s | %.0f | %.0f | %.2f |", contender_name(who), one->times[0] * each,
               one->times[rounds / 2] * each, (double)messages->size / one->times[0]);
        if (who == OURS)
            printf(" %.2f %% of a known shape |\n", 100 * (double)one->shapes.hits * each);
        else
            printf(" |\n");
    }
}

static void run_kind(const char *kind)
{
    struct messages messages = generate(kind, bytes / 200, 16500, bytes);
    struct measured measured[CONTENDERS_MOST];
    size_t count = contender_count();
    compare(kind, &messages, count);
    printf("#### %s: %zu messages, %zu bytes each\n\n", kind, messages.count, messages.size / messages.count);
    printf("| who | least ns a message | median | GB/s | |\n| --- | --- | --- | --- | --- |\n");
    measure(&messages, measured, count);
    print_measured(&messages, measured, count);
    if (count > FIRST_RIVAL)
        printf("\nTime over that of strict On-Demand: %.2f; with no shape known: %.2f\n",
               measured[OURS].times[0] / measured[FIRST_RIVAL].times[0],
               measured[GENERAL].times[0] / measured[FIRST_RIVAL].times[0]);
    printf("\n");
    fflush(stdout);
    forget(&messages);
}

/* ---- The forms of messages ---------------------------------------------------------------------------------------------- */

/* `more`: members to begin the layout with. */
static struct layout *read_layout(const char *more)
{
    char path[4096], problem[LAYOUT_PROBLEM];
    snprintf(path, sizeof path, "%s/../experiment_event.json", folder);
    FILE *file = fopen(path, "rb");
    char *json = calloc(1, (1 << 16) + JSON_PADDING);
    if (!file || !json)
        fail("no layout: run `make` first");
    size_t begun = strlen(more);
    memcpy(json, more, begun);
    size_t size = begun + fread(json + begun, 1, (1 << 16) - begun, file);
    fclose(file);
    /* The brace that the file begins with is before them. */
    if (begun > 0)
        json[begun] = ' ';
    struct layout *read = layout_parse(path, (struct text){json, size}, problem);
    free(json);
    if (!read)
        fail(problem);
    if (read->column_count != RIVAL_COLUMNS)
        fail("the rivals know another layout");
    return read;
}

static double form_line(const char *title, const char *kind, double envelope)
{
    struct messages messages = generate(kind, bytes / 200, 16500, bytes);
    struct measured measured[CONTENDERS_MOST];
    compare(kind, &messages, FIRST_RIVAL);
    measure(&messages, measured, FIRST_RIVAL);
    double each = 1 / (double)messages.count, ours = measured[OURS].times[0] * each;
    printf("| %s | %zu | %.0f | %.2f | %.2f %% | %.0f |\n", title, messages.size / messages.count, ours,
           envelope > 0 ? ours / envelope : 1.0, 100 * (double)measured[OURS].shapes.hits * each,
           measured[GENERAL].times[0] * each);
    fflush(stdout);
    forget(&messages);
    return ours;
}

/* Each form with the same payload, its time over the envelope's. */
static void run_forms(void)
{
    printf(
        "#### The forms of messages, by %s\n\n| form | bytes | ns a message | over the envelope | of a known shape | no "
        "shape known: ns |\n| --- | --- | --- | --- | --- | --- |\n",
        simd_name(simd_in_use()));
    double envelope = form_line("the envelope", "uniform", 0);
    form_line("with schemas", "wrapped", envelope);
    form_line("unwrapped", "unwrapped", envelope);
    form_line("flattened", "flattened", envelope);
    form_line("router", "router", envelope);
    form_line("skipped: an update of the outbox", "skipped", envelope);
    struct layout *kept = layout;
    layout = read_layout("{\"message\": \"row\",");
    form_line("bare row", "bare_row", envelope);
    layout_free(layout);
    layout = kept;
    printf("\n");
}

/* ---- Growth ---------------------------------------------------------------------------------------------------- */

#define LEAST_MESSAGES 8

/* Bytes of the payload's list; 0: a message without one. Messages of 300 bytes to 16 MB. */
static const size_t sizes[] = {0, 250, 1000, 4000, 16000, 64000, 256000, 1000000, 4000000, 13300000};

static void run_sizes(void)
{
    printf(
        "#### Message size\n\n| bytes | ns a message | ns a byte | no shape known: ns a byte |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i], most = size > bytes / LEAST_MESSAGES ? size * LEAST_MESSAGES : bytes;
        struct messages messages = generate(size ? "large" : "small", most / (size + 300) + 1, size, most);
        struct measured measured[CONTENDERS_MOST];
        measure(&messages, measured, FIRST_RIVAL);
        double each = 1 / (double)messages.count;
        printf("| %zu | %.0f | %.3f | %.3f |\n", messages.size / messages.count,
               measured[OURS].times[0] * each, measured[OURS].times[0] / (double)messages.size,
               measured[GENERAL].times[0] / (double)messages.size);
        fflush(stdout);
        forget(&messages);
    }
    printf("\n");
}

/* ---- The levels of SIMD instructions -------------------------------------------------------------------------------------- */

static void run_levels(void)
{
    static const char *const some[] = {"uniform", "mixed", "large"};
    printf(
        "#### The levels of SIMD instructions, shapes known\n\n| level | messages | ns a message | GB/s |\n"
        "| --- | --- | --- | --- |\n");
    for (size_t kind = 0; kind < sizeof some / sizeof *some; kind++) {
        struct messages messages = generate(some[kind], bytes / 200, 16500, bytes);
        for (size_t level = 0; level < simd_count(); level++) {
            struct measured measured[CONTENDERS_MOST];
            const char *name = simd_name((enum simd_level)level);
            simd_use(name);
            measure(&messages, measured, 1);
            printf("| %s | %s | %.0f | %.2f |\n", name, some[kind],
                   measured[OURS].times[0] / (double)messages.count,
                   (double)messages.size / measured[OURS].times[0]);
            fflush(stdout);
        }
        simd_use(NULL);
        forget(&messages);
    }
    printf("\n");
}

/* ---- Times --------------------------------------------------------------------------------------------------------------- */

#define TIMES 4096

static void run_times(void)
{
    static const char *const forms[] = {"2026-%02u-%02uT%02u:%02u:%02u.%06uZ",
                                        "2026-%02u-%02uT%02u:%02u:%02uZ", "2026-%02u-%02u %02u:%02u:%02u",
                                        "2026-%02u-%02uT%02u:%02u:%02u.%03u+02:00"};
    static char texts[TIMES][40];
    printf("#### An ISO timestamp to ticks\n\n| form | least ns | median |\n| --- | --- | --- |\n");
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        double times[ROUNDS];
        for (unsigned i = 0; i < TIMES; i++)
            /* Formats of fewer digits leave the last number out. */
            snprintf(texts[i], sizeof texts[i], forms[form], 1 + i % 12, 1 + i % 28, i % 24, i % 60,
                     i * 7 % 60, i * 7919 % 1000);
        struct text list[TIMES];
        for (unsigned i = 0; i < TIMES; i++)
            list[i] = text_of(texts[i]);
        int64_t sum = 0;
        for (unsigned round = 0; round < rounds; round++) {
            double start = now();
            for (unsigned repeat = 0; repeat < 50; repeat++) {
                for (unsigned i = 0; i < TIMES; i++) {
                    int64_t ticks;
                    if (!ticks_from_text(list[i], UNIT_AUTO, false, 6, &ticks))
                        fail("a timestamp is not read");
                    sum += ticks;
                }
            }
            times[round] = now() - start;
        }
        if (sum == 0)
            fail("timestamps are read as nothing");
        qsort(times, rounds, sizeof *times, by_size);
        printf("| `%s` | %.1f | %.1f |\n", texts[0], times[0] / TIMES / 50, times[rounds / 2] / TIMES / 50);
    }
    printf("\n");
}

/* ---- All of it ----------------------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {"uniform", "mixed",    "small",   "wrapped", "large", "bad",
                                    "shapes",  "nonascii", "escapes", "deep",    "keys"};

int main(int argc, char **argv)
{
    char *path = strdup(argv[0]), *slash = path ? strrchr(path, '/') : NULL;
    if (!slash)
        fail("call it by a path, as bench/run.py does");
    *slash = '\0';
    folder = path;
    layout = read_layout("");
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--quick") == 0) {
        rounds = 3;
        bytes = BYTES / 8;
        first++;
    }
    printf("%s\n\n", json_library());
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "levels") == 0)
            run_levels();
        else if (strcmp(argv[i], "forms") == 0)
            run_forms();
        else if (strcmp(argv[i], "sizes") == 0)
            run_sizes();
        else if (strcmp(argv[i], "times") == 0)
            run_times();
        else
            run_kind(argv[i]);
    }
    if (first == argc) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            run_kind(kinds[i]);
        run_forms();
        run_levels();
        run_sizes();
        run_times();
    }
    layout_free(layout);
    free(path);
    return 0;
}
