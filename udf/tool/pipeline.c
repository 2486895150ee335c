#include "tool/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/files.h"
#include "tool/pipeline_files.h"
#include "tool/pipeline_words.h"

#define SQL_FILE_LIMIT ((size_t)4 << 20) /* bytes of a file of SQL */
#define OPERATIONS "operations/"

enum { STATUS_SYSTEM = 1, STATUS_CALL = 2 }; /* as call.h has them */

struct writing {
    const struct pipeline_options *options;
    const struct layout *layout;
    struct arena *arena;
    struct words *words;
    struct buffer *out;
    char *problem;
    int status; /* 0: so far all went well */
};

static const struct pipeline_file *find(const char *name)
{
    for (size_t i = 0; i < pipeline_file_count; i++)
        if (strcmp(pipeline_files[i].name, name) == 0)
            return &pipeline_files[i];
    return NULL;
}

static void render(struct writing *writing, const char *name, struct text text)
{
    size_t line;
    if (!template_render(text, writing->words, writing->out, &line)) {
        snprintf(writing->problem, PIPELINE_PROBLEM, "%s, line %zu: a line that begins with `--|` is wrong",
                 name, line - 1);
        writing->status = STATUS_SYSTEM;
    } else if (!writing->out->failed) {
        buffer_put(writing->out, TEXT("\n"));
    }
}

/* A file of the program, where the condition (a word; NULL: none) holds. */
static void put(struct writing *writing, const char *name, const char *condition)
{
    const struct pipeline_file *file = find(name);
    if (!file) {
        snprintf(writing->problem, PIPELINE_PROBLEM, "sql/pipeline/%s.sql is not in this program", name);
        writing->status = STATUS_SYSTEM;
    } else if (writing->status == 0 && (!condition || words_get(writing->words, condition).size > 0)) {
        render(writing, name, text_of(file->text));
    }
}

/* A file of the user's. */
static void put_file(struct writing *writing, const char *path)
{
    size_t size;
    if (writing->status != 0)
        return;
    char *text = host_read_file(path, SQL_FILE_LIMIT, &size);
    if (text) {
        render(writing, path, (struct text){text, size});
    } else {
        snprintf(writing->problem, PIPELINE_PROBLEM, "%s: %s", path, strerror(errno));
        writing->status = STATUS_SYSTEM;
    }
    free(text);
}

/* Whether the operation can be had: some write rows of a table, or look at the source's table, whose words are set then. */
static bool serves(struct writing *writing, const struct pipeline_file *file)
{
    const bool asks = strstr(file->text, "{source}"), of_rows = asks || strstr(file->text, "{also_row}");
    const char *source = writing->options->source, *refusal = NULL;
    if (of_rows && words_get(writing->words, "rows").size == 0)
        refusal = "is for --kind rows";
    else if (asks && !source)
        refusal = "needs --source, such as \"postgresql(shop_postgres, table = 'tickets')\"";
    if (refusal)
        snprintf(writing->problem, PIPELINE_PROBLEM, "--operation %s %s", writing->options->operation,
                 refusal);
    else if (!asks ||
             pipeline_source(source, writing->layout, writing->arena, writing->words, writing->problem))
        return true;
    writing->status = STATUS_CALL;
    return false;
}

static void put_operation(struct writing *writing)
{
    char name[64], known[512] = "";
    int length = snprintf(name, sizeof name, OPERATIONS "%s", writing->options->operation);
    if (length > 0 && (size_t)length < sizeof name && find(name)) {
        if (serves(writing, find(name)))
            put(writing, name, NULL);
        return;
    }
    size_t size = 0;
    for (size_t i = 0; i < pipeline_file_count && size < sizeof known; i++)
        if (strncmp(pipeline_files[i].name, OPERATIONS, sizeof OPERATIONS - 1) == 0)
            size += (size_t)snprintf(known + size, sizeof known - size, "%s%s", size ? ", " : "",
                                     pipeline_files[i].name + sizeof OPERATIONS - 1);
    snprintf(writing->problem, PIPELINE_PROBLEM, "--operation `%s`: use one of %s",
             writing->options->operation, known);
    writing->status = STATUS_CALL;
}

/* In this order: nothing is consumed before all that takes it up is there. */
static void put_pipeline(struct writing *writing)
{
    static const struct {
        const char *file, *condition;
    } first[] = {{"01_checks", NULL},  {"02_pipelines", NULL}, {"03_dead_letters", NULL},
                 {"04_minutes", NULL}, {"05_offsets", NULL},   {"10_decoded", NULL},
                 {"20_rows", "rows"},  {"21_events", "events"}},
      last[] = {{"30_raw", "keep_raw"},
                {"40_dead_letters_mv", NULL},
                {"41_minutes_mv", NULL},
                {"42_offsets_mv", NULL},
                {"50_pipeline", NULL},
                {"60_status", NULL},
                {"62_cluster_status", "cluster"},
                {"63_watch", NULL},
                {"61_alerts", NULL},
                {"64_metrics", NULL}};
    put(writing, "00_head", NULL);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        put(writing, first[i].file, first[i].condition);
    if (writing->options->target)
        put_file(writing, writing->options->target);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        put(writing, last[i].file, last[i].condition);
    for (size_t i = 0; i < writing->options->file_count; i++)
        put_file(writing, writing->options->files[i]);
    put(writing, "90_kafka", NULL);
}

int pipeline_write(const struct pipeline_options *options, const struct layout *layout, struct buffer *out,
                   char *problem)
{
    struct arena arena = {.blocks = NULL};
    struct words words = {.count = 0};
    struct writing writing = {.options = options,
                              .layout = layout,
                              .arena = &arena,
                              .words = &words,
                              .out = out,
                              .problem = problem};
    *problem = '\0';
    if ((options->diff != NULL) + (options->remove != NULL) + (options->operation != NULL) > 1) {
        snprintf(problem, PIPELINE_PROBLEM, "give one of --diff, --remove and --operation");
        writing.status = STATUS_CALL;
    } else if (!pipeline_words(options, layout, &arena, &words, problem) && !arena.failed) {
        writing.status = STATUS_CALL;
    } else if (!arena.failed) {
        if (options->operation)
            put_operation(&writing);
        else if (options->diff)
            put(&writing, "70_diff", NULL);
        else if (options->remove)
            put(&writing, "80_remove", NULL);
        else
            put_pipeline(&writing);
    }
    if (writing.status == 0 && (arena.failed || out->failed)) {
        snprintf(problem, PIPELINE_PROBLEM, "out of memory");
        writing.status = STATUS_SYSTEM;
    }
    arena_free(&arena);
    return writing.status;
}
