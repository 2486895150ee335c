"""A strict JSON reader over bytes, for tests/reference.py. It shares nothing with the binary.

parse(text) gives a Value or raises Fault(what, byte) as section 1 of docs/outcomes.md names it. A Value keeps where it
stands in its text; a string's data are its text with the escapes read, as UTF-8 bytes.

Where that page leaves something open, this reader takes the simplest reading:
- a literal is compared with the bytes that stand there, so `truex` is `true` and then a byte found instead of something
  else;
- a high surrogate is half a pair unless a complete `\\u` low surrogate follows at once, also where the text ends there;
- a UTF-8 sequence that the text's end cuts off is invalid UTF-8.
"""

import re

DEEPEST = 128

OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL = "object", "array", "string", "number", "true", "false", "null"


class Fault(Exception):
    """Why a text is not JSON, and the byte where."""

    def __init__(self, what, byte):
        super().__init__(f"{what} at byte {byte}")
        self.what = what
        self.byte = byte


class Value:
    """One JSON value. data: a list of (key, Value) of an object in their order, a list of Values, a string's text."""

    __slots__ = ("kind", "text", "start", "end", "data", "first", "inside")

    def __init__(self, kind, text, start, end, data):
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.data = data
        self.first = None
        self.inside = None

    @property
    def raw(self):
        """The bytes of the value as they stand."""
        return self.text[self.start : self.end]

    @property
    def members(self):
        """An object's members by key; of equal keys the first counts."""
        if self.first is None:
            self.first = dict(reversed(self.data))
        return self.first

    def get(self, key):
        return self.members.get(key) if self.kind == OBJECT else None

    def as_text(self):
        """A string's text, and any other value's JSON as it stands."""
        return self.data if self.kind == STRING else self.raw


_SPACE = re.compile(rb"[ \t\n\r]*").match
_PLAIN = re.compile(rb'"([ !#-\[\]-\x7f]*)"').match
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?").match
_WELL_FORMED = re.compile(
    rb"""(?: [ !#-\[\]-\x7f]+
           | \\["\\/bfnrt]
           | \\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3} | [dD][0-7][0-9a-fA-F]{2})
           | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
           | [\xc2-\xdf][\x80-\xbf]
           | \xe0[\xa0-\xbf][\x80-\xbf] | [\xe1-\xec\xee\xef][\x80-\xbf]{2} | \xed[\x80-\x9f][\x80-\xbf]
           | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3} | \xf4[\x80-\x8f][\x80-\xbf]{2}
         )*""",
    re.VERBOSE,
).match
_HEX = b"0123456789abcdefABCDEF"
_SIMPLE = ((b'\\"', b'"'), (b"\\/", b"/"), (b"\\b", b"\b"), (b"\\f", b"\f"), (b"\\n", b"\n"), (b"\\r", b"\r"), (b"\\t", b"\t"))
_REMAINING = re.compile(rb"\x00|(?:\\u[0-9a-fA-F]{4})+").sub
_LITERALS = {ord("t"): (b"true", TRUE), ord("f"): (b"false", FALSE), ord("n"): (b"null", NULL)}


def _remaining(match):
    found = match.group()
    if found == b"\0":
        return b"\\"
    return bytes.fromhex(found.replace(b"\\u", b"").decode()).decode("utf-16-be").encode()


def _unescape(escaped):
    """The text of a well-formed string's bytes. A zero byte, which no string may hold, stands for `\\\\` meanwhile."""
    text = escaped.replace(b"\\\\", b"\0")
    for escape, byte in _SIMPLE:
        text = text.replace(escape, byte)
    return _REMAINING(_remaining, text) if b"\\u" in text else text.replace(b"\0", b"\\")


def _string_fault(text, opening, at):
    """What is wrong at `at`, where the well-formed beginning of a string ends and no closing quote stands."""
    if at == len(text):
        return Fault("unterminated string", opening)
    if text[at] < 0x20:
        return Fault("control character in a string", at)
    if text[at] >= 0x80:
        return Fault("invalid UTF-8", at)
    if at + 1 == len(text):
        return Fault("unterminated string", opening)
    digits = text[at + 2 : at + 6]
    if text[at + 1] != ord("u") or any(digit not in _HEX for digit in digits):
        return Fault("bad escape", at)
    if len(digits) < 4:
        return Fault("unterminated string", opening)
    return Fault("half a surrogate pair", at)


def parse(text):
    """The Value of a whole text."""
    length = len(text)

    def expect_text(at):
        if at < length and text[at] > 0x20:
            return at
        at = _SPACE(text, at).end()
        if at == length:
            raise Fault("unexpected end", at)
        return at

    def string(at):
        match = _PLAIN(text, at)
        if match:
            return Value(STRING, text, at, match.end(), match.group(1))
        stop = _WELL_FORMED(text, at + 1).end()
        if stop == length or text[stop] != 0x22:
            raise _string_fault(text, at, stop)
        escaped = text[at + 1 : stop]
        return Value(STRING, text, at, stop + 1, _unescape(escaped) if b"\\" in escaped else escaped)

    def number(at):
        match = _NUMBER(text, at)
        if match is None:
            raise Fault("bad number", at)
        end = match.end()
        after = text[end : end + 1]
        fraction, exponent = match.groups()
        if exponent is None and (after in (b"e", b"E") or fraction is None and (after == b"." or after.isdigit())):
            raise Fault("bad number", at)
        return Value(NUMBER, text, at, end, None)

    def obj(at, depth):
        pairs = []
        here = expect_text(at + 1)
        if text[here] == 0x7D:
            return Value(OBJECT, text, at, here + 1, pairs)
        missing = "expected a key or }"
        while True:
            if text[here] != 0x22:
                raise Fault(missing, here)
            key = string(here)
            here = expect_text(key.end)
            if text[here] != 0x3A:
                raise Fault("expected :", here)
            found = value(expect_text(here + 1), depth)
            pairs.append((key.data, found))
            here = expect_text(found.end)
            if text[here] == 0x7D:
                return Value(OBJECT, text, at, here + 1, pairs)
            if text[here] != 0x2C:
                raise Fault("expected , or }", here)
            here = expect_text(here + 1)
            missing = "expected a key"

    def array(at, depth):
        items = []
        here = expect_text(at + 1)
        if text[here] == 0x5D:
            return Value(ARRAY, text, at, here + 1, items)
        while True:
            found = value(here, depth)
            items.append(found)
            here = expect_text(found.end)
            if text[here] == 0x5D:
                return Value(ARRAY, text, at, here + 1, items)
            if text[here] != 0x2C:
                raise Fault("expected , or ]", here)
            here = expect_text(here + 1)

    def value(at, depth):
        byte = text[at]
        if byte == 0x22:
            return string(at)
        if byte == 0x7B or byte == 0x5B:
            if depth == DEEPEST:
                raise Fault("nested deeper than 128", at)
            return (obj if byte == 0x7B else array)(at, depth + 1)
        if byte == 0x2D or 0x30 <= byte <= 0x39:
            return number(at)
        if byte in _LITERALS:
            literal, kind = _LITERALS[byte]
            if not text.startswith(literal, at):
                raise Fault("bad literal", at)
            return Value(kind, text, at, at + len(literal), None)
        raise Fault("expected a value", at)

    whole = value(expect_text(0), 0)
    rest = _SPACE(text, whole.end).end()
    if rest != length:
        raise Fault("text after the value", rest)
    return whole
