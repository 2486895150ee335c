/* Files that are written: each beside the one that it replaces, and put in its place in one step.
 *
 * Whoever reads the file has all of the old one or all of the new one, whenever this process is killed or the disk is full. */
#ifndef REPLACE_H
#define REPLACE_H

#include "base/text.h"

/* A file that is complete on the disk, under a name that no reader looks at: `.NAME.part` beside it. */
struct host_staged {
    int folder;     /* descriptor; -1: nothing is staged */
    char name[256]; /* of the file in its folder */
    char part[264]; /* what it is called meanwhile */
};

/* Writes it. A link at `path` is followed. The file gets the owner and the mode of the one that it replaces; a new one gets mode 0644 and,
 * where root runs this, the owner of its folder. Its time differs in whole seconds from that of the file it replaces: a server
 * reads a registration again by that alone. What an earlier process left under that name is removed, so that two must not stage the
 * same file: see host_lock_folder. False with errno set; then nothing is left. */
bool host_stage(struct host_staged *staged, const char *path, struct text content);

/* Puts the file in its place. False with errno set where it is not, or is not there for good; nothing is left staged either way. */
bool host_commit(struct host_staged *staged);

/* Removes what is staged, if anything is. */
void host_unstage(struct host_staged *staged);

/* Keeps other processes that ask for it out of the folder until this one ends; waits for them for 10 seconds. False with errno set;
 * EWOULDBLOCK: another one has it. */
bool host_lock_folder(const char *path);

/* Whether both are there and are the same file or folder. */
bool host_same_file(const char *one, const char *other);

#endif
