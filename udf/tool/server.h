/* The settings of a ClickHouse server, as its folder of configuration has them. */
#ifndef SERVER_H
#define SERVER_H

#include "base/arena.h"

#define SERVER_CONFIG_DIR "/etc/clickhouse-server"
#define SERVER_FILE_LIMIT                                                                                    \
    ((size_t)16 << 20)                /* bytes of a file of settings, and of a layout beside the program */
#define FUNCTIONS_END "_function.xml" /* the end of the names of registrations */

struct server {
    struct arena *arena;
    const char *config_dir;
    /* Told what cannot be read, errno set; may be NULL. */
    void (*unreadable)(void *context, const char *path);
    void *context;
};

/* Calls `visit` for every file of the folder whose name ends so, in the order of their names. A missing folder has none. */
void server_files(const struct server *server, const char *folder, const char *end,
                  void (*visit)(const struct server *server, const char *path, void *context), void *context);

/* A setting of DIR/config.xml and DIR/config.d, or DIR/users.xml and DIR/users.d (`kind`: config or users): the last one wins, as in the
 * server. NULL if it is in none. */
const char *server_setting(const struct server *server, const char *kind, const char *name);

/* Where the server looks for programs, without a slash at its end. */
const char *server_scripts(const struct server *server);

/* The file's text from the arena; data is NULL if it cannot be read, which is reported, and errno is set. */
struct text server_read(const struct server *server, const char *path);

#endif
