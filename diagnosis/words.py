"""Text of the target within sentences of ours."""

from perfdoctor.schemas.long_names import fitting

LONGEST = 80
_PRIME = "\u02b9"


def named(function: str, limit: int = LONGEST) -> str:
    """A function's name in backticks, without what its templates are of where it is long."""
    return quoted(fitting(function, limit), limit)


def quoted(text: str, limit: int = LONGEST) -> str:
    """In backticks, which it cannot end, and short: whatever it says, it does not pass for words of ours."""
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-(limit - 1 - half) :]}"
    return "`" + text.replace("`", _PRIME) + "`"
