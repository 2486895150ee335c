/* Files and folders, as far as the program looks at them. It writes none. */
#ifndef FILES_H
#define FILES_H

#include "base/text.h"

/* Reads a whole file into memory that the caller frees; *size bytes with STREAM_PADDING zeros after them.
 * NULL with errno set where it cannot be read, is no regular file or has more than `limit` bytes (EFBIG). */
char *host_read_file(const char *path, size_t limit, size_t *size);

/* The folder of this program's file, without a slash at its end: by /proc/self/exe, and if there is no /proc, by the path that the
 * program was started with. NULL if the system does not say. Static. */
const char *host_folder(void);

/* The last bytes of this program's file, at most `most`, in memory that the caller frees. NULL with errno set where it cannot be
 * read. */
char *host_read_program_end(size_t most, size_t *size);

/* Whether this is the file of the program that runs. */
bool host_is_this_program(const char *path);

/* The names in a folder but for `.` and `..`, in the order of their bytes. */
struct host_names {
    char **names;
    size_t count;
};

/* False with errno set where the folder cannot be read or memory is refused; then there is nothing to free. */
bool host_list_folder(const char *path, struct host_names *names);
void host_names_free(struct host_names *names);

struct host_user {
    unsigned id, group;
};

/* The user by that name as /etc/passwd has it: the C library's own look-up does not work in a static program.
 * False if there is none. */
bool host_find_user(const char *name, struct host_user *user);

#define HOST_READ 4U
#define HOST_RUN 1U /* of a folder: to enter it */

/* Whether the user has these permissions (0: it exists) on the file itself; NULL: whoever runs this. Other groups that the user is
 * in, and access lists, are not looked at. False with errno set where the file is not there. */
bool host_may(const struct host_user *user, const char *path, unsigned permissions);

#endif
