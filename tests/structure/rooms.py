#!/usr/bin/env python3
"""Holds udf/ to its structure: which room may include which, how long a file and a function are, where system calls are made.

    tests/structure/rooms.py [OBJECTS]       one line a fault; exit status 1 where there is any. OBJECTS: what was built (build/obj)
    tests/structure/rooms.py --draw          the rooms from the top down, and what each includes
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "udf"
OBJECTS = ROOT / "build" / "obj"
MAIN = "main"  # the files in udf/ itself

# A room and those that it may include. Only rooms further up in this table are named, so that no circle is possible.
ROOMS = {
    "base": (),
    "json": ("base",),
    "value": ("json", "base"),
    "layout": ("value", "json", "base"),
    "debezium": ("layout", "value", "json", "base"),
    "decode/fast": ("debezium", "layout", "value", "json", "base"),
    "decode": ("decode/fast", "debezium", "layout", "value", "json", "base"),
    "function": ("decode", "debezium", "layout", "value", "json", "base"),
    "host": ("base",),
    "wire": ("function", "host", "layout", "value", "json", "base"),
    "tool": ("wire", "function", "decode", "debezium", "layout", "value", "json", "base", "host"),
    MAIN: ("tool", "wire", "function", "json", "base", "host"),
}
FILE_LINES = 700
FUNCTION_LINES = 60

# Only host/ asks the kernel for anything. What an object takes from the C library for it, as the linker sees it; memory is no matter here.
SYSTEM_CALLS = set("""
    access alarm chdir chmod chown close connect creat dup dup2 dup3 execl execve execvp fchmod fclose fcntl fdopen fopen fork fread fseek
    fstat fsync ftruncate fwrite getrlimit ioctl kill link listen lseek lstat mkdir mkstemp mmap mprotect munmap open openat opendir pipe
    pipe2 poll popen ppoll prctl pread preadv printf puts pwrite pwritev raise read readdir readlink readv recv remove rename rmdir scandir
    select send setenv setrlimit setvbuf sigaction signal sigprocmask sleep socket splice stat statx symlink syscall system tmpfile unlink
    usleep vfork vmsplice wait waitpid write writev fprintf vfprintf fputs fputc putchar fflush perror getline fgets
""".split())


def room_of(path: Path, sources: Path) -> str:
    folder = str(path.parent.relative_to(sources))
    return MAIN if folder == "." else folder


def files(sources: Path) -> list:
    return sorted(path for path in sources.rglob("*") if path.suffix in (".c", ".h", ".cpp"))


def includes(sources: Path) -> dict:
    """Room -> room -> the places ("file:line") at which the first includes a file of the second."""
    found: dict = defaultdict(lambda: defaultdict(list))
    for path in files(sources):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'#include "(.*)"', line)
            # A library's header is no file of ours.
            if match and (sources / match[1]).exists():
                found[room_of(path, sources)][room_of(sources / match[1], sources)].append(f"{path.relative_to(sources)}:{number}")
    return found


def without_comments(text: str) -> str:
    """Comments, strings and characters blanked; lines stay where they are."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", blank, text, flags=re.S)


def functions(text: str) -> list:
    """(line of its brace, lines) of each function, as .clang-format writes them: both braces at the line's beginning."""
    found, start = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            found.append((start, number - start - 1))
            start = 0
    return found


def calls(built: Path) -> set:
    """What an object takes from elsewhere; nothing of one that is not built, which is the other back end's."""
    if not built.exists():
        return set()
    names = subprocess.check_output(["nm", "-u", built], text=True).split()
    return {re.sub(r"^__(\w+)_chk$", r"\1", name) for name in names}


def faults(sources: Path, objects: Path) -> list:
    told = []
    for room, others in includes(sources).items():
        if room not in ROOMS:
            told.append(f"{room}/: a room that tests/structure/rooms.py does not know")
            continue
        for other, places in others.items():
            if other != room and other not in ROOMS[room]:
                told += [f"{place}: {room} may not include {other}" for place in places]
    for path in files(sources):
        name, text = path.relative_to(sources), without_comments(path.read_text())
        lines = text.splitlines()
        if len(lines) > FILE_LINES:
            told.append(f"{name}: {len(lines)} lines, more than {FILE_LINES}")
        told += [f"{name}:{start}: a function of {length} lines, more than {FUNCTION_LINES}"
                 for start, length in functions(text) if length > FUNCTION_LINES]
        if path.suffix != ".h" and room_of(path, sources) != "host":
            made = calls(objects / name.with_suffix(".o")) & SYSTEM_CALLS
            told += [f"{name}: calls {call}, which host/ alone may" for call in sorted(made)]
    return told


def draw(sources: Path) -> None:
    found = includes(sources)
    for room in reversed(ROOMS):
        print(f"{room:12} -> {', '.join(other for other in ROOMS if other in found[room] and other != room) or '-'}")


def main(arguments: list) -> int:
    if arguments == ["--draw"]:
        draw(SOURCES)
        return 0
    told = faults(SOURCES, Path(arguments[0]) if arguments else OBJECTS)
    for line in told:
        print(line)
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
