#define _GNU_SOURCE
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
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

void host_discard_input(void)
{
    enum {
        PAUSE = 200,
        LIMIT = 2
    }; /* milliseconds: a server that has started a program writes at once; seconds */
    struct stat status;
    if (fstat(STDIN_FILENO, &status) < 0 || !(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)))
        return;
    close(STDOUT_FILENO);
    char data[65536];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (const time_t end = now.tv_sec + LIMIT; now.tv_sec <= end;) {
        bool ready = false;
        if (!await(STDIN_FILENO, POLLIN, PAUSE, &ready) || !ready ||
            read(STDIN_FILENO, data, sizeof data) <= 0)
            return;
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
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
