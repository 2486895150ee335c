#include "tool/register.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/files.h"
#include "host/host.h"
#include "host/replace.h"
#include "tool/config.h"
#include "tool/registration.h"
#include "tool/server.h"

struct job {
    const struct registering *as;
    struct arena arena; /* owns the texts */
    char *problem;
    const char *name;  /* of the layout's file, as the command has it */
    const char *place; /* where it goes */
    const char *file;  /* the registration */
    struct layout *layout;
    struct text json; /* of the layout */
    bool exists;      /* the registration does */
    struct registration registration;
    const struct xml_node *there; /* the function in it; NULL: it is new */
    const struct xml_node *mine;  /* the function as config writes it */
    struct text written;          /* the registration as config writes it for this layout alone */
    bool copies, replaces;        /* the layout is written; over another one */
};

__attribute__((format(printf, 2, 3))) static bool fail(struct job *job, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(job->problem, REGISTER_PROBLEM, format, list);
    va_end(list);
    return false;
}

/* What the system says of a path, and what may be done. */
static bool fail_path(struct job *job, const char *path, const char *absent)
{
    return fail(job, "%s: %s%s", path, strerror(errno),
                errno == ENOENT || errno == ENOTDIR  ? absent
                : errno == EACCES || errno == EPERM  ? ": run this as root, or as the folder's owner"
                : errno == ENOSPC || errno == EDQUOT ? ": nothing was changed"
                : errno == EWOULDBLOCK ? ": another `debezium-udf register` has the folder: try again"
                                       : "");
}

static bool fail_memory(struct job *job)
{
    return fail(job, "out of memory");
}

/* ---- What is there ------------------------------------------------------------------------------------- */

/* Reads a file into the arena; false with errno set. */
static bool read_file(struct job *job, const char *path, struct text *text)
{
    size_t size;
    char *file = host_read_file(path, SERVER_FILE_LIMIT, &size);
    if (!file)
        return false;
    *text = arena_copy(&job->arena, (struct text){file, size}, 1);
    free(file);
    errno = ENOMEM;
    return text->data;
}

static bool open_layout(struct job *job)
{
    char *names[] = {(char *)(uintptr_t)job->as->layout};
    if (!read_file(job, job->as->layout, &job->json))
        return fail_path(job, job->as->layout, "");
    job->layout = layout_parse(job->as->layout, job->json, job->problem);
    const struct config config = {
        .layouts = &job->layout, .names = names, .count = 1, .query = job->as->query};
    return job->layout && config_valid(&config, job->problem);
}

/* The folder of the layouts. It must be the server's where nobody says which: else the server would look elsewhere. */
static const char *find_scripts(struct job *job)
{
    const struct server server = {.arena = &job->arena, .config_dir = job->as->config_dir};
    if (job->as->scripts_dir)
        return job->as->scripts_dir;
    const char *folder = host_folder(),
               *config = arena_printf(&job->arena, "%s/config.xml", server.config_dir).data;
    if (!folder) {
        fail(job, "the folder of this program cannot be found (/proc/self/exe): give --scripts-dir");
        return NULL;
    }
    if (!host_may(NULL, config, HOST_READ))
        return folder;
    const char *scripts = server_scripts(&server);
    if (host_same_file(folder, scripts))
        return folder;
    fail(job,
         "this program is in %s, but the server of %s runs the programs of %s: run %s/debezium-udf, or give "
         "--scripts-dir",
         folder, server.config_dir, scripts, scripts);
    return NULL;
}

static bool open_registration(struct job *job)
{
    const char *folder = job->as->config_dir;
    struct text xml;
    if (!host_lock_folder(folder))
        return fail_path(job, folder, ": give the server's configuration with --config-dir");
    job->file = arena_printf(&job->arena, "%s/" REGISTRATION_FILE, folder).data;
    job->exists = read_file(job, job->file, &xml);
    if (!job->exists)
        return errno == ENOENT || fail_path(job, job->file, "");
    return registration_open(&job->registration, &job->arena, job->file, xml, job->problem);
}

static bool open_job(struct job *job)
{
    job->name = config_base_name(job->as->layout);
    const char *scripts = find_scripts(job);
    if (!scripts)
        return false;
    job->place = arena_printf(&job->arena, "%s/%s", scripts, job->name).data;
    return open_registration(job) && (!job->arena.failed || fail_memory(job));
}

static void close_job(struct job *job)
{
    layout_free(job->layout);
    arena_free(&job->arena);
}

/* ---- The function as it is to be ----------------------------------------------------------------------- */

struct memory {
    struct arena *arena;
    struct text text;
};

static bool write_memory(void *context, const char *data, size_t size)
{
    struct memory *memory = context;
    const struct text more = {data, size};
    memory->text =
        arena_printf(memory->arena, "%.*s%.*s", TEXT_ARGUMENTS(memory->text), TEXT_ARGUMENTS(more));
    return !memory->arena->failed;
}

