"""trace-io in few words."""

from perfdoctor.schemas.disk_answer import DiskAnswer, DiskLine, MissLine
from perfdoctor.server.formatters.words import chain, code, count, follow, opening, place, quantity, table


def say(answer: DiskAnswer, *, stacks: bool = False) -> str:
    lines = opening(answer)
    if answer.mean_depth is not None and answer.requests:
        lines.append(
            f"Queue: {answer.mean_depth:.2g} requests under way on average over the window, {answer.deepest} at most."
        )
    if answer.io_wait is not None:
        lines.append(f"Its threads waited {quantity(answer.io_wait, 's')} for block devices.")
    head = ("line", "what", "device", "file", "number", "bytes", "time", "p50 ≤", "p99 ≤", "longest")
    lines += table(head, [_line(line) for line in answer.lines], answer.omitted_lines)
    columns = ("line that missed the page cache", "file", "misses")
    lines += table(columns, [_miss(miss) for miss in answer.misses], answer.omitted_misses)
    if stacks:
        shown = [line for line in answer.lines if line.stack]
        lines += ["", "Stacks, innermost first:"] if shown else []
        lines += [f"- {line.operation} at {place(line.location)}: {chain(line.stack, 12)}" for line in shown]
    return "\n".join([*lines, *follow(answer.next)])


def _line(line: DiskLine) -> tuple[str, ...]:
    def seconds(value: float | None) -> str:
        return "" if value is None else quantity(value, "s")

    file = code(line.file, 60) if line.file else ""
    return (
        place(line.location),
        line.operation,
        code(line.device, 24) if line.device else "",
        file + (f" and {count(line.files - 1)} others" if line.files > 1 else ""),
        count(line.requests),
        quantity(line.bytes, "B") if line.bytes else "",
        quantity(line.seconds, "s"),
        seconds(line.p50_seconds),
        seconds(line.p99_seconds),
        quantity(line.max_seconds, "s"),
    )


def _miss(miss: MissLine) -> tuple[str, ...]:
    return place(miss.location), code(miss.file, 60) if miss.file else "", count(miss.misses)
