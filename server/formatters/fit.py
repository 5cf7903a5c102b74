"""An answer's length: a model pays for every word."""

CHARACTERS = {"brief": 2100, "normal": 5200, "full": 48_000}
"""by detail. Names, paths and figures have about 3.5 characters to a token (bench/diagnosis.py counts them): normal is
below 1,500 tokens."""


def fit(text: str, detail: str) -> str:
    """``text``, cut at a line and marked as cut when it is too long. What follows ``Next:`` is kept: it is how the rest
    is reached."""
    most = CHARACTERS[detail]
    if len(text) <= most:
        return text
    body, mark, following = text.rpartition("\nNext:\n")
    note = "\n(cut here: ask for less with limit, or for all with detail=full)\n"
    room = most - len(note) - len(mark) - len(following)
    if not mark or room < most // 2:
        return text[: most - len(note)].rsplit("\n", 1)[0] + note
    return body[:room].rsplit("\n", 1)[0] + note + mark + following
