"""proc-find and proc-watch in few words."""

from perfdoctor.schemas.process import FindAnswer, ProcessRow, WatchAnswer
from perfdoctor.server.formatters import limits
from perfdoctor.server.formatters.words import code, follow, measured, percent, quantity, table, target, window


def say_found(answer: FindAnswer) -> str:
    lines = [f"**{answer.summary}**"]
    head = ("pid", "name", "cpu", "rss", "threads", "age", "runtime", "user", "command", "matched")
    lines += table(head, [_process(row) for row in answer.processes], answer.omitted)
    if answer.unreadable:
        lines.append(f"{answer.unreadable} processes could not be read.")
    return "\n".join([*lines, *follow(answer.next)])


def _process(row: ProcessRow) -> tuple[str, ...]:
    listens = f" ports {','.join(str(port) for port in row.ports)}" if row.ports else ""
    return (
        str(row.pid),
        code(row.name, 32),
        percent(row.cpu_share),
        quantity(row.rss, "B"),
        str(row.threads),
        quantity(row.age, "s"),
        row.runtime,
        code(row.user, 24),
        code(row.command, 90) + listens,
        row.why,
    )


def say_watched(answer: WatchAnswer, *, readings: bool = False) -> str:
    lines = [
        f"**{answer.summary}**",
        f"{target(answer.target)}, {window(answer.window)}, recording {answer.recording}.",
        measured(answer.collection),
    ]
    rows = [
        (
            trend.metric,
            *(quantity(value, trend.unit) for value in (trend.mean, trend.low, trend.high)),
            f"{quantity(trend.slope, trend.unit)} per s ({percent(trend.confidence)} sure)",
        )
        for trend in answer.trends
    ]
    lines += table(("figure", "mean", "lowest", "highest", "slope"), rows)
    if answer.pressure:
        stalls = ", ".join(f"{what} {percent(share)}" for what, share in answer.pressure.items())
        lines += ["", f"Pressure on the machine (share of the window in which some task waited): {stalls}."]
    if answer.limits and limits.limited(answer.limits):
        lines += ["", limits.say(answer.limits)]
    if readings:
        rows = [
            (f"{r.at:.1f}", f"{r.cpu:.2f}", quantity(r.rss, "B"), str(r.threads), "?" if r.fds is None else str(r.fds))
            for r in answer.readings
        ]
        lines += table(("at s", "cores", "rss", "threads", "fds"), rows, answer.omitted_readings)
    return "\n".join([*lines, *follow(answer.next)])
