"""What docs/limits.md says of messages that are not read: an error row with that reason, and the next message is an event."""
import json

import pytest

from program import FIXTURE, LAYOUT, PROGRAMS, call

FLATTENED = b'{"after_id":1,"source_lsn":1,"op":"c"}'


@pytest.mark.parametrize("program", PROGRAMS, ids=["simdjson", "cjson"])
@pytest.mark.parametrize("message, reason", [
    (b"\0\0\0\0\1\x0ca1b2\2", "not JSON: expected a value at byte 5; behind a schema registry's header: Avro or Protobuf?"),
    (b"\x08\x96\1\x12\4test", "not JSON: "),
    (FLATTENED, "unknown shape: flattened with _"),
    (b'{"op":"c","source":{"collection":"outbox"},"after":"[1]"}', "after: not an object"),
], ids=["Avro", "Protobuf", "flattened", "no row"])
def test_messages_of_other_kinds(program, message, reason):
    event = FIXTURE.read_bytes().splitlines()[0]
    done = call("decode", LAYOUT, data=message + b"\n" + event + b"\n", program=program)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["outcome"], second["outcome"]) == ("error", "event")
    assert first["reason"].startswith(reason)
