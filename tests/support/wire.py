"""The engine's binary forms of String arguments, as it sends them to an executable function, and of what it is answered."""


def varint(number):
    """A length as LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | (number & 0x7F))
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    """(number, where it ends)"""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def string(text):
    return varint(len(text)) + text


def row_binary(rows):
    """rows: tuples of bytes, one for each argument."""
    return b"".join(string(value) for row in rows for value in row)


def native(rows):
    """One block; rows as above."""
    block = varint(len(rows[0])) + varint(len(rows))
    for number, values in enumerate(zip(*rows, strict=True), 1):
        block += string(b"c%d" % number) + string(b"String") + b"".join(string(value) for value in values)
    return block


def lines(rows):
    return b"".join(b"\t".join(row) + b"\n" for row in rows)


ENCODE = {"LineAsString": lines, "RowBinary": row_binary, "Native": native}


class Reader:
    """Reads what a function answers in RowBinary."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        piece = self.data[self.at : self.at + size]
        assert len(piece) == size, "the answer ends too early"
        self.at += size
        return piece

    def string(self):
        size, self.at = read_varint(self.data, self.at)
        return self.take(size)

    def nullable(self, read):
        (null,) = self.take(1)
        assert null in (0, 1)
        return None if null else read()

    def int64(self):
        return int.from_bytes(self.take(8), "little", signed=True)

    def end(self):
        assert self.at == len(self.data), f"{len(self.data) - self.at} bytes too many"
