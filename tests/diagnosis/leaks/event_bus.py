from collections import defaultdict, deque
from contextlib import contextmanager


class Bus:
    def __init__(self):
        self._handlers = defaultdict(list)
        self._queue = deque()
        self._draining = False

    def on(self, event, fn):
        self._handlers[event].append(fn)  # <- cost

    def off(self, event, fn):
        if fn in self._handlers[event]:
            self._handlers[event].remove(fn)

    def emit(self, event, **data):
        self._queue.append((event, data))
        if self._draining:
            return
        self._draining = True
        try:
            while self._queue:
                name, payload = self._queue.popleft()
                for fn in tuple(self._handlers[name]):
                    fn(**payload)
        finally:
            self._draining = False


bus = Bus()


@contextmanager
def listening(event, fn):
    bus.on(event, fn)
    try:
        yield
    finally:
        bus.off(event, fn)


class ReportView:
    def __init__(self, request, repository):
        self.request = request
        self.repository = repository
        self.rows = []

    def build(self):
        self.rows = self.repository.fetch_rows(self.request.args["report"])  # <- made 90
        totals = defaultdict(float)
        for row in self.rows:
            totals[row["account"]] += row["amount"]
        self.totals = dict(totals)  # <- made 10
        bus.on("currency_changed", lambda currency: self.recompute(currency))  # <- cost
        return self

    def recompute(self, currency):
        rate = self.repository.rate(currency)
        self.totals = {k: v * rate for k, v in self.totals.items()}

    def render(self):
        progress = []
        with listening("render_progress", lambda pct: progress.append(pct)):
            lines = ["%-20s %12.2f" % item for item in sorted(self.totals.items())]
            bus.emit("render_progress", pct=100)
        return "\n".join(lines)


def report_endpoint(request, repository):
    view = ReportView(request, repository).build()
    body = view.render()
    bus.emit("report_served", report=request.args["report"])
    return 200, {"Content-Type": "text/plain"}, body
