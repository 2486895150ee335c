#define _GNU_SOURCE
#include "host/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool sandbox_limit_memory(uint64_t bytes)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    return bytes == 0 || setrlimit(RLIMIT_AS, &limit) == 0;
}

/* What holds without a filter, too: the standard descriptors fill the numbers below 3, so there is none for another file. */
static void give_up_rights(void)
{
    /* A limit of 0 does not stop a dump that goes through a pipe, one of 1 stops both (core(5), fs/coredump.c). */
    const struct rlimit no_core = {.rlim_cur = 1, .rlim_max = 1}, standard = {.rlim_cur = 3, .rlim_max = 3};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setrlimit(RLIMIT_NOFILE, &standard);
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define POLL SYS_poll
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define POLL SYS_ppoll
#endif

#ifdef ARCHITECTURE

/* The filter as the kernel takes it, without libseccomp: that allocates a hundred times, and crashes where one is refused.
 * Each line loads a word of the call's description or tests the one that was loaded, and says how many lines to
 * skip. Of an argument the lower half alone is read: descriptors have no more, and the flags in question are there. */
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped)
#define IF_NOT(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0) /* for the next line */
#define IF_ANY_BIT(bits, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, then, otherwise)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW_CALL(number) UNLESS(number, 1), ALLOW

static const struct sock_filter filter[] = {
    LOAD(arch),
    IF_NOT(ARCHITECTURE),
    REFUSE, /* a call of another architecture */
    LOAD(nr),
    ALLOW_CALL(POLL),
    ALLOW_CALL(SYS_restart_syscall), /* a poll that was stopped goes on by it */
    ALLOW_CALL(SYS_brk),
    ALLOW_CALL(SYS_munmap),
    ALLOW_CALL(SYS_mremap),
    ALLOW_CALL(SYS_madvise),
    ALLOW_CALL(SYS_rt_sigreturn),
    ALLOW_CALL(SYS_exit),
    ALLOW_CALL(SYS_exit_group),
    UNLESS(SYS_read, 4),
    LOAD(args[0]),
    ALLOW_CALL(STDIN_FILENO),
    REFUSE,
    UNLESS(SYS_write, 6),
    LOAD(args[0]),
    ALLOW_CALL(STDOUT_FILENO),
    ALLOW_CALL(STDERR_FILENO),
    REFUSE,
    /* Memory that cannot be executed, and of no file. */
    UNLESS(SYS_mprotect, 4),
    LOAD(args[2]),
    IF_ANY_BIT(PROT_EXEC, 1, 0),
    ALLOW,
    REFUSE,
    UNLESS(SYS_mmap, 5),
    LOAD(args[2]),
    IF_ANY_BIT(PROT_EXEC, 3, 0),
    LOAD(args[3]),
    IF_ANY_BIT(MAP_ANONYMOUS, 0, 1),
    ALLOW,
    REFUSE,
};

static const char *load_filter(void)
{
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter,
                                       .filter = (struct sock_filter *)(uintptr_t)filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? NULL : strerror(errno);
}

#else

static const char *load_filter(void)
{
    return "no filter for this architecture";
}

#endif

const char *sandbox_enter(void)
{
#ifdef NO_SANDBOX
    return "this program was built with SANDBOX=no";
#endif
    give_up_rights();
    return load_filter();
}

const char *sandbox_try(void)
{
    static char reason[128];
    int ends[2], status;
    if (pipe(ends) < 0)
        return strerror(errno);
    pid_t child = fork();
    if (child == 0) {
        /* The filter lets it write to standard output alone. */
        (void)dup2(ends[1], STDOUT_FILENO);
        const char *why = sandbox_enter();
        _exit(why && write(STDOUT_FILENO, why, strlen(why)) > 0 ? 1 : why ? 2 : 0);
    }
    close(ends[1]);
    ssize_t size = child < 0 ? 0 : read(ends[0], reason, sizeof reason - 1);
    close(ends[0]);
    reason[size > 0 ? size : 0] = '\0';
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return strerror(errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return NULL;
    return *reason ? reason : "the process did not survive it";
}
