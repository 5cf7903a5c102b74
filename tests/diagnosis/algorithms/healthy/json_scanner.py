"""Permissive JSON-with-comments reader for configuration files."""

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/"}
LITERALS = {"true": True, "false": False, "null": None}


class Reader:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def skip(self):
        text, pos, end = self.text, self.pos, len(self.text)
        while pos < end:
            c = text[pos]
            if c in " \t\r\n":  # <- hot 20
                pos += 1
            elif text.startswith("//", pos):
                at = text.find("\n", pos)
                pos = end if at < 0 else at + 1
            else:
                break
        self.pos = pos

    def value(self):
        self.skip()
        c = self.text[self.pos]
        if c == "{":
            return dict(self.members())
        if c == "[":
            return list(self.items())
        if c == '"':
            return self.string()
        start = self.pos
        while self.pos < len(self.text) and self.text[self.pos] not in ",]} \t\r\n":  # <- hot 22
            self.pos += 1
        word = self.text[start:self.pos]
        return LITERALS[word] if word in LITERALS else float(word)

    def string(self):
        self.pos += 1
        out = []
        while (c := self.text[self.pos]) != '"':  # <- hot 24
            if c == "\\":
                self.pos += 1
                c = ESCAPES[self.text[self.pos]]
            out.append(c)  # <- hot 14
            self.pos += 1
        self.pos += 1
        return "".join(out)

    def items(self):
        self.pos += 1
        self.skip()
        while self.text[self.pos] != "]":
            yield self.value()
            self.skip()
            if self.text[self.pos] == ",":
                self.pos += 1
                self.skip()
        self.pos += 1

    def members(self):
        self.pos += 1
        self.skip()
        while self.text[self.pos] != "}":
            key = self.string()
            self.skip()
            self.pos += 1
            yield key, self.value()
            self.skip()
            if self.text[self.pos] == ",":
                self.pos += 1
                self.skip()
        self.pos += 1
