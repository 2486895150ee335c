#define _GNU_SOURCE
#include "host/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_SECONDS 10

/* Opens the folder of the file that `path` names when its links are followed, and takes the file's name. */
static bool open_folder(struct host_staged *staged, const char *path)
{
    struct stat status;
    char *real = lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : strdup(path);
    if (!real)
        return false;
    char *slash = strrchr(real, '/');
    const char *name = slash ? slash + 1 : real;
    int size = snprintf(staged->name, sizeof staged->name, "%s", name);
    (void)snprintf(staged->part, sizeof staged->part, ".%s.part", staged->name);
    if (slash == real)
        slash++; /* the root folder */
    if (slash)
        *slash = '\0';
    errno = ENAMETOOLONG;
    if (size > 0 && (size_t)size < sizeof staged->name)
        staged->folder = open(slash ? real : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int problem = errno;
    free(real);
    errno = problem;
    return staged->folder >= 0;
}

static bool write_all(int fd, struct text content)
{
    while (content.size > 0) {
        ssize_t put = write(fd, content.data, content.size);
        if (put < 0 && errno != EINTR)
            return false;
        content = text_from(content, put > 0 ? (size_t)put : 0);
    }
    return true;
}

/* Owner, mode and time: see host_stage. */
static bool describe(int fd, const struct host_staged *staged)
{
    struct stat before = {.st_mode = 0}, folder = {.st_mode = 0};
    bool replaces = fstatat(staged->folder, staged->name, &before, 0) == 0;
    const struct stat *like = replaces ? &before : &folder;
    if (!replaces && (errno != ENOENT || fstat(staged->folder, &folder) < 0))
        return false;
    bool given = (!replaces && geteuid() != 0) || fchown(fd, like->st_uid, like->st_gid) == 0;
    /* A file whose owner cannot be kept must be readable by the one who was it. */
    if (fchmod(fd, replaces && given ? before.st_mode & 07777 : 0644) < 0)
        return false;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = 0}};
    times[1].tv_sec = time(NULL);
    if (!replaces)
        return true;
    if (times[1].tv_sec <= before.st_mtim.tv_sec)
        times[1].tv_sec = before.st_mtim.tv_sec + 1;
    return futimens(fd, times) == 0;
}

static bool write_part(const struct host_staged *staged, struct text content)
{
    if (unlinkat(staged->folder, staged->part, 0) < 0 && errno != ENOENT)
        return false;
    int fd = openat(staged->folder, staged->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = write_all(fd, content) && describe(fd, staged) && fsync(fd) == 0;
    int problem = errno;
    if (close(fd) < 0 && written) {
        written = false;
        problem = errno;
    }
    errno = problem;
    return written;
}

bool host_stage(struct host_staged *staged, const char *path, struct text content)
{
    *staged = (struct host_staged){.folder = -1};
    if (!open_folder(staged, path))
        return false;
    bool written = write_part(staged, content);
    int problem = errno;
    if (!written)
        host_unstage(staged);
    errno = problem;
    return written;
}

bool host_commit(struct host_staged *staged)
{
    bool done = renameat(staged->folder, staged->part, staged->folder, staged->name) == 0;
    /* Some file systems have no fsync of a folder. */
    if (done && fsync(staged->folder) < 0 && errno != EINVAL)
        done = false;
    int problem = errno;
    host_unstage(staged);
    errno = problem;
    return done;
}

void host_unstage(struct host_staged *staged)
{
    if (staged->folder < 0)
        return;
    (void)unlinkat(staged->folder, staged->part, 0);
    close(staged->folder);
    staged->folder = -1;
}

bool host_lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const struct timespec pause = {.tv_nsec = 50000000};
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries == LOCK_SECONDS * 20) {
            int problem = errno;
            close(fd);
            errno = problem;
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

bool host_same_file(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}
