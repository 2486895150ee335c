"""The aarch64 builds under qemu's user mode, and the system calls that they make against the filter that would confine them.

qemu hands a filter on to no kernel (prctl fails there, and the program goes on without), so the filter is taken out of the object
file and asked here, call by call, as a kernel asks it."""
import re
import shutil
import struct
import subprocess

import pytest

from tests.stack.engine import BINARY, LAYOUT, ROOT

FOLDER = ROOT / "build" / "package" / "aarch64"
PROGRAMS = {"simdjson": FOLDER / "debezium-udf", "cjson": FOLDER / "cjson" / "debezium-udf"}
FIXTURE = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"
QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")

AARCH64 = 0xC00000B7
ALLOWED, REFUSED = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with EPERM
# asm-generic/unistd.h, whose numbers aarch64 has.
CALLS = {"read": 63, "write": 64, "ppoll": 73, "openat": 56, "close": 57, "fcntl": 25, "brk": 214, "munmap": 215, "mremap": 216,
         "mmap": 222, "mprotect": 226, "madvise": 233, "exit": 93, "exit_group": 94, "rt_sigreturn": 139, "socket": 198, "clone": 220,
         "execve": 221, "prctl": 167, "prlimit64": 261, "kill": 129, "ptrace": 117, "dup": 23, "pipe2": 59, "sendto": 206,
         "restart_syscall": 128, "io_uring_setup": 425, "memfd_create": 279, "newfstatat": 79, "futex": 98, "getrandom": 278}
READ, WRITE, EXEC, SHARED, PRIVATE, ANONYMOUS = 1, 2, 4, 1, 2, 0x20


