"""The line of an instruction of CPython's bytecode, from the table that its version keeps."""


def line_at(minor: int, table: bytes, first_line: int, offset: int) -> int | None:
    """The line of a byte offset in the bytecode of CPython 3.``minor``; None for an instruction that has no line, or
    beyond a damaged table."""
    how = line_of if minor >= 11 else line_of_3_10 if minor == 10 else line_of_3_8
    return how(table, first_line, offset)


def line_of(table: bytes, first_line: int, offset: int) -> int | None:
    """The line of a byte offset in the bytecode, from ``co_linetable`` (Objects/locations.md of CPython 3.11).

    None for an instruction that has no line, or beyond a damaged table.
    """
    at, line, address = 0, first_line, 0

    def number() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = table[at]
            at += 1
            value |= (byte & 63) << shift
            shift += 6
            if not byte & 64:
                return value

    def signed_number() -> int:
        value = number()
        return -(value >> 1) if value & 1 else value >> 1

    try:
        while at < len(table):
            kind, length = table[at] >> 3 & 15, 2 * ((table[at] & 7) + 1)
            at += 1
            has_line = True
            if kind == 15:  # no location
                has_line = False
            elif kind == 14:  # long form: line, end line, column, end column
                line += signed_number()
                number(), number(), number()
            elif kind == 13:  # line only
                line += signed_number()
            elif kind >= 10:  # one-line form
                line += kind - 10
                at += 2
            else:  # short form
                at += 1
            if address <= offset < address + length:
                return line if has_line else None
            address += length
    except IndexError:
        pass
    return None


def line_of_3_10(table: bytes, first_line: int, offset: int) -> int | None:
    """The same of 3.10: pairs of a length in bytes and how far the line moves (Objects/lnotab_notes.txt)."""
    line, end = first_line, 0
    for length, step in zip(table[::2], table[1::2], strict=False):
        end += length
        if step != 128:
            line += step - 256 if step > 128 else step
        if offset < end:
            return None if step == 128 else line
    return None


def line_of_3_8(table: bytes, first_line: int, offset: int) -> int:
    """The same of 3.8 and 3.9 (``co_lnotab``): how many bytes on, and how many lines, the next pair begins."""
    line, start = first_line, 0
    for length, step in zip(table[::2], table[1::2], strict=False):
        start += length
        if start > offset:
            break
        line += step - 256 if step > 127 else step
    return line
