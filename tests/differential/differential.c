/* Every message has one answer, whatever way it takes: random layouts, and for each a stream of messages that resemble each other,
 * decoded with and without shapes, in a stream and alone, on both JSON back ends and all levels of SIMD instructions.
 *
 *     differential [seed=N] [messages=N] [case=N] [differences=N]
 *
 * Ends with status 1 and shows the reduced case where a row differs, or where a kind of message takes the fast path too seldom. */
#include <stdio.h>
#include <stdlib.h>

#include "base/simd.h"
#include "reduce.h"

#define MESSAGES_A_CASE 100

struct options {
    uint64_t seed, messages, only, differences;
};

/* The fast path is to take at least half of the messages of these kinds. */
static const struct {
    const char *name;
    bool learned;
} kinds[MESSAGE_KINDS] = {
    [MESSAGE_ENVELOPE] = {"envelope", true},   [MESSAGE_WRAPPED] = {"wrapped", true},
    [MESSAGE_UNWRAPPED] = {"unwrapped", true}, [MESSAGE_FLATTENED] = {"flattened", true},
    [MESSAGE_ROUTER] = {"router", true},       [MESSAGE_OTHER] = {"other", true},
    [MESSAGE_SKIPPED] = {"skipped", true},
};

static struct setting setting_of(uint64_t number)
{
    const size_t levels = simd_count();
    struct setting setting = {.alone = 8};
    setting.levels[SIMDJSON] = simd_name((enum simd_level)(levels - 1 - number % levels));
    setting.levels[CJSON] = simd_name((enum simd_level)(number / levels % levels));
    return setting;
}

static void show(uint64_t seed, uint64_t number, const struct layout_parts *layout,
                 const struct stream *stream, const struct setting *setting,
                 const struct difference *difference)
{
    struct buffer json = {0};
    put_layout(&json, layout);
    printf("\nDIFFERENCE seed=%llu case=%llu %s; simdjson %s, cJSON %s\n%.*s\n", (unsigned long long)seed,
           (unsigned long long)number, way_name(difference->way), setting->levels[SIMDJSON],
           setting->levels[CJSON], (int)json.size, json.data);
    for (unsigned i = 0; i < stream->count; i++) {
        const struct text message = stream_message(stream, i);
        printf("%s\t%.*s\n", i + 1 == stream->count ? "differs" : "before", (int)message.size, message.data);
    }
    printf("expected\t%.*s\nanswered\t%.*s\n", (int)difference->rows[0].size, difference->rows[0].data,
           (int)difference->rows[1].size, difference->rows[1].data);
    buffer_free(&json);
}

/* A case: a layout, and messages for it. */
struct trial {
    struct layout_parts layout;
    struct stream stream;
};

/* Changes the layout until some of the first messages are events, or, in some cases, skipped. False where they are not. */
static bool bring_together(struct trial *trial, struct chance *chance)
{
    struct buffer json = {0}, reason = {0};
    bool wanted = false, changed = true;
    const bool skipped = chance_in(chance, 15);
    for (unsigned tries = 0; tries < 24 && !wanted && changed; tries++) {
        json.size = 0;
        put_layout(&json, &trial->layout);
        const enum outcome outcome =
            outcome_of(buffer_view(&json), stream_message(&trial->stream, tries % 3), &reason);
        wanted = outcome == OUTCOME_EVENT || (skipped && outcome == OUTCOME_SKIPPED);
        changed = wanted || layout_yield(&trial->layout, chance, buffer_view(&reason)) || tries < 3;
    }
    buffer_free(&json);
    buffer_free(&reason);
    return wanted;
}

/* Half of the cases are ordinary: those whose messages the fast path is to take. */
static unsigned oddity_of(uint64_t number)
{
    static const unsigned oddities[] = {0, 6, 2, 15, 2, 40};
    return oddities[number % (sizeof oddities / sizeof *oddities)];
}

#define ORDINARY 2

static void make_trial(struct trial *trial, uint64_t seed, uint64_t number)
{
    static struct world world;
    struct chance chance = chance_of(seed, number);
    for (unsigned tries = 0; tries < 5; tries++) {
        const enum form form = stream_form(&chance);
        layout_parts_free(&trial->layout);
        world_make(&world, &chance, oddity_of(number));
        layout_make(&trial->layout, &chance, &world, form);
        stream_make(&trial->stream, &chance, &world, form, MESSAGES_A_CASE);
        if (bring_together(trial, &chance) || chance_in(&chance, 10))
            return;
    }
}

