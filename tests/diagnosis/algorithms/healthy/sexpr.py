"""Reader of the s-expression netlists that the board editor saves."""

WHITESPACE = " \t\r\n"
DELIMS = WHITESPACE + '()"'


class ParseError(ValueError):
    pass


class Reader:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def skip(self):
        text, n = self.text, len(self.text)
        while self.pos < n and text[self.pos] in WHITESPACE:  # <- hot 22
            self.pos += 1

    def atom(self):
        text, n = self.text, len(self.text)
        start = self.pos
        while self.pos < n and text[self.pos] not in DELIMS:  # <- hot 37
            self.pos += 1  # <- hot 16
        return text[start:self.pos]

    def string(self):
        end = self.text.index('"', self.pos + 1)
        value = self.text[self.pos + 1:end]
        self.pos = end + 1
        return value

    def read(self):
        stack = [[]]
        while True:
            self.skip()
            if self.pos >= len(self.text):
                break
            c = self.text[self.pos]
            if c == "(":
                stack.append([])
                self.pos += 1
            elif c == ")":
                if len(stack) == 1:
                    raise ParseError(self.pos)
                done = stack.pop()
                stack[-1].append(done)
                self.pos += 1
            else:
                stack[-1].append(self.string() if c == '"' else self.atom())
        if len(stack) != 1:
            raise ParseError("unexpected end")
        return stack[0]


def nets(path):
    with open(path) as fh:
        for form in Reader(fh.read()).read():
            if form and form[0] == "net":
                yield form[1], form[2:]
