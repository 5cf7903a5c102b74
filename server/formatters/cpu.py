"""trace-cpu in few words."""

from perfdoctor.schemas.answers import CpuAnswer
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
            at = chain(stack.stack, 6, stack.omitted_frames)
            lines.append(f"- {percent(stack.share)} {quantity(stack.seconds, 's')}: {at}")
    return "\n".join([*lines, *follow(answer.next)])
