"""trace-custom in few words."""

from perfdoctor.schemas.custom import CustomBucket, CustomMap, CustomRow
from perfdoctor.schemas.custom_answer import CustomAnswer
from perfdoctor.server.formatters.words import code, count, follow, opening, table

_BAR = 24


def say(answer: CustomAnswer, *, full: bool = False) -> str:
    lines = opening(answer)
    for one in answer.maps:
        lines += _map(one)
    if answer.omitted_maps:
        lines.append(f"({answer.omitted_maps} more maps; limit or detail=full shows them)")
    if answer.lines:
        lines += ["", "It printed:", *(f"- {code(line)}" for line in answer.lines)]
    if answer.omitted_lines:
        lines.append(f"({count(answer.omitted_lines)} more lines; limit or detail=full shows them)")
    if full:
        lines += ["", "What ran:", *(f"- {code(line, 400)}" for line in answer.ran.splitlines() if line.strip())]
    return "\n".join([*lines, *follow(answer.next)])


def _map(one: CustomMap) -> list[str]:
    again = f" (printed {one.printed} times; this is the last)" if one.printed > 2 else ""
    lines = ["", f"{code(one.name, 80)}{again}"]
    if one.kind in ("hist", "lhist"):
        for row in one.rows:
            lines += [f"{code(row.key) if row.key else 'all'}: {row.value} values", *_bars(row)]
        if one.omitted_rows:
            lines.append(f"({count(one.omitted_rows)} more; limit or detail=full shows them)")
        return lines
    rows = [(code(row.key) if row.key else "", _value(row.value)) for row in one.rows]
    return [*lines, *table(("key", "value"), rows, one.omitted_rows)[1:]]


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return code(value)
    return count(value) if isinstance(value, int) else f"{value:g}"


def _bars(row: CustomRow) -> list[str]:
    most = max((bucket.count for bucket in row.buckets), default=0)
    return [
        f"- {_range(bucket)}: {count(bucket.count)} {'#' * round(_BAR * bucket.count / most)}".rstrip()
        for bucket in row.buckets
        if bucket.count
    ]


def _range(bucket: CustomBucket) -> str:
    low = "below" if bucket.low is None else count(bucket.low)
    high = "and above" if bucket.high is None else count(bucket.high)
    return f"{low} to {high}"