@pytest.fixture(scope="module", autouse=True)
def built():
    """Built, and a part of `make test-arm64`."""
    done = subprocess.run([ROOT / "tests" / "package" / "arm64.sh", "part"], cwd=ROOT, text=True, capture_output=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def filter_words(tmp_path_factory):
    """The filter's instructions, from the object file that is linked into the program."""
    code = FOLDER / "obj" / "host" / "sandbox.o"
    symbols = subprocess.check_output(["aarch64-linux-gnu-readelf", "-sW", code], text=True)
    (at, size, section), = re.findall(r"([0-9a-f]{16})\s+(\d+) OBJECT\s+LOCAL\s+DEFAULT\s+(\d+) filter$", symbols, re.M)
    names = subprocess.check_output(["aarch64-linux-gnu-readelf", "-SW", code], text=True)
    name = re.search(rf"\[\s*{section}\] (\S+)", names)[1]
    out = tmp_path_factory.mktemp("filter") / "section"
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", f"--only-section={name}", code, out], check=True)
    data = out.read_bytes()[int(at, 16):int(at, 16) + int(size)]
    return list(struct.iter_unpack("<HBBI", data))


def decide(words, call, *arguments, architecture=AARCH64):
    """What a kernel answers: classic BPF over struct seccomp_data, as far as the filter uses it."""
    data = struct.pack("<iIQ6Q", call, architecture, 0, *(list(arguments) + [0] * 6)[:6])
    at = loaded = 0
    while True:
        code, then, otherwise, value = words[at]
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            loaded, = struct.unpack_from("<I", data, value)
        elif code == 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
            at += then if loaded == value else otherwise
        elif code == 0x45:  # BPF_JMP | BPF_JSET | BPF_K
            at += then if loaded & value else otherwise
        else:
            assert code == 0x06, hex(code)  # BPF_RET | BPF_K
            return value


def test_unit_golden_and_conformance(built, capsys):
    assert "arm64: part passed" in built
    for build in PROGRAMS:
        assert re.search(rf"{build} +as message: 95 of 95 accepted, 188 of 188 refused, 35 of 35", built), built
    with capsys.disabled():
        print("\n" + built.strip())


def test_neon_is_what_runs():
    """Were plain C built by mistake, the tests above would pass all the same."""
    code = subprocess.check_output(["aarch64-linux-gnu-objdump", "-d", FOLDER / "obj" / "json" / "unescape.o"], text=True)
    assert re.search(r"\bcmeq\s+v\d", code)


@pytest.mark.parametrize("json", PROGRAMS)
def test_it_runs_without_any_library(json):
    head = subprocess.check_output(["aarch64-linux-gnu-readelf", "-lhdW", PROGRAMS[json]], text=True)
    assert "AArch64" in head and "INTERP" not in head and "NEEDED" not in head and "GNU_RELRO" in head
    data = FIXTURE.read_bytes()
    done = subprocess.run([QEMU, PROGRAMS[json], "decode", LAYOUT], input=data, capture_output=True, env={})
    here = subprocess.run([BINARY, "decode", LAYOUT], input=data, capture_output=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", here.stdout)


def test_where_no_filter_is_to_be_had_check_says_so(tmp_path):
    (tmp_path / "config.xml").write_text("<clickhouse/>")
    done = subprocess.run([QEMU, PROGRAMS["simdjson"], "check", "--config-dir", tmp_path], capture_output=True, text=True)
    assert "note  the system calls of a running function cannot be confined (seccomp): Invalid argument" in done.stdout


def test_the_filter_allows_what_is_needed(filter_words):
    for name, *arguments in (("read", 0), ("write", 1), ("write", 2), ("ppoll",), ("restart_syscall",), ("brk",), ("munmap",),
                             ("mremap",), ("madvise",), ("rt_sigreturn",), ("exit",), ("exit_group",),
                             ("mprotect", 0, 4096, READ | WRITE), ("mmap", 0, 4096, READ | WRITE, PRIVATE | ANONYMOUS)):
        assert decide(filter_words, CALLS[name], *arguments) == ALLOWED, (name, arguments)


def test_the_filter_refuses_the_rest(filter_words):
    for name, *arguments in (("read", 1), ("read", 3), ("write", 0), ("write", 3), ("mprotect", 0, 4096, READ | EXEC),
                             ("mmap", 0, 4096, READ | EXEC, PRIVATE | ANONYMOUS), ("mmap", 0, 4096, READ, PRIVATE),
                             ("mmap", 0, 4096, READ, SHARED)):
        assert decide(filter_words, CALLS[name], *arguments) == REFUSED, (name, arguments)
    allowed = {"read", "write", "ppoll", "restart_syscall", "brk", "munmap", "mremap", "madvise", "rt_sigreturn", "exit", "exit_group",
               "mprotect", "mmap"}
    numbers = {CALLS[name] for name in allowed}
    for call in range(1024):
        if call not in numbers:
            assert decide(filter_words, call) == REFUSED, call
    # The numbers of x86-64 and of 32-bit Arm mean other calls.
    for architecture in (0xC000003E, 0x40000028):
        for call in range(1024):
            assert decide(filter_words, call, architecture=architecture) == REFUSED


@pytest.mark.parametrize("json", PROGRAMS)
@pytest.mark.parametrize("command", [["decode", LAYOUT], ["extract", "after.payload.user_id"], ["unnest"], ["timestamp"]],
                         ids=lambda command: command[0])
def test_what_the_program_calls_passes_the_filter(json, command, filter_words):
    """Every call between the filter's installation and the end, as qemu saw it; a large message makes memory move."""
    data = FIXTURE.read_bytes() + b'{"op":"c","source":{},"after":{"payload":"' + b"x" * (3 << 20) + b'"}}\n'
    done = subprocess.run([QEMU, "-strace", PROGRAMS[json], *command], input=data, capture_output=True)
    assert done.returncode == 0
    before, installed, after = done.stderr.decode(errors="replace").partition("prctl(22,")
    assert installed and "= -1 errno=22" in after.splitlines()[0], "qemu now lends a filter: test it directly"
    calls = re.findall(r"^\d+ (\w+)\((.*)\) =", after, re.M) + re.findall(r"^\d+ (exit_group)\((\d+)\)", after, re.M)
    assert {"read", "write", "exit_group"} <= {name for name, _ in calls}
    for name, text in calls:
        assert decide(filter_words, CALLS[name], *[number(word) for word in text.split(",")[:6]]) == ALLOWED, (name, text)


def number(word):
    """An argument as qemu writes it: a number, or flags by their names."""
    flags = {"PROT_READ": READ, "PROT_WRITE": WRITE, "PROT_EXEC": EXEC, "MAP_PRIVATE": PRIVATE, "MAP_SHARED": SHARED,
             "MAP_ANONYMOUS": ANONYMOUS, "NULL": 0, "PROT_NONE": 0}
    if re.fullmatch(r"-?\d+|0x[0-9a-f]+", word):
        return int(word, 0) % (1 << 64)
    return sum(flags.get(part, 0) for part in word.split("|"))
