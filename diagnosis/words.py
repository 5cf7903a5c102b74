"""Text of the target within sentences of ours."""

_LONGEST = 80
_PRIME = "\u02b9"


def quoted(text: str, limit: int = _LONGEST) -> str:
    """In backticks, which it cannot end, and short: whatever it says, it does not pass for words of ours."""
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-(limit - 1 - half) :]}"
    return "`" + text.replace("`", _PRIME) + "`"
