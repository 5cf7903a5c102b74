"""Text that a target can influence, made safe to show: bounded, and without control characters."""

import unicodedata

LIMIT = 256
_PRIME = "\u02b9"
"""stands for a backtick inside code"""


def clean(text: str, limit: int = LIMIT) -> str:
    """``text`` with control, format and surrogate characters replaced by U+FFFD, cut in the middle to ``limit``."""
    if not text.isprintable():
        text = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-(limit - 1 - half) :]}"
    return text


def quoted(text: str, limit: int = LIMIT) -> str:
    """Text of the target inside backticks: it can neither end them nor start a line, and passes for nothing of ours."""
    return f"`{clean(text, limit).replace('`', _PRIME)}`"
