#define _GNU_SOURCE
#include "host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The parent's ends; -1 if closed. */
struct ends {
    int input, output, error, started; /* `started` tells errno where the program cannot be started */
};

long long host_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Root must not run what a lesser user may have written. */
static bool become_user(const struct host_child *child)
{
    struct stat status;
    if (geteuid() != 0)
        return true;
    if (!child->user && stat(child->path, &status) < 0)
        return false;
    uid_t user = child->user ? child->user->id : status.st_uid;
    gid_t group = child->user ? child->user->group : status.st_gid;
    return setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0;
}

static _Noreturn void start(const struct host_child *child, int pipes[4][2])
{
    static char *const environment[] = {(char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_DFL);
    bool ready = dup2(pipes[0][0], STDIN_FILENO) >= 0 && dup2(pipes[1][1], STDOUT_FILENO) >= 0 &&
                 dup2(pipes[2][1], STDERR_FILENO) >= 0 && become_user(child);
    if (ready)
        execve(child->path, child->words, environment);
    int problem = errno;
    ssize_t put = write(pipes[3][1], &problem, sizeof problem);
    _exit(put < 0 ? 126 : 127);
}

static pid_t spawn(const struct host_child *child, struct ends *ends)
{
    int pipes[4][2];
    for (int i = 0; i < 4; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) == 0)
            continue;
        int problem = errno;
        while (i-- > 0) {
            close(pipes[i][0]);
            close(pipes[i][1]);
        }
        errno = problem;
        return -1;
    }
    pid_t id = fork();
    if (id == 0)
        start(child, pipes);
    int problem = errno;
    close(pipes[0][0]);
    *ends = (struct ends){
        .input = pipes[0][1], .output = pipes[1][0], .error = pipes[2][0], .started = pipes[3][0]};
    for (int i = 1; i < 4; i++)
        close(pipes[i][1]);
    errno = problem;
    return id;
}

/* Reads what there is to `data`; closes the end where nothing more comes, or nothing more fits. */
static void take(int *fd, char *data, size_t *size, size_t room)
{
    ssize_t got = read(*fd, data + *size, room - *size);
    if (got > 0)
        *size += (size_t)got;
    else if (got == 0 || errno != EINTR)
        close_end(fd);
}

/* Reads the answer and the error until both have ended or the time is over. */
static void talk(struct host_child *child, struct ends *ends, long long deadline)
{
    size_t error_size = 0;
    ssize_t put = write(ends->input, child->input.data, child->input.size);
    if (put < 0 || child->expected == 0)
        close_end(&ends->input);
    while (ends->output >= 0 || ends->error >= 0) {
        struct pollfd entries[2] = {{.fd = ends->output, .events = POLLIN},
                                    {.fd = ends->error, .events = POLLIN}};
        const long long left = deadline - host_clock();
        if (left <= 0 || child->answer_size == CHILD_ANSWER) {
            child->late = true;
            break;
        }
        if (poll(entries, 2, (int)left) < 0 && errno != EINTR)
            break;
        if (entries[0].revents)
            take(&ends->output, child->answer, &child->answer_size, CHILD_ANSWER);
        if (entries[1].revents && error_size == CHILD_ERROR - 1)
            close_end(&ends->error);
        else if (entries[1].revents)
            take(&ends->error, child->error, &error_size, CHILD_ERROR - 1);
        if (child->answer_size >= child->expected)
            close_end(&ends->input);
    }
    child->error[error_size] = '\0';
    child->error[strcspn(child->error, "\n")] = '\0';
}

/* Waits for its end; kills it where it has closed its output and stays. */
static void await_end(struct host_child *child, pid_t id, long long deadline)
{
    int status = 0;
    const struct timespec pause = {.tv_nsec = 2000000};
    if (child->late)
        (void)kill(-id, SIGKILL);
    while (waitpid(id, &status, child->late ? 0 : WNOHANG) == 0) {
        if (host_clock() > deadline) {
            child->late = true;
            (void)kill(-id, SIGKILL);
        }
        (void)nanosleep(&pause, NULL);
    }
    child->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool host_run_child(struct host_child *child)
{
    struct ends ends;
    const long long deadline = host_clock() + child->milliseconds;
    pid_t id = spawn(child, &ends);
    child->answer_size = 0;
    child->late = false;
    child->exit_status = -1;
    child->signal = child->problem = 0;
    *child->error = '\0';
    if (id < 0) {
        child->problem = errno;
        return false;
    }
    /* The end closes when the program is started. */
    ssize_t got;
    while ((got = read(ends.started, &child->problem, sizeof child->problem)) < 0 && errno == EINTR)
        ;
    if (got <= 0)
        child->problem = 0;
    talk(child, &ends, deadline);
    close_end(&ends.input);
    await_end(child, id, deadline);
    close_end(&ends.output);
    close_end(&ends.error);
    close_end(&ends.started);
    return child->problem == 0 && !child->late && child->exit_status == 0;
}
