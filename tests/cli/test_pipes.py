"""The program between pipes: a server that pauses, sends bytes singly, stops reading, or goes away."""

import fcntl
import os
import select
import signal
import subprocess
import threading
import time

import pytest
from program import FIXTURE, FORMATS, LAYOUT, PROGRAMS, call

from tests.support.wire import string, varint

F_GETPIPE_SZ = 1032
PIPE = subprocess.PIPE


def block(format, messages):
    if format == "LineAsString":
        return b"".join(message + b"\n" for message in messages)
    strings = b"".join(map(string, messages))
    return strings if format == "RowBinary" else b"\1" + varint(len(messages)) + b"\7message\6String" + strings


@pytest.fixture
def start():
    """Starts the program between pipes, unless told otherwise; whatever is left of it at the test's end is killed."""
    processes = []

    def start_one(*words, **options):
        options = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE, "bufsize": 0, **options}
        processes.append(subprocess.Popen([PROGRAMS[0], *map(str, words)], **options))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def read_exactly(process, size, seconds=10):
    """What comes out within the time, up to `size` bytes."""
    data, deadline = b"", time.monotonic() + seconds
    while len(data) < size and select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
        part = os.read(process.stdout.fileno(), size - len(data))
        if not part:
            break
        data += part
    return data


def end(process, status=0, lines=0):
    process.stdin.close()
    rest = process.stdout.read()
    errors = process.stderr.read().decode()
    assert (process.wait(10), errors.count("\n")) == (status, lines), errors
    return rest, errors


def memory(process, key):
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":")) * 1024


@pytest.fixture(scope="module")
def messages():
    return [line for line in FIXTURE.read_bytes().split(b"\n")[:-1] if len(line) < 4000]


@pytest.mark.parametrize("format", FORMATS)
def test_an_answer_comes_while_the_pipe_stays_open(start, format, messages):
    process = start("unnest", "--format", format)
    try:
        for message in [b"a", b"", b"bc", b"x" * 100_000, b"d"]:
            process.stdin.write(block(format, [message]))
            expected = block(format, [message])
            if format == "Native":
                expected = expected.replace(b"\7message", b"\6result")
            assert read_exactly(process, len(expected)) == expected
    finally:
        end(process)


@pytest.mark.parametrize("format", FORMATS)
def test_rows_are_answered_while_the_next_is_half_sent(start, format):
    process = start("unnest", "--format", format)
    # In Native, the next block: a block is answered once it is there.
    data = block(format, [b"first"]) + block(format, [b"second"])
    process.stdin.write(data[:-3])
    expected = block(format, [b"first"]).replace(b"\7message", b"\6result")
    assert read_exactly(process, len(expected)) == expected
    process.stdin.write(data[-3:])
    assert b"second" in end(process)[0]


@pytest.mark.parametrize("format", FORMATS)
def test_one_byte_at_a_time(start, format, messages):
    data = block(format, messages[:8])
    process = start("unnest", "--format", format)
    out = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
    reader.start()
    for byte in data:
        os.write(process.stdin.fileno(), bytes([byte]))
    process.stdin.close()
    reader.join(20)
    assert process.wait(10) == 0
    whole = call("unnest", "--format", format, data=data).stdout
    assert out[0] == whole


@pytest.mark.parametrize("format", FORMATS)
def test_input_cut_at_every_byte(format):
    data = block(format, [b"ab", b'{"a":1}'])
    whole = call("unnest", "--format", format, data=data).stdout
    for size in range(len(data)):
        done = call("unnest", "--format", format, data=data[:size])
        complete = format == "LineAsString" or size == 0 or (format == "RowBinary" and size == 3)
        assert done.returncode == (0 if complete else 1), size
        assert done.stderr == (b"" if complete else b"debezium-udf: the input ends in the middle of a row\n")
        if format == "RowBinary":
            assert whole.startswith(done.stdout)


def test_a_reader_that_goes_away(start, messages):
    process = start("decode", LAYOUT)
    process.stdout.close()
    process.stdin.write(messages[0] + b"\n")
    assert process.wait(10) == 1
    assert process.stderr.read() == b"debezium-udf: standard output: Broken pipe\n"


