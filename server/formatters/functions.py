"""trace-function in few words."""

from perfdoctor.schemas.functions_answer import CallerLine, FunctionsAnswer, FunctionTotal
from perfdoctor.server.formatters.words import chain, code, count, follow, opening, percent, place, quantity, table


def say(answer: FunctionsAnswer, *, stacks: bool = False) -> str:
    lines = opening(answer)
    head = ("function", "of", "calls", "time", "mean", "p50 ≤", "p99 ≤", "longest", "values: least, mean, most")
    lines += table(head, [_total(total) for total in answer.functions], answer.omitted_functions)
    columns = ("called at", "function", "calls", "time", "share")
    lines += table(columns, [_line(line) for line in answer.lines], answer.omitted_lines)
    if stacks:
        shown = [line for line in answer.lines if line.stack]
        lines += ["", "Callers, innermost first:"] if shown else []
        lines += [f"- {code(line.function, 60)}: {chain(line.stack, 12)}" for line in shown]
    return "\n".join([*lines, *follow(answer.next)])


def _seconds(value: float | None) -> str:
    return "" if value is None else quantity(value, "s")


def _total(total: FunctionTotal) -> tuple[str, ...]:
    values = ", ".join(quantity(value) for value in total.values)
    return (
        code(total.function, 80),
        code(total.module.rpartition("/")[2], 40),
        "not known" if total.calls is None else count(total.calls),
        quantity(total.seconds, "s"),
        _seconds(total.mean_seconds),
        _seconds(total.p50_seconds),
        _seconds(total.p99_seconds),
        _seconds(total.max_seconds),
        values + (f" ({count(total.negative)} negative)" if total.negative else ""),
    )


def _line(line: CallerLine) -> tuple[str, ...]:
    calls = "" if line.calls is None else count(line.calls)
    return (place(line.location), code(line.function, 60), calls, quantity(line.seconds, "s"), percent(line.share))
