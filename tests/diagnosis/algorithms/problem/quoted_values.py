"""Reading of `name="value"; name2=value2` header fields."""
import re
from http import HTTPStatus

_octal = re.compile(r"\\[0-3][0-7][0-7]")
_quoted = re.compile(r"\\.")
_pair = re.compile(
    r"""\s*(?P<key>[\w!\#%&'*+.^`|~$-]+)
        (?:\s*=\s*(?P<val>"(?:[^\\"]|\\.)*"|[^;]*))?
        \s*(?:;|$)""",
    re.VERBOSE,
)


class FieldError(ValueError):
    status = HTTPStatus.BAD_REQUEST


def unquote(text):
    """Undoes the quoting of a value: \\" is a quote, \\012 a byte in octal."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    text = text[1:-1]
    pos, end, out = 0, len(text), []
    while 0 <= pos < end:
        octal = _octal.search(text, pos)  # <- cost hot 88
        other = _quoted.search(text, pos)  # <- cost hot 4
        if octal is None and other is None:
            out.append(text[pos:])
            break
        at_octal = octal.start() if octal else end
        at_other = other.start() if other else end
        if other and at_other < at_octal:
            out.append(text[pos:at_other])
            out.append(text[at_other + 1])
            pos = at_other + 2
        else:
            out.append(text[pos:at_octal])
            out.append(chr(int(text[at_octal + 1:at_octal + 4], 8)))
            pos = at_octal + 4
    return "".join(out)


class FieldJar(dict):
    """Fields of one request by name; the last of a name wins."""

    max_fields = 300

    def load(self, header):
        pos = 0
        while pos < len(header):
            match = _pair.match(header, pos)
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
