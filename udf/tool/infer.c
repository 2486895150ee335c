#include "tool/infer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "host/host.h"
#include "tool/infer_propose.h"

#define PENDING_LIMIT ((size_t)16 << 20) /* bytes of a message that is printed over several lines */

struct inference {
    const struct infer_options *options;
    struct sample sample;
    struct json_parser *parser;
    struct arena message;
    struct path_walk walk;
    struct view_options view;
    bool prefix_found; /* view.metadata_prefix is not the usual one */
    /* Lines of a message that is printed over several. */
    char *pending;
    size_t pending_size, pending_capacity;
};

/* ---- Messages --------------------------------------------------------------------------------------------- */

static bool parse(struct inference *inference, struct text text, struct json_doc *doc,
                  struct json_fault *fault)
{
    arena_reset(&inference->message);
    inference->walk.message++;
    return json_parse(inference->parser, &inference->message, text, inference->walk.depth, doc, fault);
}

static bool has_member(struct inference *inference, const struct view *view, struct text prefix,
                       const char *name)
{
    struct arena *arena = &inference->message;
    struct text key = arena_printf(arena, "%.*s%s", TEXT_ARGUMENTS(prefix), name);
    return json_member(view->doc, view->root, key, arena) != NULL;
}

/* Whether a row names its operation and source fields with another prefix than the usual one: PREFIXop is an operation, and there
 * is another source field beside it. */
static bool find_prefix(struct inference *inference, const struct view *view)
{
    static const char *const others[] = {"table",      "lsn", "source_ts_ms", "source_table",
                                         "source_lsn", "db",  "ts_ms"};
    struct arena *arena = &inference->message;
    for (const struct json_node *node = json_first(view->doc, view->root); node;
         node = json_after(view->doc, view->root, node)) {
        struct text key = json_key(view->doc, node, arena), value = json_text(view->doc, node, arena);
        if (!text_ends(key, TEXT("op")) || node->kind != JSON_STRING || value.size != 1 ||
            !strchr("crud", value.data[0]))
            continue;
        struct text prefix = {key.data, key.size - 2};
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
            if (!has_member(inference, view, prefix, others[i]))
                continue;
            inference->view.metadata_prefix = sample_keep(&inference->sample, prefix);
            return inference->prefix_found = inference->view.metadata_prefix.data &&
                                             view_index(&inference->sample.own, &inference->view);
        }
    }
    return false;
}

static void take_bare(struct inference *inference, const struct json_doc *doc)
{
    struct view_options rows = inference->view;
    struct view view;
    rows.rows = true;
    view_read(&rows, &inference->walk, doc, &view);
    if (view.verdict == VERDICT_ROW)
        sample_add_row(&inference->sample, &view, &inference->walk, true);
    else
        sample_add_reason(&inference->sample, view.reason, view.verdict == VERDICT_SKIPPED);
}

/* What is neither an envelope nor says that it is a row may be one all the same: a row or a router's document. */
static void take_refused(struct inference *inference, const struct json_doc *doc, const struct view *refused)
{
    struct view view;
    struct json_doc document;
    bool object =
        refused->root->kind == JSON_OBJECT && !text_starts(refused->reason, TEXT("unknown shape: flattened"));
    if (object && !inference->prefix_found && find_prefix(inference, refused)) {
        view_read(&inference->view, &inference->walk, doc, &view);
        sample_add_row(&inference->sample, &view, &inference->walk, false);
        return;
    }
    if (object) {
        take_bare(inference, doc);
    } else if (refused->root->kind == JSON_STRING &&
               document_in_text(&inference->walk, json_text(doc, refused->root, &inference->message),
                                &document) &&
               document.nodes->kind == JSON_OBJECT) {
        view = *refused;
        view.document = (struct node_ref){&document, document.nodes};
        sample_add_row(&inference->sample, &view, &inference->walk, false);
    } else {
        sample_add_reason(&inference->sample, refused->reason, false);
    }
}

