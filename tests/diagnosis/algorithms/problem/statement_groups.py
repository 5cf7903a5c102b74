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

    def token_index(self, token):
        return self.tokens.index(token)  # <- cost hot 72

    def token_next(self, idx):
        for token in self.tokens[idx + 1:]:  # <- cost hot 11
            if not token.is_whitespace:
                return token
        return None

    def token_prev(self, idx):
        while idx > 0:
            idx -= 1
            if not self.tokens[idx].is_whitespace:
                return self.tokens[idx]
        return None

    def group_tokens(self, cls, first, last):
        start, end = self.token_index(first), self.token_index(last)
        group = cls(self.tokens[start:end + 1])
        group.parent = self
        self.tokens[start:end + 1] = [group]
        return group


class Aliased(TokenList):
    __slots__ = ()


def group_aliases(tlist):
    """Turns each `name AS alias` into one group, in place."""
    for token in list(tlist.tokens):
        if not token.match("keyword", "AS"):
            continue
        left = tlist.token_prev(tlist.token_index(token))
        right = tlist.token_next(tlist.token_index(token))
        if left is None or right is None:
            continue
        if right.ttype == "name":
            tlist.group_tokens(Aliased, left, right)
    return tlist