/* The format: that of the option, or of the function that is there; NULL if neither says one. */
static bool find_format(struct job *job, const struct format **format)
{
    struct text name;
    *format = job->as->format;
    if (*format || !job->there)
        return true;
    if (!registration_field(&job->registration, job->there, "format", &name))
        return false;
    *format = format_find(arena_printf(&job->arena, "%.*s", TEXT_ARGUMENTS(name)).data);
    return *format ||
           fail(job, "%s: <format> %.*s is unknown: give --format", job->file, TEXT_ARGUMENTS(name));
}

/* Writes what config would write, and finds the function in it. */
static bool write_mine(struct job *job)
{
    char *names[] = {(char *)(uintptr_t)job->as->layout}, problem[XML_PROBLEM];
    struct config config = {.layouts = &job->layout,
                            .names = names,
                            .count = 1,
                            .pool_size = job->as->pool_size ? job->as->pool_size : CONFIG_POOL_SIZE,
                            .max_message = job->as->max_message,
                            .max_memory = job->as->max_memory,
                            .query = job->as->query};
    struct memory memory = {.arena = &job->arena, .text = TEXT("")};
    const struct channel channel = {.write = write_memory, .context = &memory};
    struct output out;
    if (!find_format(job, &config.format))
        return false;
    bool done = output_open(&out, &channel, 0) && config_write(&config, &out);
    output_close(&out);
    struct registration own;
    job->written = memory.text;
    const struct xml_node *root = done ? xml_parse(&job->arena, memory.text, problem) : NULL;
    own = (struct registration){.arena = &job->arena, .root = root};
    job->mine = root ? registration_find(&own, job->layout->function) : NULL;
    return job->mine || fail_memory(job);
}

/* ---- What must not be ---------------------------------------------------------------------------------- */

/* Another registration that has the function. */
static void find_elsewhere(const struct server *server, const char *path, void *context)
{
    struct job *job = context;
    char problem[XML_PROBLEM];
    struct registration other = {.arena = &job->arena};
    if (*job->problem || text_ends(text_of(path), TEXT("/" REGISTRATION_FILE)))
        return;
    const struct text xml = server_read(server, path);
    other.root = xml.data ? xml_parse(&job->arena, xml, problem) : NULL;
    if (other.root && registration_find(&other, job->layout->function))
        fail(job, "%s registers %.*s, too: remove it there, or change `function` in the layout", path,
             TEXT_ARGUMENTS(job->layout->function));
}

/* Whether the function and the file belong to each other in the registration, or are both new there. */
static bool is_free(struct job *job)
{
    const struct server server = {.arena = &job->arena, .config_dir = job->as->config_dir};
    struct registered_command command;
    struct text taken;
    *job->problem = '\0';
    server_files(&server, server.config_dir, FUNCTIONS_END, find_elsewhere, job);
    if (*job->problem)
        return false;
    if (!job->exists)
        return true;
    const struct text function = text_cut(job->layout->function, 128);
    job->there = registration_find(&job->registration, job->layout->function);
    if (job->there && !registration_command(&job->registration, job->there, &command))
        return false;
    if (job->there && !text_equal(command.operand, text_of(job->name)))
        return fail(
            job,
            "%.*s is registered with the layout %.*s: change `function` in %s, or debezium-udf register "
            "--remove %.*s",
            TEXT_ARGUMENTS(function), TEXT_ARGUMENTS(command.operand), job->as->layout,
            TEXT_ARGUMENTS(command.operand));
    const struct xml_node *other = registration_find_layout(&job->registration, text_of(job->name));
    if (!other || other == job->there)
        return true;
    if (!registration_field(&job->registration, other, "name", &taken))
        return false;
    return fail(
        job,
        "a layout %s is registered with the function %.*s: give this file another name, or debezium-udf register "
        "--remove %s",
        job->name, TEXT_ARGUMENTS(taken), job->name);
}

/* Whether the layout is copied, and may be. */
static bool plan_copy(struct job *job)
{
    struct text there;
    char problem[LAYOUT_PROBLEM];
    if (host_same_file(job->as->layout, job->place))
        return true;
    job->copies = true;
    if (!read_file(job, job->place, &there))
        return errno == ENOENT || fail_path(job, job->place, "");
    job->replaces = true;
    job->copies = !text_equal(there, job->json);
    if (!job->copies || job->there)
        return true;
    struct layout *layout = layout_parse(job->place, there, problem);
    bool same = layout && text_equal(layout->function, job->layout->function);
    layout_free(layout);
    return same || fail(job, "%s exists and is not a layout of this function: give %s another name",
                        job->place, job->as->layout);
}

/* ---- What is done -------------------------------------------------------------------------------------- */

