"""trace-files in few words."""

from perfdoctor.schemas.file_use_answer import FileLine, FilesAnswer, FileUseLine
from perfdoctor.server.formatters.words import chain, code, count, follow, opening, percent, place, quantity, table


def say(answer: FilesAnswer, *, stacks: bool = False) -> str:
    lines = opening(answer)
    if answer.unnamed:
        lines.append(f"{count(answer.unnamed)} calls were upon files of which nobody could say the name any more.")
    head = ("file", "size", "opens", "looks", "missing", "reads", "times read", "writes", "syncs", "in order", "time")
    lines += table(head, [_file(file) for file in answer.files], answer.omitted_files)
    columns = ("line", "act", "on", "calls", "failed", "bytes", "time", "p99 ≤")
    lines += table(columns, [_line(line) for line in answer.lines], answer.omitted_lines)
    if stacks:
        shown = [line for line in answer.lines if line.stack]
        lines += ["", "Stacks, innermost first:"] if shown else []
        lines += [f"- {line.act} at {place(line.location)}: {chain(line.stack, 12)}" for line in shown]
    return "\n".join([*lines, *follow(answer.next)])


def _number(value: int) -> str:
    return count(value) if value else ""


def _moved(calls: int, size: int) -> str:
    if not calls and not size:
        return ""
    return f"{count(calls)} ({quantity(size, 'B')})" if calls else quantity(size, "B")


def _file(file: FileLine) -> tuple[str, ...]:
    return (
        code(file.path, 72),
        quantity(file.size, "B") if file.kind == "file" else file.kind,
        _number(file.opens),
        _number(file.looks),
        _number(file.missing),
        _moved(file.reads, file.read_bytes),
        "" if file.times_read is None or not file.read_bytes else f"{file.times_read:.3g}",
        _moved(file.writes, file.written_bytes),
        f"{count(file.syncs)} ({quantity(file.sync_seconds, 's')})" if file.syncs else "",
        "" if file.sequential is None else percent(file.sequential),
        quantity(file.seconds, "s"),
    )


def _line(line: FileUseLine) -> tuple[str, ...]:
    more = f" and {count(line.files - 1)} others" if line.files > 1 else ""
    return (
        place(line.location),
        line.act,
        code(line.path, 60) + more,
        count(line.calls),
        _number(line.errors),
        quantity(line.bytes, "B") if line.bytes else "",
        quantity(line.seconds, "s"),
        "" if line.p99_seconds is None else quantity(line.p99_seconds, "s"),
    )
