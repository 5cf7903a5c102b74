"""compare in few words."""

from perfdoctor.schemas.comparison import CompareAnswer, MetricChange
from perfdoctor.server.formatters.words import chain, follow, percent, place, quantity, table

_BETTER = {True: "better", False: "worse"}


def say(answer: CompareAnswer) -> str:
    comparison = answer.comparison
    lines = [f"**{answer.verdict.upper()}: {answer.summary}**", f"Before {answer.before}, after {answer.after}."]
    if comparison.method:
        lines.append(f"By {comparison.method}.")
    lines += [f"Side effect: {effect}." for effect in comparison.side_effects]
    rows = [_metric(change) for change in comparison.metrics]
    lines += table(("figure", "before", "after", "95 % of the difference", "detectable", "verdict"), rows)
    for change in comparison.findings:
        shares = " → ".join("none" if share is None else percent(share) for share in (change.before, change.after))
        lines.append(f"- {change.change}: {change.pattern} at {place(change.location)} ({shares} of busy time)")
    if comparison.stacks:
        lines += ["", f"Stacks that changed most (seconds per {comparison.per}):"]
        lines += [
            f"- {stack.what} {quantity(stack.before, 's')} → {quantity(stack.after, 's')}: {chain(stack.stack, 4)}"
            for stack in comparison.stacks
        ]
        if answer.omitted_stacks:
            lines.append(f"({answer.omitted_stacks} more; limit or detail=full shows them)")
    return "\n".join([*lines, *follow(answer.next)])


def _metric(change: MetricChange) -> tuple[str, ...]:
    unit = change.unit
    interval = "?"
    if change.low is not None and change.high is not None:
        interval = f"{quantity(change.low, unit)} to {quantity(change.high, unit)}"
    judged = "within noise" if change.detectable is not None else "-"
    return (
        change.metric,
        quantity(change.before, unit),
        quantity(change.after, unit),
        interval,
        "-" if change.detectable is None else quantity(change.detectable, unit),
        judged if change.better is None else _BETTER[change.better],
    )