def test_ignored_or_blocked_signals_are_not_inherited(start, messages):
    process = start("unnest", preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]))
    process.stdin.write(b"a\n")
    assert read_exactly(process, 2) == b"a\n"
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize("name, number", [("standard input", 0), ("standard output", 1)])
def test_a_closed_descriptor(name, number):
    done = subprocess.run([PROGRAMS[0], "unnest"], stdin=subprocess.DEVNULL if number else None, stderr=PIPE,
                          stdout=PIPE, preexec_fn=lambda: os.close(number), timeout=10)
    if number == 0:
        assert (done.returncode, done.stderr) == (1, b"debezium-udf: standard input: Bad file descriptor\n")
    else:  # nothing to write, nothing wrong
        assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run([PROGRAMS[0], "--help"], stderr=PIPE, preexec_fn=lambda: os.close(1), timeout=10)
    assert (done.returncode, done.stderr) == (1, b"debezium-udf: standard output: Bad file descriptor\n")


def test_a_full_disk():
    with open("/dev/full", "wb") as full:
        for words in (["unnest"], ["--help"], ["config", LAYOUT]):
            done = subprocess.run([PROGRAMS[0], *map(str, words)], input=b"a\n", stdout=full, stderr=PIPE, timeout=10)
            assert (done.returncode, done.stderr) == (1, b"debezium-udf: standard output: No space left on device\n")


def test_input_that_cannot_be_read():
    directory = os.open("/", os.O_RDONLY)
    try:
        done = subprocess.run([PROGRAMS[0], "unnest"], stdin=directory, capture_output=True, timeout=10)
    finally:
        os.close(directory)
    assert (done.returncode, done.stderr) == (1, b"debezium-udf: standard input: Is a directory\n")


def test_descriptors_that_do_not_block(start, messages):
    data = block("RowBinary", messages * 2000)
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    os.set_blocking(in_read, False)
    os.set_blocking(out_write, False)
    process = start("decode", LAYOUT, "--format", "RowBinary", stdin=in_read, stdout=out_write)
    os.close(in_read)
    os.close(out_write)

    def write():
        with os.fdopen(in_write, "wb") as file:
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(out_read, "rb") as file:
        out = file.read()
    writer.join()
    assert process.wait(10) == 0 and process.stderr.read() == b""
    assert out == call("decode", LAYOUT, "--format", "RowBinary", data=data).stdout


def test_stops_and_signals_in_between(start, messages):
    data = block("RowBinary", messages * 2000)
    process = start("decode", LAYOUT, "--format", "RowBinary")
    out = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
    writer = threading.Thread(target=lambda: (process.stdin.write(data), process.stdin.close()))
    reader.start()
    writer.start()
    while writer.is_alive():
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGWINCH)
        time.sleep(0.0005)
    writer.join()
    reader.join()
    assert process.wait(10) == 0
    assert out[0] == call("decode", LAYOUT, "--format", "RowBinary", data=data).stdout


def test_full_pipes_in_both_directions(start, messages):
    """One thread that writes and reads as it may, and one that reads only when nothing can be written any more."""
    data = block("RowBinary", messages * 2000)
    process = start("decode", LAYOUT, "--format", "RowBinary")
    os.set_blocking(process.stdin.fileno(), False)
    os.set_blocking(process.stdout.fileno(), False)
    out, sent, full = b"", 0, 0
    while sent < len(data):
        try:
            sent += os.write(process.stdin.fileno(), data[sent : sent + (1 << 20)])
            continue
        except BlockingIOError:
            pass
        ready, _, _ = select.select([process.stdout], [process.stdin], [], 10)[0:3]
        if ready:
            full += 1
            out += os.read(process.stdout.fileno(), 1 << 16)
    os.set_blocking(process.stdout.fileno(), True)
    assert full > 10
    assert out + end(process)[0] == call("decode", LAYOUT, "--format", "RowBinary", data=data).stdout


def test_a_reader_that_stops_costs_no_memory(start, messages):
    data = block("RowBinary", messages * 4000)
    process = start("unnest", "--format", "RowBinary")
    os.set_blocking(process.stdin.fileno(), False)
    sent, deadline = 0, time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            sent += os.write(process.stdin.fileno(), data[sent : sent + (1 << 20)])
        except BlockingIOError:
            time.sleep(0.01)
    assert sent < len(data), "nobody reads, so not all can be taken"
    assert memory(process, "VmHWM") < 16 << 20
    process.kill()
    process.wait()


