"""trace-syscalls in few words."""

from perfdoctor.schemas.answers import SyscallAnswer, SyscallLine, SyscallTotal
from perfdoctor.server.formatters.words import (
    chain,
    code,
    count,
    follow,
    opening,
    place,
    quantity,
    table,
)


def say(answer: SyscallAnswer, *, stacks: bool = False) -> str:
    lines = opening(answer)
    head = ("call", "calls", "errors", "bytes", "time", "p50 ≤", "p99 ≤", "longest")
    lines += table(head, [_total(total) for total in answer.totals], answer.omitted_syscalls)
    head = ("line", "call", "on", "calls", "errors", "empty", "bytes", "time")
    lines += table(head, [_line(line) for line in answer.lines], answer.omitted_lines)
    if stacks:
        shown = [line for line in answer.lines if line.stack]
        lines += ["", "Stacks, innermost first:"] if shown else []
        for line in shown:
            at = chain(line.stack, 12, line.omitted_frames)
            lines.append(f"- {line.syscall} at {place(line.location)}: {at}")
    if answer.errnos:
        errors = ", ".join(f"{e.syscall} {e.errno} x{count(e.calls)}" for e in answer.errnos)
        lines += ["", f"Errors: {errors}."]
    return "\n".join([*lines, *follow(answer.next)])


def _total(total: SyscallTotal) -> tuple[str, ...]:
    def seconds(value: float | None) -> str:
        return "?" if value is None else quantity(value, "s")

    return (
        total.syscall,
        count(total.calls),
        count(total.errors),
        quantity(total.bytes, "B") if total.bytes else "",
        quantity(total.seconds, "s"),
        seconds(total.p50_seconds),
        seconds(total.p99_seconds),
        seconds(total.max_seconds or None),
    )


def _line(line: SyscallLine) -> tuple[str, ...]:
    upon = code(line.object, 60) if line.object else ""
    if line.objects > 1:
        upon += f" and {line.objects - 1} others"
    return (
        place(line.location),
        line.syscall,
        upon,
        count(line.calls),
        count(line.errors),
        count(line.empty),
        quantity(line.bytes, "B") if line.bytes else "",
        quantity(line.seconds, "s"),
    )
