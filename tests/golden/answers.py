"""The answers on file: what each function writes in each format, as dumps that a person can read.

They hold what the tables by hand leave open: the exact bytes. renew.py writes them anew; the difference is read
by a person."""

import subprocess
from dataclasses import dataclass

import tables
from tests.support import wire
from tests.support.programs import as_file

FOLDER = tables.HERE / "answers"

# One message of every shape and of every kind of outcome, from all configurations of Debezium.
MIXED = [
    ("bare.public.outbox.ndjson", 1),
    ("bare.public.outbox.ndjson", 5),
    ("bare.public.outbox.ndjson", 6),
    ("bare.public.outbox.ndjson", 35),
    ("bare.public.outbox.ndjson", 37),
    ("bare.public.outbox.ndjson", 39),
    ("bare.public.outbox.ndjson", 40),
    ("bare.public.outbox.ndjson", 41),
    ("bare.public.outbox.ndjson", 44),
    ("bare.public.outbox.ndjson", 46),
    ("bare.public.outbox.ndjson", 48),
    ("bare.public.outbox.ndjson", 49),
    ("bare.public.outbox_text.ndjson", 2),
    ("bare.public.outbox_text.ndjson", 3),
    ("bare.public.outbox_text.ndjson", 8),
    ("schema.public.outbox.ndjson", 7),
    ("flat.public.outbox.ndjson", 8),
    ("flat.public.outbox.ndjson", 40),
    ("flat.public.outbox.ndjson", 48),
    ("unwrap.public.outbox.ndjson", 10),
    ("unwrap.public.outbox.ndjson", 48),
    ("router.event.ndjson", 3),
    ("routerexpand.event.ndjson", 3),
    ("routerexpand.event.ndjson", 13),
    ("bare.message.ndjson", 1),
    ("bare.transaction.ndjson", 2),
    ("__debezium-heartbeat.schema.ndjson", 1),
]
TYPES = [("bare.public.types.ndjson", line) for line in range(1, 10)]
PLAIN = [("time_isostring.public.types.ndjson", line) for line in range(1, 10)]


def picked(places):
    return [(tables.messages(fixture)[line - 1],) for fixture, line in places]


@dataclass(frozen=True)
class Case:
    name: str  # and the file's: NAME.txt
    arguments: tuple[str, ...]  # what to call the program with, without --format
    format: str
    rows: list[tuple[bytes, ...]]  # the function's arguments, row by row

    @property
    def file(self):
        return FOLDER / f"{self.name}.txt"

    def ask(self, binary):
        """What the program answers: its text as it is, binary formats as a dump."""
        with as_file(wire.ENCODE[self.format](self.rows)) as messages:
            run = subprocess.run(
                [binary, *self.arguments, "--format", self.format],
                stdin=messages,
                capture_output=True,
                cwd=tables.ROOT,
                timeout=60,
                check=False,
            )
        assert (run.returncode, run.stderr) == (0, b""), run.stderr.decode("utf-8", "replace")
        return run.stdout.decode("utf-8") if self.format == "LineAsString" else dump(run.stdout)


def dump(data):
    """Sixteen bytes a line, in hexadecimal and as ASCII."""
    lines = []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        lines.append(f"{at:06x}  {piece.hex(' '):<47}  {text}\n")
    return "".join(lines)


def cases():
    mixed, types, plain = picked(MIXED), picked(TYPES), picked(PLAIN)
    times = [(value.encode(),) for value, _ in tables.lines_of("timestamps.tsv", "value\tanswer")]
    paths = [
        (tables.messages(fixture)[int(line) - 1], path.encode())
        for fixture, line, path, _ in tables.lines_of("extract.tsv", "file\tline\tpath\tanswer")
    ]
    for form in wire.ENCODE:
        yield Case(f"decode.{form}", ("decode", layout("expected")), form, mixed)
        yield Case(f"decode_types.{form}", ("decode", layout("types")), form, types)
        yield Case(f"decode_types_plain.{form}", ("decode", layout("types_plain")), form, plain)
        yield Case(f"decode_types_lenient.{form}", ("decode", layout("types_lenient")), form, types)
        yield Case(f"extract_user.{form}", ("extract", "after.payload.user_id"), form, mixed)
        yield Case(f"unnest.{form}", ("unnest",), form, mixed)
        yield Case(f"timestamp.{form}", ("timestamp",), form, times)
        if form != "LineAsString":
            yield Case(f"extract_paths.{form}", ("extract",), form, paths)


def layout(table):
    """Named from the root, where the program is run."""
    return str(tables.LAYOUTS[table].relative_to(tables.ROOT))


CASES = list(cases())