def test_what_is_inherited_is_closed_and_pipes_are_enlarged(start):
    read, write = os.pipe()
    process = start("unnest", pass_fds=[read, write])
    process.stdin.write(b"a\n")
    assert read_exactly(process, 2) == b"a\n"
    assert sorted(os.listdir(f"/proc/{process.pid}/fd")) == ["0", "1", "2"]
    for pipe in (process.stdin, process.stdout):
        assert fcntl.fcntl(pipe, F_GETPIPE_SZ) == 256 << 10
    os.close(read)
    os.close(write)
    end(process)


def test_the_end_comes_at_once(start):
    times = []
    for _ in range(5):
        process = start("decode", LAYOUT)
        process.stdin.write(b"{}\n")
        read_exactly(process, 1)
        began = time.monotonic()
        process.stdin.close()
        process.wait(10)
        times.append(time.monotonic() - began)
        process.stdout.close()
        process.stderr.close()
    assert min(times) < 0.1, times


@pytest.mark.parametrize("format", FORMATS)
def test_memory_does_not_grow_with_rows(start, format, messages):
    process = start("decode", LAYOUT, "--format", format)
    part = block(format, messages * 20)
    out = [0]

    def drain():
        while data := os.read(process.stdout.fileno(), 1 << 20):
            out[0] += len(data)

    reader = threading.Thread(target=drain)
    reader.start()
    sizes = []
    for _ in range(2):
        for _ in range(40):
            process.stdin.write(part)
        sizes.append(memory(process, "VmHWM"))
    process.stdin.close()
    reader.join()
    assert process.wait(10) == 0
    assert sizes[1] < 32 << 20
    assert sizes[1] - sizes[0] < 2 << 20, sizes


def test_a_huge_message_and_its_memory_afterwards(start):
    huge = b'{"op":"c","source":{},"after":{"aggregate_type":"event","aggregate_id":"1","payload":' \
        b'{"experiment_id":1,"variant_id":2,"user_id":"u","timestamp":"2026-01-02","pad":"' + b"x" * (80 << 20) + b'"}}}'
    process = start("decode", LAYOUT, "--format", "RowBinary")
    writer = threading.Thread(target=process.stdin.write, args=[string(huge) + string(b"null")])
    writer.start()
    event = read_exactly(process, 2, 60)
    writer.join()
    rest = read_exactly(process, 1 << 20, 0.5)
    assert event == b"\0\0" and b"tombstone" in rest
    process.stdin.write(string(b"null") * 10)
    read_exactly(process, 100, 1)
    assert memory(process, "VmHWM") < 500 << 20
    assert memory(process, "VmRSS") < 32 << 20
    end(process)


def test_a_length_that_is_only_announced_costs_nothing(start):
    process = start("unnest", "--format", "RowBinary")
    process.stdin.write(varint(250 << 20) + b"x" * 1000)
    time.sleep(0.2)
    assert memory(process, "VmSize") < 64 << 20
    end(process, status=1, lines=1)


@pytest.mark.parametrize("words, status", [
    (["decode", "./none.json"], 1),
    (["decode", LAYOUT, "--fingerprint", "0123456789abcdef"], 1),
    (["decode", LAYOUT, "--formt", "Native"], 2),
    (["dekode"], 2),
])
def test_a_call_that_is_refused_lets_its_writer_end(start, words, status):
    """Whoever starts the program and writes at once would see a broken pipe, and not the line."""
    process = start(*words)
    began = time.monotonic()
    for _ in range(64):  # more than the pipe holds
        process.stdin.write(b"x" * 65535 + b"\n")
    assert process.stdout.read() == b""
    assert process.wait(30) == status and time.monotonic() - began < 20  # though the pipe stays open
    assert process.stderr.read().count(b"\n") == 1


def test_a_call_that_is_refused_does_not_wait_for_an_endless_writer(start):
    with open("/dev/zero", "rb") as zeros:
        source = subprocess.Popen(["cat"], stdin=zeros, stdout=PIPE)
    process = start("decode", "./none.json", stdin=source.stdout)
    source.stdout.close()
    try:
        assert process.wait(10) == 1
    finally:
        source.kill()
        source.wait()
