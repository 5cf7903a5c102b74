"""The text of a file, and the bytes that it came from: whatever is not changed stays as it was, to the byte."""

import codecs
from dataclasses import dataclass

from perfdoctor.schemas.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` has the file's own line ends. ``encoding``: ``UTF-8``, ``UTF-8 with BOM`` or ``Latin-1`` (what is not
    UTF-8 is taken byte for byte). ``newline`` is the line end that most lines have."""

    text: str
    encoding: str
    newline: str

    @property
    def line_ends(self) -> str:
        return {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[self.newline]


def decode(data: bytes) -> Text | None:
    """The text of a file; None for binary data."""
    if b"\0" in data:
        return None
    encoding, body = "UTF-8", data
    if data.startswith(codecs.BOM_UTF8):
        encoding, body = "UTF-8 with BOM", data[len(codecs.BOM_UTF8) :]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        encoding, text = "Latin-1", data.decode("latin-1")
    both, feeds, returns = text.count("\r\n"), text.count("\n"), text.count("\r")
    counted = {"\n": feeds - both, "\r\n": both, "\r": returns - both if feeds == 0 else 0}
    return Text(text, encoding, max(counted, key=lambda end: counted[end]))


def encode(text: str, like: Text) -> bytes:
    """``text`` as bytes in the encoding of the file. ProblemError where it has no place for a character."""
    try:
        if like.encoding == "Latin-1":
            return text.encode("latin-1")
        return (codecs.BOM_UTF8 if like.encoding == "UTF-8 with BOM" else b"") + text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ProblemError(
            f"The file has no place for {error.object[error.start]!r}.",
            f"It is written in {like.encoding}, and its encoding is kept.",
            "Write the change with the characters of that encoding, or convert the file first.",
        ) from error
