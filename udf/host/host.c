#define _GNU_SOURCE
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_SIZE 1024

/* A server hands down whatever it had open: sockets and files that would stay open as long as this process
 * lives. */
static void close_inherited(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
        return;
#endif
    struct rlimit limit;
    int most =
        getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? (int)limit.rlim_cur : 1 << 20;
    for (int fd = 3; fd < most; fd++)
        close(fd);
}

/* Where 0, 1 or 2 is closed, the next file to be opened would take its number: fill the gap with one that can
 * do nothing. */
static void fill_standard(void)
{
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_PATH | O_CLOEXEC) < 0)
            return;
    }
}

void host_start(void)
{
    fill_standard();
    close_inherited();
    signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void host_enlarge_pipes(void)
{
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
        int size = fcntl(fd, F_GETPIPE_SZ);
        if (size >= 0 && size < HOST_PIPE_SIZE)
            (void)fcntl(fd, F_SETPIPE_SZ, HOST_PIPE_SIZE);
    }
}

void host_complain(const char *format, ...)
{
    char line[LINE_SIZE] = "debezium-udf: ";
    size_t start = strlen(line);
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line + start, sizeof line - start - 1, format, list);
    va_end(list);
    size_t end = size < 0 ? start : start + (size_t)size;
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    for (size_t i = start; i < end; i++) {
        if (line[i] == '\n')
            line[i] = ' ';
    }
    line[end++] = '\n';
    while (write(STDERR_FILENO, line, end) < 0 && errno == EINTR)
        ;
}

/* Waits until the descriptor is ready; false on failure. A negative timeout waits for ever; *ready says
 * whether it came. */
static bool await(int fd, short events, int timeout, bool *ready)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int count;
    do
        count = poll(&entry, 1, timeout);
    while (count < 0 && errno == EINTR);
    *ready = count > 0;
    return count >= 0;
}

static ptrdiff_t read_input(void *context, char *data, size_t size, bool wait)
{
    (void)context;
    for (;;) {
        bool ready = wait;
        if (!wait && !await(STDIN_FILENO, POLLIN, 0, &ready))
            break;
        if (!ready)
            return READ_WOULD_WAIT;
        ssize_t got = read(STDIN_FILENO, data, size);
        if (got >= 0)
            return got;
        if (errno == EAGAIN) {
            if (!await(STDIN_FILENO, POLLIN, -1, &ready))
                break;
        } else if (errno != EINTR) {
            break;
        }
    }
    host_complain("standard input: %s", strerror(errno));
    return READ_FAILED;
}

static bool write_output(void *context, const char *data, size_t size)
{
    (void)context;
    while (size > 0) {
        bool ready;
        ssize_t put = write(STDOUT_FILENO, data, size);
        if (put >= 0) {
            data += put;
            size -= (size_t)put;
        } else if (errno == EAGAIN) {
            if (!await(STDOUT_FILENO, POLLOUT, -1, &ready))
                break;
        } else if (errno != EINTR) {
            break;
        }
    }
    if (size > 0)
        host_complain("standard output: %s", strerror(errno));
    return size == 0;
}

const struct channel host_channel = {.read = read_input, .write = write_output, .context = NULL};

/* Reads to the end of the file, whatever size it was said to have (files of /proc say 0). */
static char *read_to_end(int fd, size_t expected, size_t most, size_t *size)
{
    size_t capacity = expected + 4096;
    char *data = malloc(capacity + STREAM_PADDING);
    for (*size = 0; data;) {
        if (*size == capacity) {
            char *grown = *size > most ? NULL : realloc(data, 2 * capacity + STREAM_PADDING);
            if (!grown) {
                errno = *size > most ? EFBIG : ENOMEM;
                break;
            }
            capacity *= 2;
            data = grown;
        }
        ssize_t got = read(fd, data + *size, capacity - *size);
        if (got == 0 && *size <= most) {
            memset(data + *size, 0, STREAM_PADDING);
            return data;
        }
        if (got == 0)
            errno = EFBIG;
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        *size += got > 0 ? (size_t)got : 0;
    }
    int problem = errno;
    free(data);
    errno = problem;
    return NULL;
}

char *host_read_file(const char *path, size_t most, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* O_NONBLOCK: a named pipe must not hold us up */
    if (fd < 0)
        return NULL;
    struct stat status;
    char *data = NULL;
    if (fstat(fd, &status) == 0) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        if (S_ISREG(status.st_mode))
            data = read_to_end(fd, (size_t)status.st_size < most ? (size_t)status.st_size : most, most, size);
    }
    int problem = errno;
    close(fd);
    errno = problem;
    return data;
}

const char *host_folder(void)
{
    static char folder[4096];
    ssize_t size = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (size <= 0)
        return NULL;
    folder[size] = '\0';
    *strrchr(folder, '/') = '\0';
    return folder;
}