/* Whether a row whose own columns have names of an envelope (op, source, after.x) was taken for one: its schema says that it is a
 * row, or its operation is none. */
static bool is_misread(struct inference *inference, const struct view *view)
{
    const struct image *row = &view->image[SPACE_ROW];
    bool root_is_row = row->node == view->root && row->naming != NAMED_BY_PREFIX;
    if (view->verdict != VERDICT_ROW || view->root->kind != JSON_OBJECT || root_is_row)
        return false;
    const struct json_node *name =
        json_member(view->schema.doc, view->schema.node, TEXT("name"), &inference->message);
    if (name && text_ends(json_text(view->schema.doc, name, &inference->message), TEXT(".Value")))
        return true;
    return view->op.size != 1 || view->op.data[0] < 'a' || view->op.data[0] > 'z';
}

static void take_document(struct inference *inference, const struct json_doc *doc)
{
    struct view view;
    view_read(&inference->view, &inference->walk, doc, &view);
    if (is_misread(inference, &view))
        take_bare(inference, doc);
    else if (view.verdict == VERDICT_ROW)
        sample_add_row(&inference->sample, &view, &inference->walk, false);
    else if (view.verdict == VERDICT_SKIPPED)
        sample_add_reason(&inference->sample, view.reason, true);
    else
        take_refused(inference, doc, &view);
}

/* A message, or a list of them. */
static void take_message(struct inference *inference, const struct json_doc *doc)
{
    if (doc->nodes->kind != JSON_ARRAY) {
        inference->sample.messages++;
        take_document(inference, doc);
        return;
    }
    struct arena texts = {.blocks = NULL};
    uint32_t count = 0;
    struct text *elements = arena_alloc(&texts, (doc->count + 1) * sizeof *elements);
    for (const struct json_node *node = json_first(doc, doc->nodes); node && elements;
         node = json_after(doc, doc->nodes, node))
        if (node->kind == JSON_OBJECT)
            elements[count++] = json_raw(doc, node);
    for (uint32_t i = 0; i < count; i++) {
        struct json_doc element;
        struct json_fault fault;
        inference->sample.messages++;
        if (parse(inference, elements[i], &element, &fault))
            take_document(inference, &element);
    }
    if (count == 0) {
        inference->sample.messages++;
        sample_add_reason(&inference->sample, TEXT("not an object"), false);
    }
    arena_free(&texts);
}

/* ---- Lines ------------------------------------------------------------------------------------------------ */

static void drop_pending(struct inference *inference)
{
    if (inference->pending_size == 0)
        return;
    inference->pending_size = 0;
    inference->sample.messages++;
    sample_add_reason(&inference->sample, TEXT("not JSON: it ends too early"), false);
}

static bool add_pending(struct inference *inference, struct text line)
{
    size_t size = inference->pending_size + line.size + 1;
    if (size > PENDING_LIMIT)
        return false;
    if (size + JSON_PADDING > inference->pending_capacity) {
        size_t capacity = 2 * (size + JSON_PADDING);
        char *grown = realloc(inference->pending, capacity);
        if (!grown)
            return false;
        inference->pending = grown;
        inference->pending_capacity = capacity;
    }
    if (line.size)
        memcpy(inference->pending + inference->pending_size, line.data, line.size);
    inference->pending[size - 1] = '\n';
    memset(inference->pending + size, 0, JSON_PADDING);
    inference->pending_size = size;
    return true;
}

/* A line behind one that began a message and did not end it. False if it is a message of its own. */
static bool take_continuation(struct inference *inference, struct text line)
{
    struct json_doc doc;
    struct json_fault fault;
    if (line.size && line.data[0] == '{' && parse(inference, line, &doc, &fault)) {
        drop_pending(inference);
        return false;
    }
    if (!add_pending(inference, line)) {
        drop_pending(inference);
        return true;
    }
    if (line.size == 0 || (line.data[0] != '}' && line.data[0] != ']'))
        return true;
    struct text whole = {inference->pending, inference->pending_size};
    if (!parse(inference, whole, &doc, &fault)) {
        drop_pending(inference);
        return true;
    }
    inference->pending_size = 0;
    take_message(inference, &doc);
    return true;
}

