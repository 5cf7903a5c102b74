class Lexer:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def _string(self):
        quote = self.text[self.pos]
        end = self.pos + 1
        while self.text[end] != quote:  # <- 0
            if self.text[end] == "\\":
                end += 1
            end += 1
        token = ("str", self.text[self.pos + 1:end])
        self.pos = end + 1
        return token

    def _run(self, kind, accept):
        start = self.pos
        while self.pos < len(self.text) and accept(self.text[self.pos]):
            self.pos += 1
        return kind, self.text[start:self.pos]

    def __iter__(self):
        while self.pos < len(self.text):
            ch = self.text[self.pos]
            if ch in "'\"":
                yield self._string()  # <- 1
            elif ch.isdigit():
                yield self._run("num", str.isdigit)
            elif ch.isalpha():
                yield self._run("name", str.isalnum)
            else:
                self.pos += 1
                if not ch.isspace():
                    yield "op", ch
