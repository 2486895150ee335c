/* `debezium-udf register`: makes the function of a layout known to the server.
 *
 * The layout goes beside the program, the registration names it. Both are written beside the files that they replace and are complete on
 * the disk before either is put in its place, so that a full disk or a missing right changes nothing. Then the layout is put in its place
 * first, and the registration after it:
 *
 *   Between the two, and until the server reads the registration (SYSTEM RELOAD FUNCTIONS, or by itself within some seconds), a
 *   process that runs answers by the layout that it has read, which is its registration's. One that is started now finds another layout
 *   than its fingerprint says and refuses: the query fails, and a block from Kafka is read again later. No row is answered by one layout
 *   and read by the other.
 *   A crash between the two leaves just that, for as long as nobody fixes it: the same call again finds the layout in its place and
 *   writes the registration. The other order would be worse: a server would read the new registration, and all processes would be
 *   started anew and refuse.
 *
 * The registration is changed in place: what it holds otherwise (functions, settings, comments) stays as it stands. */
#ifndef REGISTER_H
#define REGISTER_H

#include "wire/format.h"

#define REGISTRATION_FILE "debezium_udf_function.xml"

struct registering {
    const char *layout; /* its file; its name without folders is the one that the command has */
    const char *config_dir;
    const char *scripts_dir; /* NULL: the folder of this program, which must then be the server's */
    /* What is not given stays as the registration has it; a new function has config's defaults. */
    const struct format *format; /* NULL: not given */
    unsigned pool_size;          /* 0: not given */
    uint64_t max_message;        /* 0: not given */
    uint64_t max_memory;         /* 0: not given */
    struct query_options query;  /* of the functions that take them */
};

#define REGISTER_PROBLEM 1000

/* Prints what was done, and what comes next. False if nothing was, with one line in `problem`. */
bool register_layout(const struct registering *as, char *problem);

/* Takes the function of this layout out of the registration; the layout's file stays, for processes that are started until the server
 * has read that. */
bool register_remove(const struct registering *as, char *problem);

#endif
