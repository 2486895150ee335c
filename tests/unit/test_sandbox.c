/* What a process may still do in the sandbox, and what it may not: each in a child of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sandbox.h"

/* The exit status of a child that does this behind sandbox_enter. */
static int in_sandbox(bool (*act)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (sandbox_enter() != NULL)
            _exit(2);
        _exit(act() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool refused(long result)
{
    return result < 0 && errno == EPERM;
}

static bool open_file(void)
{
    return refused(open("/etc/hostname", O_RDONLY));
}

static bool create_file(void)
{
    return refused(open("/tmp/debezium-udf-must-not-exist", O_WRONLY | O_CREAT, 0600));
}

static bool open_socket(void)
{
    return refused(socket(AF_INET, SOCK_STREAM, 0)) && refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static bool run_program(void)
{
    char name[] = "/bin/true", *arguments[] = {name, NULL};
    return refused(execve(name, arguments, NULL));
}

static bool make_process(void)
{
    return refused(fork());
}

static bool trace_parent(void)
{
    return refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static bool signal_parent(void)
{
    return refused(kill(1, 0));
}

static bool make_descriptor(void)
{
    int ends[2];
    return refused(dup(STDOUT_FILENO)) && refused(pipe(ends));
}

static bool other_descriptors(void)
{
    char byte = 0;
    return refused(read(STDOUT_FILENO, &byte, 1)) && refused(write(STDIN_FILENO, &byte, 1)) && refused(write(3, &byte, 1));
}

static bool map_code(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    bool new_refused = mmap(NULL, 4096, PROT_READ | PROT_EXEC, anonymous, -1, 0) == MAP_FAILED && errno == EPERM;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    return new_refused && memory != MAP_FAILED && refused(mprotect(memory, 4096, PROT_READ | PROT_EXEC)) &&
           mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) == MAP_FAILED && errno == EPERM;
}

static bool lift_limits(void)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return refused(setrlimit(RLIMIT_CORE, &limit)) && refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static bool use_memory(void)
{
    for (size_t size = 1; size < (size_t)64 << 20; size *= 3) {
        char *memory = malloc(size);
        if (!memory)
            return false;
        memset(memory, 1, size);
        char *grown = realloc(memory, 2 * size);
        if (!grown)
            return false;
        memset(grown, 2, 2 * size);
        free(grown);
    }
    return true;
}

static void test_refused(void **state)
{
    (void)state;
    bool (*const acts[])(void) = {open_file, create_file, open_socket, run_program, make_process, trace_parent, signal_parent,
                                  make_descriptor, other_descriptors, map_code, lift_limits};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (in_sandbox(acts[i]) != 0)
            fail_msg("act %zu: status %d", i, in_sandbox(acts[i]));
}

static void test_allowed(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(use_memory), 0);
}

static void test_nothing_is_refused_outside(void **state)
{
    (void)state;
    assert_false(open_file());
    assert_false(open_socket());
    assert_false(make_descriptor());
}

static void test_try_leaves_this_process_alone(void **state)
{
    (void)state;
    assert_null(sandbox_try());
    int fd = open("/dev/null", O_RDONLY);
    assert_true(fd >= 0);
    close(fd);
}

static void test_memory_limit(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!sandbox_limit_memory(UINT64_C(64) << 20))
            _exit(2);
        _exit(malloc((size_t)256 << 20) == NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_nothing_is_refused_outside),
        cmocka_unit_test(test_try_leaves_this_process_alone),
        cmocka_unit_test(test_memory_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
