"""Grouping of a flat token stream of a query into aliased expressions."""


class Token:
    __slots__ = ("ttype", "value", "parent")

    def __init__(self, ttype, value):
        self.ttype = ttype
        self.value = value
        self.parent = None

    @property
    def is_whitespace(self):
        return self.ttype == "ws"

    def match(self, ttype, value):
        return self.ttype == ttype and self.value.upper() == value


class TokenList(Token):
    __slots__ = ("tokens",)

    def __init__(self, tokens):
        super().__init__("group", None)
        self.tokens = tokens
        for token in tokens:
            token.parent = self

    def flatten(self):
        for token in self.tokens:
            if isinstance(token, TokenList):
                yield from token.flatten()
            else:
                yield token

    def __str__(self):
        return "".join(t.value for t in self.flatten())


class Aliased(TokenList):
    __slots__ = ()


def _last_solid(tokens):
    idx = len(tokens) - 1
    while idx >= 0 and tokens[idx].is_whitespace:
        idx -= 1
    return idx


def _next_solid(tokens, idx):
    while idx < len(tokens) and tokens[idx].is_whitespace:
        idx += 1
    return idx


def group_aliases(tlist):
    """Turns each `name AS alias` into one group, in place."""
    tokens, out = tlist.tokens, []
    idx = 0
    while idx < len(tokens):
        token = tokens[idx]
        if token.match("keyword", "AS"):  # <- hot 48
            left = _last_solid(out)
            right = _next_solid(tokens, idx + 1)  # <- hot 9
            if left >= 0 and right < len(tokens) and tokens[right].ttype == "name":
                group = Aliased(out[left:] + tokens[idx:right + 1])  # <- hot 14
                group.parent = tlist
                out[left:] = [group]
                idx = right + 1
                continue
        out.append(token)
        idx += 1
    tlist.tokens = out
    return tlist
