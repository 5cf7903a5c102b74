"""Figures for Prometheus. Labels have few values that we chose: nothing that a caller or a target names is one."""

import asyncio
import threading
from collections.abc import Callable
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from perfdoctor.server.meters import Meters

disable_created_metrics()  # type: ignore[no-untyped-call]
# (when each was first counted: three times as many lines, of which nobody reads a third)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
OTHER = "other"
"""the label of a tool that does not exist"""
_CALL_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60)
"""a window is up to 45 seconds long"""
_LAG_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5)


class Outcome(StrEnum):
    ANSWERED = "answered"
    REFUSED = "refused"
    """the answer was a problem, said in three parts"""
    FAILED = "failed"
    """a fault of ours, or a request that the protocol does not allow"""
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why something was not let in, or was cut off."""

    TOKEN = "token"  # noqa: S105 - the name of a reason
    ORIGIN = "origin"
    HOST = "host"
    MALFORMED = "malformed"
    TOO_LARGE = "too large"
    HEADERS = "headers too large"
    RATE = "too many requests"
    CONCURRENT = "too many at once"
    SESSIONS = "too many sessions"
    CONNECTIONS = "too many connections"
    STOPPING = "stopping"
    SLOW_HEADERS = "headers too slow"
    SLOW_BODY = "body too slow"
    SLOW_READER = "does not read"


class Metrics(Meters):
    """``measurements`` and ``sessions`` are asked when somebody reads the figures."""

    def __init__(self, measurements: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(namespace="perfdoctor", registry=registry)
        self._calls = Counter(
            "perfdoctor_calls", "Calls of tools that have ended.", ("tool", "outcome"), registry=registry
        )
        self._seconds = Histogram(
            "perfdoctor_call_seconds", "How long they took.", ("tool",), buckets=_CALL_SECONDS, registry=registry
        )
        self._running = Gauge("perfdoctor_calls_running", "Calls of tools that run now.", registry=registry)
        self._gauge("perfdoctor_measurements_running", "Measurements that run now.", measurements)
        self._sessions = Gauge(
            "perfdoctor_sessions",
            "Open sessions: of the older protocol over HTTP, and streams of SSE.",
            ("transport",),
            registry=registry,
        )
        self._counts: dict[str, list[Callable[[], int]]] = {}
        self._connections = Gauge("perfdoctor_connections", "Open connections.", registry=registry)
        self._refused = Counter(
            "perfdoctor_refused", "Requests refused and connections cut off.", ("reason",), registry=registry
        )
        self._progress = Counter(
            "perfdoctor_progress_messages",
            "Messages of progress: sent, or given up because the client did not read.",
            ("outcome",),
            registry=registry,
        )
        self._lost = Counter(
            "perfdoctor_events_lost", "Events that happened in kept windows and are not in their figures.",
            registry=registry,
        )  # fmt: skip
        self._lag = Histogram(
            "perfdoctor_event_loop_lag_seconds",
            "How much too late a timer of the event loop came, 20 times a second.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self._gauge("perfdoctor_threads", "Threads of the server.", threading.active_count)
        self._gauge("perfdoctor_tasks", "Tasks of the event loop.", lambda: len(asyncio.all_tasks()))
        for reason in Reason:
            self._refused.labels(reason)  # shown as 0 from the start: an alert needs something to compare with
        for outcome in ("sent", "given up"):
            self._progress.labels(outcome)

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)

    def call_began(self) -> None:
        self._running.inc()

    def call_ended(self, tool: str, outcome: Outcome, seconds: float) -> None:
        """``tool`` is the name of one, or OTHER."""
        self._running.dec()
        self._calls.labels(tool, outcome).inc()
        self._seconds.labels(tool).observe(seconds)

    def refused(self, reason: Reason) -> None:
        self._refused.labels(reason).inc()

    def progress(self, *, sent: bool) -> None:
        self._progress.labels("sent" if sent else "given up").inc()

    def lost(self, events: int) -> None:
        self._lost.inc(events)

    def lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def sessions(self, transport: str, count: Callable[[], int]) -> None:
        """One more that has sessions: there is an application for each kind of door."""
        counts = self._counts.setdefault(transport, [])
        counts.append(count)
        self._sessions.labels(transport).set_function(lambda: sum(count() for count in counts))

    def connections(self, count: Callable[[], int]) -> None:
        self._connections.set_function(count)

    def _gauge(self, name: str, about: str, ask: Callable[[], int]) -> None:
        Gauge(name, about, registry=self._registry).set_function(ask)
