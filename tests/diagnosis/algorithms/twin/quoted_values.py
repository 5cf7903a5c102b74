"""Reading of `name="value"; name2=value2` header fields."""
import re
from http import HTTPStatus

_escaped = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")
_pair = re.compile(
    r"""\s*(?P<key>[\w!\#%&'*+.^`|~$-]+)
        (?:\s*=\s*(?P<val>"(?:[^\\"]|\\.)*"|[^;]*))?
        \s*(?:;|$)""",
    re.VERBOSE,
)


class FieldError(ValueError):
    status = HTTPStatus.BAD_REQUEST


def _plain(match):
    octal, other = match.groups()  # <- hot 10
    if octal:
        return chr(int(octal, 8))
    return other


def unquote(text):
    """Undoes the quoting of a value: \\" is a quote, \\012 a byte in octal."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _escaped.sub(_plain, text[1:-1])  # <- hot 23


class FieldJar(dict):
    """Fields of one request by name; the last of a name wins."""

    max_fields = 300

    def load(self, header):
        pos = 0
        while pos < len(header):
            match = _pair.match(header, pos)  # <- hot 64
            if match is None:
                raise FieldError(f"bad field at {pos}")
            key = match["key"]
            if key.startswith("$"):
                pos = match.end()
                continue
            self[key] = unquote((match["val"] or "").strip())
            if len(self) > self.max_fields:
                raise FieldError("too many fields")
            pos = match.end()
        return self


def parse_headers(headers):
    jar = FieldJar()
    for name, value in headers:
        if name.lower() == "cookie":
            jar.load(value)
    return jar
