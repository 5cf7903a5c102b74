"""trace-memory in few words."""

from perfdoctor.schemas.allocations_answer import AllocationLine, MemoryAnswer, TouchedLine
from perfdoctor.server.formatters.words import chain, count, follow, opening, percent, place, quantity, table


def say(answer: MemoryAnswer, *, stacks: bool = False) -> str:
    lines = opening(answer)
    touched = ("line", "page faults", "touched ≥", "share", "mapped", "given back")
    lines += table(touched, [_touched(line) for line in answer.touched], answer.omitted_lines)
    allocated = ("line", "allocations", "bytes", "not freed", "from the first third", "oldest", "mean life", "kept")
    lines += table(allocated, [_line(line) for line in answer.lines], answer.omitted_lines)
    if answer.unknown_frees:
        lines += ["", f"{count(answer.unknown_frees)} blocks of before the window were freed in it."]
    if stacks:
        lines += ["", "Stacks, innermost first:"]
        places = [(line.location, line.stack) for line in answer.touched]
        places += [(line.location, line.stack) for line in answer.lines]
        lines += [f"- {place(where)}: {chain(stack, 12)}" for where, stack in places if stack]
    return "\n".join([*lines, *follow(answer.next)])


def _size(size: int) -> str:
    return quantity(size, "B") if size else ""


def _touched(line: TouchedLine) -> tuple[str, ...]:
    return (
        place(line.location),
        count(line.faults),
        _size(line.bytes),
        percent(line.share),
        _size(line.mapped_bytes),
        _size(line.returned_bytes),
    )


def _line(line: AllocationLine) -> tuple[str, ...]:
    return (
        place(line.location),
        count(line.calls),
        _size(line.bytes),
        f"{count(line.left)} ({quantity(line.left_bytes, 'B')})" if line.left else "",
        _size(line.survivor_bytes),
        quantity(line.oldest, "s") if line.left else "",
        quantity(line.mean_life, "s") if line.mean_life else "",
        line.keeps,
    )