static void take_line(struct inference *inference, struct text line)
{
    struct sample *sample = &inference->sample;
    struct json_doc doc;
    struct json_fault fault;
    if (inference->pending_size > 0 && take_continuation(inference, line))
        return;
    /* A registry's number that holds a newline: the message goes on in the next line. */
    if (line.size > 0 && line.size < REGISTRY_HEADER && line.data[0] == '\0')
        return;
    if (line.size == 0 || text_equal(line, TEXT("NULL"))) {
        sample->messages++;
        sample_add_reason(sample, TEXT("tombstone"), true);
        return;
    }
    bool header = view_has_header(line);
    struct text body = view_body(line);
    if (parse(inference, body, &doc, &fault)) {
        take_message(inference, &doc);
        return;
    }
    bool begins = body.data[0] == '{' || body.data[0] == '[';
    if (fault.what && !header && begins && strcmp(fault.what, "unexpected end") == 0 &&
        add_pending(inference, line))
        return;
    sample->messages++;
    sample_add_reason(
        sample,
        header
            ? TEXT(
                  "not JSON behind a registry's header: Avro or Protobuf; set the connector's value.converter to "
                  "org.apache.kafka.connect.json.JsonConverter")
            : arena_printf(&inference->message, "not JSON: %s", fault.what ? fault.what : "out of memory"),
        false);
}

