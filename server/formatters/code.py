"""Source code with its costs as a margin."""

import re

from perfdoctor.schemas.code import CodeAnswer, Neighbour, SearchAnswer, SourceLine
from perfdoctor.server.formatters.words import code, count, follow, percent, place, quantity


def say(answer: CodeAnswer) -> str:
    lines = [f"**{answer.summary}**", f"Recording {answer.recording}; {answer.total_lines} lines in the file."]
    if answer.warning:
        lines.append(f"Warning: {answer.warning}")
    if answer.changed:
        change = answer.changed
        lines.append(
            f"Last commit: {code(change.commit, 16)} by {code(change.author, 60)}: {code(change.subject, 120)}"
        )
    lines += ["", *_listing(answer.lines)]
    for title, neighbours in (("Called from", answer.callers), ("It calls", answer.callees)):
        if neighbours:
            lines.append(f"{title}: {', '.join(map(_neighbour, neighbours))}.")
    if answer.omitted_neighbours:
        lines.append(f"({answer.omitted_neighbours} more)")
    return "\n".join([*lines, *follow(answer.next)])


def say_found(answer: SearchAnswer) -> str:
    lines = [f"**{answer.summary}**"]
    if answer.warning:
        lines.append(f"Warning: {answer.warning}")
    lines += [
        f"- {code(f'{match.file}:{match.line}', 200)} {code(match.text.strip(), 160)}" for match in answer.matches
    ]
    if answer.omitted:
        lines.append(f"({answer.omitted} more; limit shows them)")
    return "\n".join([*lines, *follow(answer.next)])


def _listing(lines: tuple[SourceLine, ...]) -> list[str]:
    """The source is fenced by more tildes than it has anywhere in a row: it cannot end the fence."""
    margins = [_margin(line) for line in lines]
    width = max((len(margin) for margin in margins), default=0)
    longest = max((len(run) for line in lines for run in re.findall(r"~+", line.text)), default=0)
    fence = "~" * max(3, longest + 1)
    body = [f"{m:>{width}} {line.number:>5} | {line.text}" for m, line in zip(margins, lines, strict=True)]
    return [fence, *body, fence, ""]


def _margin(line: SourceLine) -> str:
    parts = []
    if line.cpu_seconds:
        parts.append(f"cpu {quantity(line.cpu_seconds, 's')}")
    if line.wait_seconds and line.wait_seconds >= 0.0005:
        parts.append(f"wait {quantity(line.wait_seconds, 's')}")
    if line.calls:
        parts.append(f"{count(line.calls)} calls")
    if line.faults:
        parts.append(f"{count(line.faults)} faults")
    return ", ".join(parts)


def _neighbour(neighbour: Neighbour) -> str:
    return f"{place(neighbour.location)} {percent(neighbour.share)}"
