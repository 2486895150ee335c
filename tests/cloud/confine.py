"""Starts a program as a runtime for foreign programs does: no arguments, an empty environment, in `/`, with less of everything.

    confine.py [--root DIR] [--memory BYTES] [--profile docker|gvisor] [--closed 0,1,2] [--user UID] PROGRAM... < messages

--root: PROGRAM is below DIR, which is all that there is: no /proc, no /dev. --profile: which system calls are answered, by a filter;
`docker` is the default profile of containers as Debian's golang-github-containers-common has it, `gvisor` what gvisor.json says.
"""
import argparse
import ctypes
import ctypes.util
import json
import os
import resource
import sys
from pathlib import Path

PROFILE = Path("/usr/share/containers/seccomp.json")
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38
CLONE_NEWNET = 0x40000000
PR_SET_NO_NEW_PRIVS = 38

libc = ctypes.CDLL(None, use_errno=True)


def seccomp():
    library = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    for function in (library.seccomp_rule_add, library.seccomp_load):
        function.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint][:4 if function is library.seccomp_rule_add else 1]
    return library


def load(library, default: int, rules: dict) -> None:
    """From now on system calls are answered by `rules` (name or number -> action), others by `default`."""
    context = library.seccomp_init(default)
    for call, action in rules.items():
        number = call if isinstance(call, int) else library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0 and action != default and library.seccomp_rule_add(context, action, number, 0) != 0:
            sys.exit(f"confine: no rule for {call}")
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or library.seccomp_load(context) != 0:
        sys.exit("confine: no filter")


def docker() -> tuple:
    """What is allowed to everybody whatever the arguments; a call that is allowed to some is refused here to all."""
    profile = json.loads(PROFILE.read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rules = {name: ALLOW for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"
             and not rule.get("args") and not rule.get("includes", {}).get("caps") for name in rule["names"]}
    return ERRNO | profile.get("defaultErrnoRet", EPERM), rules


def gvisor() -> tuple:
    """What gVisor has no call for is refused."""
    table = json.loads(Path(__file__).with_name("gvisor.json").read_text())
    refused = {name: ERRNO | (EPERM if error == "EPERM" else ENOSYS) for error, names in table["refused"].items() for name in names}
    numbers = {number: ERRNO | ENOSYS for first, last in table["no_call"] for number in range(first, last + 1)}
    return ALLOW, {**refused, **numbers}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root")
    parser.add_argument("--memory", type=int)
    parser.add_argument("--profile", choices=["docker", "gvisor"])
    parser.add_argument("--closed", default="")
    parser.add_argument("--user", type=int)
    parser.add_argument("program", nargs="+")
    given = parser.parse_args()
    # What is needed for the filter is looked for before it is out of reach.
    filtered = (seccomp(), *{"docker": docker, "gvisor": gvisor}[given.profile]()) if given.profile else None
    if libc.unshare(CLONE_NEWNET) != 0:
        sys.exit("confine: no network of its own")
    if given.root:
        os.chroot(given.root)
    os.chdir("/")
    if given.user:
        os.setgroups([])
        os.setgid(given.user)
        os.setuid(given.user)
    if filtered:
        load(*filtered)
    if given.memory:
        resource.setrlimit(resource.RLIMIT_AS, (given.memory, given.memory))
    for descriptor in filter(None, given.closed.split(",")):
        os.close(int(descriptor))
    os.execve(given.program[0], given.program, {})


main()