static struct text trim_line(struct text line, bool first)
{
    if (first && text_starts(line, TEXT("\xEF\xBB\xBF")))
        line = text_from(line, 3);
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

enum line_result { LINE_READ, LINE_HUGE, LINE_END, LINE_FAILED };

/* The next line, valid until the next call; `taken` is its size in the input. */
static enum line_result next_line(struct input *in, uint64_t limit, struct text *line, size_t *taken)
{
    size_t looked = 0;
    for (;;) {
        size_t size = input_size(in);
        const char *data = input_data(in);
        const char *end = size > looked ? memchr(data + looked, '\n', size - looked) : NULL;
        *line = (struct text){data, end ? (size_t)(end - data) : size};
        *taken = line->size + (end != NULL);
        if (line->size > limit)
            return LINE_HUGE;
        if (end)
            return LINE_READ;
        looked = size;
        enum input_result result = input_need(in, size + 1);
        line->data = input_data(in);
        if (result == INPUT_END)
            return size > 0 ? LINE_READ : LINE_END;
        if (result == INPUT_NO_MEMORY)
            return LINE_HUGE;
        if (result != INPUT_OK)
            return LINE_FAILED;
    }
}

/* Takes a line that is too long off the input. */
static enum line_result pass_line(struct input *in)
{
    for (;;) {
        size_t size = input_size(in);
        const char *end = size ? memchr(input_data(in), '\n', size) : NULL;
        input_take(in, end ? (size_t)(end - input_data(in)) + 1 : size);
        if (end)
            return LINE_READ;
        enum input_result result = input_need(in, 1);
        if (result != INPUT_OK)
            return result == INPUT_END ? LINE_READ : LINE_FAILED;
    }
}

static bool stay_idle(void *context)
{
    (void)context;
    return true;
}

static bool read_all(struct inference *inference, const struct channel *channel, char *problem)
{
    struct input in;
    struct text line;
    size_t taken;
    bool first = true;
    if (!input_open(&in, channel))
        return false;
    in.idle = stay_idle;
    enum line_result result;
    while ((result = next_line(&in, inference->options->message_limit, &line, &taken)) == LINE_READ ||
           result == LINE_HUGE) {
        if (result == LINE_READ) {
            take_line(inference, trim_line(line, first));
            input_take(&in, taken);
        } else {
            inference->sample.messages++;
            sample_add_reason(&inference->sample, TEXT("over the limit of --max-message"), false);
            if (pass_line(&in) == LINE_FAILED)
                result = LINE_FAILED;
        }
        first = false;
        if (result == LINE_FAILED)
            break;
    }
    drop_pending(inference);
    if (result == LINE_FAILED)
        *problem = '\0';
    input_close(&in);
    return result == LINE_END;
}

/* ---- The proposal ----------------------------------------------------------------------------------------- */

/* One line: what the messages were taken for, and what to do. */
static bool refuse(const struct sample *sample, char *problem)
{
    if (sample->messages == 0) {
        snprintf(
            problem, INFER_PROBLEM,
            "infer: no message on standard input; give it some, one a line: kcat -C -b BROKER -t TOPIC -e | debezium-udf infer");
        return false;
    }
    int used = snprintf(problem, INFER_PROBLEM,
                        "infer: no row in %" PRIu64 " messages, nothing to propose:", sample->messages);
    for (unsigned i = 0; i < sample->table_count && used < INFER_PROBLEM - 400; i++)
        if (sample->tables[i]->without_row)
            used +=
                snprintf(problem + used, (size_t)(INFER_PROBLEM - used),
                         " %" PRIu64 " with an operation and no row image;", sample->tables[i]->without_row);
    for (unsigned i = 0; i < sample->reason_count && used < INFER_PROBLEM - 400; i++) {
        const struct reason_count *reason = &sample->reasons[i];
        used +=
            snprintf(problem + used, (size_t)(INFER_PROBLEM - used), " %" PRIu64 " %.*s%s", reason->count,
                     TEXT_ARGUMENTS(text_cut(reason->reason, 300)), i + 1 < sample->reason_count ? ";" : "");
    }
    bool skipped = sample->reason_count > 0;
    for (unsigned i = 0; i < sample->reason_count; i++)
        skipped &= sample->reasons[i].skipped;
    if (skipped)
        snprintf(problem + used, (size_t)(INFER_PROBLEM - used),
                 "; give it messages of a table's topic that have rows");
    return false;
}

static bool propose(const struct inference *inference, const struct table_sample *table,
                    const struct channel *channel, char *problem)
{
    const struct infer_options *options = inference->options;
    struct proposal proposal;
    struct output out;
    bool made = proposal_make(&proposal, &inference->sample, table, options);
    if (inference->prefix_found)
        proposal.metadata_prefix = inference->view.metadata_prefix;
    if (!made && proposal.problem[0])
        snprintf(problem, INFER_PROBLEM, "%s", proposal.problem);
    bool written = made && output_open(&out, channel, 0);
    if (written) {
        written = options->against
                      ? proposal_compare(&proposal, options->against, options->against_file, &out)
                      : proposal_write(&proposal, &out);
        if (written)
            proposal_report(&proposal);
        else if (out.failed)
            *problem = '\0';
        output_close(&out);
    }
    proposal_free(&proposal);
    return written;
}

bool infer_run(const struct infer_options *options, const struct channel *channel, char *problem)
{
    struct inference *inference = calloc(1, sizeof *inference);
    snprintf(problem, INFER_PROBLEM, "out of memory");
    if (!inference)
        return false;
    inference->options = options;
    inference->sample.against = options->against;
    inference->view = (struct view_options){.metadata_prefix = TEXT("__")};
    inference->parser = json_parser_new();
    inference->walk = (struct path_walk){
        .parser = inference->parser, .arena = &inference->message, .depth = SAMPLE_DEPTH + VIEW_DEPTH + 2};
    bool done = inference->parser && view_index(&inference->sample.own, &inference->view) &&
                read_all(inference, channel, problem);
    if (done && !inference->sample.own.failed) {
        const struct table_sample *table = sample_most(&inference->sample, false);
        if (!table)
            table = sample_most(&inference->sample, true);
        done = table ? propose(inference, table, channel, problem) : refuse(&inference->sample, problem);
    } else {
        done = false;
    }
    json_parser_free(inference->parser);
    arena_free(&inference->message);
    arena_free(&inference->sample.own);
    free(inference->pending);
    free(inference);
    return done;
}
