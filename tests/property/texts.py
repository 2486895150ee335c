"""Random texts and documents: what people put into text columns, and what readers of text take for something else."""
import json
import random
import string
import uuid

ODD = ["", " ", "NULL", "null", "0", "00", "007", "02134", "12E5", "1e400", "1.50", "1.5", "-0", "+49", "-1", "true", "false", "t",
       "2024-01-02", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05.123456", "2024-02-30", "NaN", "Infinity", "-inf", "AQ==", "BNI=",
       '{"a": 1}', "[1, 2]", '"x"', "{", '{"scale":1,"value":"Dw=="}', "12345678901234567890123", "9007199254740993", "0x1F",
       "c", "u", "d", "\\N", "\\", "\\n", '"', "'", "''", "`", "a,b", "{a,b}", "a\tb", "a\nb", "a\r\nb", "\u0001", "\u007f", "é", "É",
       "☃", "🚚", "\u2028", "\ufeffx", "日本語", "a\u0301", "%s%n", "\\u0041", "A1B2C3D4-0000-4000-8000-00000000000F", "  x  ", "x ",
       "1767323045123", "1767323045", "20240102", "3.0", "1,5", "١٢"]


def word(rng: random.Random) -> str:
    return "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(1, 12)))


FLAVOURS = {
    "odd": lambda rng: rng.choice(ODD),
    "words": word,
    "digits": lambda rng: str(rng.randrange(10 ** rng.randint(1, 18))),
    "padded": lambda rng: f"{rng.randrange(10 ** 5):05d}",
    "epochs": lambda rng: str(1767323045123 + rng.randrange(10 ** 9)),
    "decimals": lambda rng: f"{rng.randrange(10 ** 6) / 100:.2f}",
    "skus": lambda rng: f"{rng.randrange(100)}E{rng.randrange(10)}",
    "dates": lambda rng: f"{rng.randint(1990, 2040)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
    "times": lambda rng: f"{rng.randint(1990, 2040)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
                         f"T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}Z",
    "zoned": lambda rng: f"{rng.randint(1990, 2040)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T{rng.randrange(24):02d}:00:00"
                         + rng.choice(["+02:00", "-05:30"]),
    "uuids": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "flags": lambda rng: rng.choice(["true", "false"]),
    "documents": lambda rng: json.dumps(document(rng)),
    "base64": lambda rng: rng.choice(["AQ==", "BNI=", "/w==", "+y4=", "AP8Q", "Dw=="]),
}
# What a column of digits holds one day.
STRAYS = ["", "n/a", "A-17", "0012", "1E5", " 7"]


class Text:
    """The texts of one column: of one flavour, mostly; some columns meet a stray value now and then."""

    def __init__(self, rng: random.Random, longest: int = 4000):
        self.flavour = FLAVOURS[rng.choice(sorted(FLAVOURS))]
        self.strays = rng.choice([0.0, 0.0, 0.02, 0.2])
        self.longest = longest

    def value(self, rng: random.Random) -> str:
        text = rng.choice(STRAYS + ODD) if rng.random() < self.strays else self.flavour(rng)
        if rng.random() < 0.01:
            text = text + word(rng) * rng.randint(1, 200)
        return text[:self.longest]


SCALARS = [
    lambda rng: None, lambda rng: True, lambda rng: False, lambda rng: rng.randrange(1000), lambda rng: -rng.getrandbits(62),
    lambda rng: 2 ** 53 + 1, lambda rng: rng.random(), lambda rng: 1e300, lambda rng: 7.0, lambda rng: rng.choice(ODD), word,
    lambda rng: 1767323045123,
]


def document(rng: random.Random, depth: int = 0):
    """A JSON document: an object at the top, mostly."""
    if depth == 0 and rng.random() < 0.1:
        return rng.choice(SCALARS + [lambda rng: [1, [2, {"a": None}]], lambda rng: [], lambda rng: {}])(rng)
    names = rng.sample(["a", "b", "user_id", "a.b", "x[0]", "op", "é", "", "created_at", "price", "zip", 'q"', "tags", "$oid"],
                       rng.randint(0, 6))
    return {name: _member(rng, depth) for name in names}


def _member(rng: random.Random, depth: int):
    if depth < 2 and rng.random() < 0.15:
        return document(rng, depth + 1)
    if rng.random() < 0.1:
        return [rng.choice(SCALARS)(rng) for _ in range(rng.randrange(4))]
    return rng.choice(SCALARS)(rng)


def identifiers() -> list:
    """Names of columns, most of them hostile."""
    return ["op", "reason", "version", "key", "offset", "outcome", "deleted", "topic", "partition", "row", "attempt", "message",
            "kafka_time", "lsn", "unmapped", "left_out", "a.b", "a_b", "A_B", "a b", "x[0]", 'q"uote', "it's", "back\\slash", "ünï",
            "日本", "select", "from", "order", "source", "before", "after", "payload", "schema", "ts_ms", "type", "data", "status",
            "specversion", "$oid", "1st", "value", "%s", "null", "true", "id", "name", "created_at", "updatedAt", "due_ts",
            "time", "duration", "elapsed_ms", "timestamp", "price", "zip", "a[b]", "a].b", "emoji🚚", "UPPER", "Upper", "x:y", "x/y",
            "x,y", "(x)", "<x>", "x;y", "`tick`", "tab\tname", "after.x", "x" * 60, "aggregate_type", "transaction", "scale",
            "payload.x", "-", "_", "__x", "table", "ts", "note", "code", "amount", "qty", "label", "ref", "state"]