static struct text number_text(struct arena *arena, uint64_t number)
{
    return number ? arena_printf(arena, "%llu", (unsigned long long)number) : (struct text){NULL, 0};
}

static bool plan_registration(struct job *job, struct text *text)
{
    const struct registering *as = job->as;
    const struct registration_wishes wishes = {.max_message = number_text(&job->arena, as->max_message),
                                               .max_memory = number_text(&job->arena, as->max_memory),
                                               .pool_size = number_text(&job->arena, as->pool_size)};
    *text = job->written;
    if (!job->exists)
        return true;
    if (!(job->there ? registration_change(&job->registration, job->there, job->mine, &wishes)
                     : registration_add(&job->registration, job->mine)) ||
        !registration_change_queries(&job->registration, &as->query))
        return false;
    *text = registration_text(&job->registration);
    return !job->arena.failed || fail_memory(job);
}

/* Writes what there is to write, the layout first. */
static bool write_files(struct job *job, struct text registration, bool registers)
{
    struct host_staged layout = {.folder = -1}, xml = {.folder = -1};
    const char *path = job->place;
    bool done = !job->copies || host_stage(&layout, path, job->json);
    if (done && registers) {
        path = job->file;
        done = host_stage(&xml, path, registration);
    }
    if (done && job->copies) {
        path = job->place;
        done = host_commit(&layout);
    }
    if (done && registers) {
        path = job->file;
        done = host_commit(&xml);
    }
    if (!done)
        fail_path(job, path,
                  path == job->place ? ": give the folder of the server's programs with --scripts-dir" : "");
    host_unstage(&layout);
    host_unstage(&xml);
    return done;
}

__attribute__((format(printf, 2, 3))) static bool print(struct job *job, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct text text = arena_vprintf(&job->arena, format, list);
    va_end(list);
    return host_channel.write(host_channel.context, text.data, text.size);
}

static bool report(struct job *job, bool registers)
{
    const struct text function = job->layout->function;
    const char *layout = !job->copies ? "unchanged" : job->replaces ? "replaced" : "written";
    const char *registration = !registers     ? "unchanged"
                               : !job->exists ? "written"
                               : job->there   ? "changed"
                                              : "function added";
    if (!print(job, "%.*s\n    layout        %s: %s\n    registration  %s: %s\n", TEXT_ARGUMENTS(function),
               job->place, layout, job->file, registration))
        return false;
    if (!job->copies && !registers)
        return print(job, "Nothing to do.\n");
    if (job->there)
        return print(
            job,
            "Next: clickhouse-client --query 'SYSTEM RELOAD FUNCTIONS'; where columns have changed:\n"
            "    debezium-udf pipeline %s --topic TOPIC | clickhouse-client --multiquery\n",
            job->name);
    return print(job,
                 "Next: debezium-udf pipeline %s --topic TOPIC | clickhouse-client --multiquery\n"
                 "    or, for the function alone, clickhouse-client --query 'SYSTEM RELOAD FUNCTIONS'\n",
                 job->name);
}

static bool run(struct job *job)
{
    struct text text;
    if (!open_layout(job) || !open_job(job) || !is_free(job) || !plan_copy(job) || !write_mine(job) ||
        !plan_registration(job, &text))
        return false;
    bool registers = !job->exists || !text_equal(text, job->registration.xml);
    if ((job->copies || registers) && !write_files(job, text, registers))
        return false;
    *job->problem = '\0';
    return report(job, registers);
}

bool register_layout(const struct registering *as, char *problem)
{
    struct job job = {.as = as, .problem = problem};
    bool done = run(&job);
    close_job(&job);
    return done;
}

/* ---- Removing ------------------------------------------------------------------------------------------ */

static bool run_remove(struct job *job)
{
    struct text function;
    if (!open_job(job))
        return false;
    if (job->exists)
        job->there = registration_find_layout(&job->registration, text_of(job->name));
    if (!job->there)
        return fail(job, "%s: it has no function of the layout %s", job->file, job->name);
    if (!registration_field(&job->registration, job->there, "name", &function) ||
        !registration_take_out(&job->registration, job->there))
        return false;
    const struct text text = registration_text(&job->registration);
    if (job->arena.failed)
        return fail_memory(job);
    if (!write_files(job, text, true))
        return false;
    *job->problem = '\0';
    return print(
        job,
        "%.*s\n    registration  %s: function removed\n    layout        %s: stays, for processes that start before the "
        "server reads the registration\nNext: clickhouse-client --query 'SYSTEM RELOAD FUNCTIONS'; views that call %.*s then fail\n",
        TEXT_ARGUMENTS(function), job->file, job->place, TEXT_ARGUMENTS(function));
}

bool register_remove(const struct registering *as, char *problem)
{
    struct job job = {.as = as, .problem = problem};
    bool done = run_remove(&job);
    close_job(&job);
    return done;
}
