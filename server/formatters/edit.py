"""A change in few words, with its diff."""

import re

from perfdoctor.schemas.edit import EditAnswer
from perfdoctor.server.formatters.words import follow


def say(answer: EditAnswer) -> str:
    lines = [f"**{answer.summary}**", f"{answer.encoding}, {answer.line_ends} line ends; {answer.asked}."]
    if answer.token is not None:
        lines.append(f"Token of this change: {answer.token}")
    lines += [f"Warning: {warning}" for warning in answer.warnings]
    # The diff is fenced by more tildes than it has anywhere in a row: it cannot end the fence.
    longest = max((len(run) for line in answer.diff for run in re.findall(r"~+", line)), default=0)
    fence = "~" * max(3, longest + 1)
    lines += ["", f"{fence}diff", *answer.diff, fence]
    if answer.omitted_lines:
        lines.append(f"({answer.omitted_lines} more lines; detail=full shows them)")
    return "\n".join([*lines, *follow(answer.next)])
