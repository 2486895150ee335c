/* What the parts of `check` share. */
#ifndef CHECKING_H
#define CHECKING_H

#include "host/files.h"
#include "layout/layout.h"
#include "tool/registered.h"
#include "tool/server.h"
#include "tool/xml_tree.h"

struct check {
    struct arena arena; /* owns the paths */
    struct server server;
    const char *scripts;          /* user_scripts_path */
    const struct host_user *user; /* clickhouse; NULL if there is no such user: then whoever runs this */
    bool sound;
    bool registered[FUNCTION_COUNT]; /* a file names it */
    struct text *names;              /* `name_count` of functions that were seen */
    size_t name_count;
    bool runs;          /* the program beside the layouts is this one's version, and runs */
    long long deadline; /* of all programs that are run: host_clock; 0: none was */
};

enum verdict { OK, NOTE, WRONG, ASK };

/* Prints a finding: a line. */
void say(struct check *check, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether the server may reach and use the file; complains about the part of the path that is in the way. */
bool usable(struct check *check, const char *path, unsigned permissions);

/* `unless` is what it means where the file is no layout: other files may stand beside the layouts. */
struct layout *read_layout(struct check *check, const char *path, enum verdict unless);

/* check_function.c: compares a function with what the program would write. False after a complaint. */
bool check_registered(struct check *check, const char *file, const struct xml_node *function,
                      const struct registered_command *command, const struct layout *layout);

/* check_run.c: runs the function as the server would, on samples. False after a complaint. */
bool check_runs(struct check *check, const char *file, struct text name, struct text words,
                const struct registered_command *command, const struct layout *layout);

/* Runs the program with --version. */
void check_version(struct check *check, const char *path);

#endif
