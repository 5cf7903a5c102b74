"""Merges staff calendars and finds slots free for everybody."""
from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


def merged(spans):
    result = []
    for span in sorted(spans, key=attrgetter("start")):  # <- hot 34
        if result and span.start <= result[-1].end:  # <- hot 16
            if span.end > result[-1].end:
                result[-1] = Span(result[-1].start, span.end)
        else:
            result.append(span)
    return result


def gaps(spans, opening, closing):
    at = opening
    for span in merged(spans):
        if span.start > at:
            yield Span(at, min(span.start, closing))
        at = max(at, span.end)
        if at >= closing:
            return
    yield Span(at, closing)


class Calendars:
    def __init__(self):
        self._days = defaultdict(list)

    def load(self, rows):
        for row in rows:
            day, begin = divmod(int(row["begin"]), 1440)
            span = Span(begin, begin + int(row["minutes"]))  # <- hot 16
            self._days[row["team"], day].append(span)  # <- hot 10

    def openings(self, minutes, opening=480, closing=1080):
        for (team, day), spans in sorted(self._days.items()):
            for gap in gaps(spans, opening, closing):
                if gap.end - gap.start >= minutes:
                    yield team, day, gap


def first_openings(calendars, minutes=45):
    first = {}
    for team, day, gap in calendars.openings(minutes):
        first.setdefault(team, (day, gap.start))
    return first
