"""What LIMITS.md says of messages that are not read: an error row with that reason, and the next message is an event."""
import json

import pytest

from program import FIXTURE, LAYOUT, PROGRAMS, call

CLOUD_EVENT = (b'{"id":"1","source":"/debezium/postgresql/server","specversion":"1.0","type":"io.debezium.postgresql.datachangeevent",'
               b'"datacontenttype":"application/json","iodebeziumop":"c","data":{"before":null,"after":{"id":1}}}')


@pytest.mark.parametrize("program", PROGRAMS, ids=["simdjson", "cjson"])
@pytest.mark.parametrize("message, reason", [
    (b"\0\0\0\0\1\x0ca1b2\2", "not JSON: "),
    (b"\x08\x96\1\x12\4test", "not JSON: "),
    (CLOUD_EVENT, "unknown shape"),
    (b'{"op":"c","source":{"collection":"outbox"},"after":"{\\"aggregate_type\\":\\"event\\"}"}', "after: not an object"),
], ids=["Avro", "Protobuf", "CloudEvents", "MongoDB"])
def test_messages_of_other_kinds(program, message, reason):
    event = FIXTURE.read_bytes().splitlines()[0]
    done = call("decode", LAYOUT, data=message + b"\n" + event + b"\n", program=program)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["outcome"], second["outcome"]) == ("error", "event")
    assert first["reason"].startswith(reason)
