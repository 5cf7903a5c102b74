"""In-process metrics with a Prometheus style text endpoint."""
import threading
import time
from bisect import bisect_left
from contextlib import contextmanager

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Child:
    def __init__(self, buckets):
        self.buckets = buckets
        self.counts = [0] * (len(buckets) + 1)  # <- made 60
        self.sum = 0.0

    def observe(self, value):
        self.counts[bisect_left(self.buckets, value)] += 1
        self.sum += value


class Histogram:
    def __init__(self, name, labelnames, buckets=DEFAULT_BUCKETS):
        self.name = name
        self.labelnames = tuple(labelnames)
        self.buckets = tuple(buckets)
        self._lock = threading.Lock()
        self._children = {}  # <- cost

    def labels(self, **kw):
        key = tuple(str(kw[n]) for n in self.labelnames)
        with self._lock:
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = _Child(self.buckets)  # <- made 40 <- cost
            return child

    def expose(self):
        lines = []
        with self._lock:
            items = list(self._children.items())
        for key, child in items:
            labels = ",".join('%s="%s"' % p for p in zip(self.labelnames, key))
            total = 0
            for bound, count in zip(self.buckets, child.counts):
                total += count
                lines.append('%s_bucket{%s,le="%g"} %d' % (self.name, labels, bound, total))
            lines.append("%s_sum{%s} %g" % (self.name, labels, child.sum))
        return "\n".join(lines)


class Registry:
    def __init__(self):
        self._metrics = {}

    def histogram(self, name, labelnames):
        if name not in self._metrics:
            self._metrics[name] = Histogram(name, labelnames)
        return self._metrics[name]

    def expose(self):
        return "\n".join(m.expose() for m in self._metrics.values())


REGISTRY = Registry()
REQUESTS = REGISTRY.histogram("http_request_seconds", ["method", "path", "status"])


@contextmanager
def timed(request):
    start = time.perf_counter()
    status = "500"
    holder = {}
    try:
        yield holder
        status = str(holder.get("status", 200))
    finally:
        elapsed = time.perf_counter() - start
        REQUESTS.labels(method=request.method, path=request.path, status=status).observe(elapsed)  # <- cost
