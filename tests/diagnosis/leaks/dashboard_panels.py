from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Sample:
    metric: str
    at: float
    value: float


class SampleBus:
    """Hands samples from the collectors to whoever shows them."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[[Sample], None]]] = defaultdict(list)
        self._last: dict[str, Sample] = {}

    def connect(self, metric: str, fn: Callable[[Sample], None]) -> None:
        self._handlers[metric].append(fn)  # <- cost
        if metric in self._last:
            fn(self._last[metric])

    def disconnect(self, metric: str, fn: Callable[[Sample], None]) -> None:
        handlers = self._handlers.get(metric, [])
        if fn in handlers:
            handlers.remove(fn)

    def publish(self, sample: Sample) -> None:
        self._last[sample.metric] = sample
        for fn in list(self._handlers[sample.metric]):
            fn(sample)


BUS = SampleBus()


class Panel:
    WIDTH = 600

    def __init__(self, title: str, metrics: list[str]) -> None:
        self.title = title
        self.metrics = metrics
        self.columns = {m: [math.nan] * self.WIDTH for m in metrics}  # <- made 92
        self.cursor = 0
        self.dirty = False
        self.closed = False
        for m in metrics:
            BUS.connect(m, self.on_sample)  # <- cost

    def on_sample(self, sample: Sample) -> None:
        self.columns[sample.metric][self.cursor % self.WIDTH] = sample.value
        self.cursor += 1
        self.dirty = True

    def render(self) -> list[str]:
        rows = []
        for name, col in self.columns.items():
            known = [v for v in col if not math.isnan(v)]
            peak = max(known, default=0.0)
            rows.append(f"{self.title}/{name}: peak {peak:.2f}")
        self.dirty = False
        return rows

    def close(self) -> None:  # <- cost
        self.closed = True
        self.dirty = False


class Workspace:
    def __init__(self) -> None:
        self.panels: dict[str, Panel] = {}

    def open(self, title: str, metrics: list[str]) -> Panel:
        self.shut(title)
        panel = Panel(title, metrics)  # <- made 8
        self.panels[title] = panel
        return panel

    def shut(self, title: str) -> None:
        panel = self.panels.pop(title, None)
        if panel is not None:
            panel.close()

    def frame(self) -> list[str]:
        lines: list[str] = []
        for panel in self.panels.values():
            if panel.dirty:
                lines.extend(panel.render())
        return lines