/* Adds what one stream has shown. A kind of which a stream has but a few messages repeats nothing, and does not count. */
static void add_figures(struct figures *all, const struct figures *stream)
{
    all->messages += stream->messages;
    all->events += stream->events;
    all->skipped += stream->skipped;
    all->errors += stream->errors;
    for (unsigned kind = 0; kind < MESSAGE_KINDS; kind++) {
        if (stream->kinds[kind] < MESSAGES_A_CASE / 4)
            continue;
        all->kinds[kind] += stream->kinds[kind];
        all->hits[kind] += stream->hits[kind];
    }
}

/* Runs one case; answers whether all rows were the same. */
static bool run_case(uint64_t seed, uint64_t number, struct figures figures[2])
{
    static struct trial trial;
    struct figures shown = {0};
    const struct setting setting = setting_of(number);
    struct buffer json = {0};
    make_trial(&trial, seed, number);
    put_layout(&json, &trial.layout);
    struct difference difference = compare(buffer_view(&json), &trial.stream, &setting, &shown);
    add_figures(&figures[oddity_of(number) > ORDINARY], &shown);
    buffer_free(&json);
    if (!difference.found)
        return true;
    difference = reduce(&trial.layout, &trial.stream, &setting, difference);
    show(seed, number, &trial.layout, &trial.stream, &setting, &difference);
    difference_free(&difference);
    return false;
}

static double share(const struct figures *figures, unsigned kind)
{
    return figures->kinds[kind] ? 100.0 * (double)figures->hits[kind] / (double)figures->kinds[kind] : 0.0;
}

static bool show_figures(const struct figures figures[2], bool enough)
{
    const struct figures *ordinary = &figures[0], *odd = &figures[1];
    bool holds = true;
    printf(
        "%llu messages: %llu events, %llu skipped, %llu errors; by the fast path, in ordinary streams and in odd ones:\n",
        (unsigned long long)(ordinary->messages + odd->messages),
        (unsigned long long)(ordinary->events + odd->events),
        (unsigned long long)(ordinary->skipped + odd->skipped),
        (unsigned long long)(ordinary->errors + odd->errors));
    for (unsigned kind = 0; kind < MESSAGE_KINDS; kind++) {
        const bool seldom = enough && kinds[kind].learned && 2 * ordinary->hits[kind] < ordinary->kinds[kind];
        printf("%-10s %10llu of %10llu (%.1f %%), %10llu of %10llu (%.1f %%)%s\n", kinds[kind].name,
               (unsigned long long)ordinary->hits[kind], (unsigned long long)ordinary->kinds[kind],
               share(ordinary, kind), (unsigned long long)odd->hits[kind],
               (unsigned long long)odd->kinds[kind], share(odd, kind), seldom ? ": below half" : "");
        holds &= !seldom;
    }
    return holds;
}

static struct options read_options(int count, char **arguments)
{
    struct options options = {.seed = 1, .messages = 100000, .only = UINT64_MAX, .differences = 1};
    static const char *const names[] = {"seed=", "messages=", "case=", "differences="};
    uint64_t *const values[] = {&options.seed, &options.messages, &options.only, &options.differences};
    for (int i = 1; i < count; i++) {
        size_t j = 0;
        while (j < 4 && strncmp(arguments[i], names[j], strlen(names[j])) != 0)
            j++;
        if (j == 4) {
            fprintf(stderr, "differential: %s is none of seed=N, messages=N, case=N, differences=N\n",
                    arguments[i]);
            exit(2);
        }
        *values[j] = strtoull(arguments[i] + strlen(names[j]), NULL, 10);
    }
    return options;
}

int main(int count, char **arguments)
{
    const struct options options = read_options(count, arguments);
    static struct figures figures[2];
    uint64_t differences = 0;
    if (options.only != UINT64_MAX)
        return run_case(options.seed, options.only, figures) ? 0 : 1;
    printf("seed=%llu\n", (unsigned long long)options.seed);
    for (uint64_t number = 0;
         number * MESSAGES_A_CASE < options.messages && differences < options.differences; number++)
        differences += !run_case(options.seed, number, figures);
    const bool often = show_figures(figures, options.messages >= 50000 && differences == 0);
    printf(differences ? "%llu differences\n" : "no difference\n", (unsigned long long)differences);
    return differences == 0 && often ? 0 : 1;
}
