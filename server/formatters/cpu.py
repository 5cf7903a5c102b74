"""trace-cpu in few words."""

from perfdoctor.schemas.answers import CpuAnswer
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.server.formatters.words import (
    chain,
    code,
    follow,
    opening,
    percent,
    place,
    quantity,
    table,
)


def say(answer: CpuAnswer, *, stacks: bool = True) -> str:
    lines = opening(answer)
    lines += _counted(answer.events)
    rows = [
        (
            percent(line.self_share),
            percent(line.total_share),
            place(line.location),
            code(line.doing, 60) if line.doing else "",
        )
        for line in answer.lines
    ]
    lines += table(("charged", "on stack", "line", "doing"), rows, answer.omitted_lines)
    if stacks and answer.stacks:
        lines += ["", f"Stacks, innermost first ({answer.total_stacks} in all):"]
        for stack in answer.stacks:
            at = chain(stack.stack, 16 if _is_mixed(stack.stack) else 6, stack.omitted_frames)
            lines.append(f"- {percent(stack.share)} {quantity(stack.seconds, 's')}: {at}")
    return "\n".join([*lines, *follow(answer.next)])


def _is_mixed(stack: Stack) -> bool:
    return {FrameKind.PYTHON, FrameKind.NATIVE} <= {frame.kind for frame in stack}


_RATIOS = (
    ("instructions", "cycles", "{:.2f} instructions per cycle"),
    ("branch-misses", "branches", "{:.1%} of the branches mispredicted"),
    ("cache-misses", "cache-references", "{:.0%} of the cache references missed"),
)


def _counted(events: dict[str, int]) -> list[str]:
    """What the processor's counters say together: `cycles:u` is that of a user who may not count the kernel."""
    by_name = {name.partition(":")[0]: count for name, count in events.items()}
    said = [
        sentence.format(by_name[part] / by_name[whole])
        for part, whole, sentence in _RATIOS
        if part in by_name and by_name.get(whole)
    ]
    return [f"The processor counted {', '.join(said)}."] if said else []
