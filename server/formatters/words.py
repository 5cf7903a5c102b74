"""Numbers and places in few words."""

import math
import re
from collections.abc import Sequence

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.recording import Collection, NextCall, Window
from perfdoctor.schemas.target import Target

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_SMALL = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_UNITS = {"seconds": "s", "bytes": "B", "bytes/s": "B/s", "1/s": "/s"}
"""how the schemas name units, and how they are written"""
OWN = "»"
"""before the first frame of a stack that is the user's own code"""
_PLAIN = re.compile(r"[\w./:+-]{0,200}", re.ASCII)
_LEFT_OUT = re.compile(r"\[(\d{1,6}) frames\]")
_BINARY = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def count(number: int) -> str:
    """``47,311``: what was counted is said to the last one."""
    return f"{number:,}"


def quantity(value: float, unit: str = "") -> str:
    """``1.23 ms``, ``45.6k``, ``512 MiB``, ``57%``: three digits. Seconds get small prefixes, bytes binary ones."""
    if unit == "share":
        return percent(value)
    unit = _UNITS.get(unit, unit)
    size = abs(value)
    if unit == "s":
        if size >= 1 or size == 0:
            return f"{_three(value)} s"
        scale, prefix = next(((s, p) for s, p in _SMALL if size >= s * 0.9995), _SMALL[-1])
        return f"{_three(value / scale)} {prefix}s"
    if unit.startswith("B"):
        scale, name = next(((s, n) for s, n in _BINARY if size >= s), (1, "B"))
        return f"{_three(value / scale)} {name}{unit[1:]}"
    scale, prefix = next(((s, p) for s, p in _PREFIXES if size >= s * 0.9995), (1.0, ""))
    gap = " " if unit and not unit.startswith("/") else ""
    return f"{_three(value / scale)}{prefix}{gap}{unit}"


def _three(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1%"
    return f"{share:.0%}"


def code(text: str, limit: int = 160) -> str:
    """Text of the target inside backticks: it can neither end them nor start a line."""
    return quoted(text, limit)


def place(location: Location | None) -> str:
    """``app/search.py:41 rank``, as code."""
    if location is None:
        return "(no stack)"
    where = location.file or ""
    if location.line:
        where += f":{location.line}"
    parts = [part for part in (where, location.function) if part]
    library = " (library code)" if location.library else ""
    return code(" ".join(parts)) + library if parts else "(unknown place)"


def chain(stack: Stack, frames: int = 6, omitted: int = 0) -> str:
    """A stack on one line, innermost first, with the first frame of the user's own marked and always there;
    ``omitted`` callers were cut off before."""
    own = next((at for at, frame in enumerate(stack) if frame.user), 0)
    shown = [_frame(frame) for frame in stack[: frames if own < frames else frames - 1]]
    if own >= frames:
        shown += [f"… {sum(map(_counted, stack[frames - 1 : own]))} more", _frame(stack[own])]
    omitted += max(0, len(stack) - max(frames, own + 1))
    return " < ".join(shown) + (f" … {omitted} more" if omitted else "")


def _counted(frame: Frame) -> int:
    """How many frames this one stands for: those that an answer left out are one, ``[7 frames]``."""
    left_out = _LEFT_OUT.fullmatch(frame.function)
    return int(left_out[1]) if left_out else 1


def _frame(frame: Frame) -> str:
    file = (frame.file or frame.module or "").rsplit("/", 1)[-1]
    at = f" {file}:{frame.line}" if frame.file and frame.line else ""
    return (OWN if frame.user else "") + code(f"{frame.function}{at}", 80)


def explained(text: str) -> str:
    """``text``, and once what the mark in its stacks means, before what follows ``Next:``."""
    if f"{OWN}`" not in text:
        return text
    body, mark, following = text.partition("\n\nNext:\n")
    return f"{body}\n{OWN} marks where a stack enters the user's own code.{mark}{following}"


def target(who: Target) -> str:
    family = " and its children" if who.children else ""
    pids = f"pid {who.pid}" + (f" and {len(who.others)} more of that name" if who.others else "")
    return f"{code(who.name, 40)} ({pids}, {who.runtime}, {who.threads} threads{family})"


def window(time: Window) -> str:
    early = f", ended early: {clean(time.partial)}" if time.partial else ""
    return f"{time.seconds:.1f} s{early}"


def measured(how: Collection) -> str:
    """How the figures came to be, what they lack, and what that cost the target."""
    parts = [f"by {how.backend}, {'every event counted' if how.exact else 'sampled'}"]
    kinds = {"reads": "only reads", "perturbs": "adds work to the target", "stops": "stops the target at each event"}
    cost = kinds.get(how.cost.kind, how.cost.kind)
    if how.cost.events:
        cost += f": {quantity(how.cost.events)} events, about {quantity(how.cost.estimated_seconds, 's')} of its time"
    parts.append(cost)
    counts = (
        ("events lost", how.lost),
        ("stacks cut short", how.truncated_stacks),
        ("stacks unreadable", how.missing_stacks),
        ("records not understood", how.not_understood),
    )
    parts += [f"{quantity(count)} {what}" for what, count in counts if count]
    if how.skipped:
        parts.append("not by " + "; ".join(f"{s.backend} ({clean(s.why, 120)})" for s in how.skipped))
    if how.lacks:
        parts.append(f"cannot tell: {', '.join(how.lacks)}")
    parts += [f"warning: {clean(text)}" for text in how.warnings]
    return "Measured " + "; ".join(parts) + "."


def opening(answer: Traced) -> list[str]:
    """The first lines of an answer: what was found, of whom and when, and how."""
    return [
        f"**{answer.summary}**",
        f"{target(answer.target)}, {window(answer.window)}, recording {answer.recording}.",
        measured(answer.collection),
    ]


def follow(calls: tuple[NextCall, ...]) -> list[str]:
    """The calls worth making now, one a line."""
    if not calls:
        return []
    lines = ["", "Next:"]
    for call in calls:
        arguments = ", ".join(f"{name}={_argument(value)}" for name, value in call.arguments.items())
        lines.append(f"- {call.tool} {{{arguments}}}: {clean(call.why)}")
    return lines


def _argument(value: object) -> str:
    """A value may be a name that the target gave itself."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else code(text)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], omitted: int = 0) -> list[str]:
    """A Markdown table; says how many rows are left out. Cells cannot break out of their column."""
    if not rows:
        return []
    lines = ["", " | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\u00a6") for cell in row) for row in rows]
    if omitted:
        lines.append(f"({omitted} more; limit or detail=full shows them)")
    return lines
