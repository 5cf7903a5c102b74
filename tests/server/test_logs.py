"""What clients make the server log is bounded, on one line, and without tracebacks that are not ours."""

import logging

import anyio
import pytest

from perfdoctor.server.transports import logs


def logged(bounded: logs.Bounded, message: str, error: BaseException | None = None) -> logging.LogRecord | None:
    about = (type(error), error, None) if error is not None else None
    record = logging.LogRecord("mcp", logging.WARNING, __file__, 1, message, (), about)
    return record if bounded.filter(record) else None


def test_a_flood_is_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    bounded = logs.Bounded()
    kept = [logged(bounded, "again") for _ in range(1000)]
    assert sum(record is not None for record in kept) == logs.BURST
    now = 1.0
    after = logged(bounded, "later")
    assert after is not None
    assert after.getMessage() == "later (900 lines before this one were left out: too many at once)"


def test_a_line_stays_a_line_and_is_bounded() -> None:
    bounded = logs.Bounded()
    forged = logged(bounded, "Invalid Host header: x\n2026-01-01 ERROR all is lost\x1b[2J %s " + "y" * 10_000)
    assert forged is not None
    assert len(forged.getMessage()) <= logs.LONGEST
    assert "\n" not in forged.getMessage()
    assert "\x1b" not in forged.getMessage()


def test_only_faults_of_ours_keep_their_traceback() -> None:
    bounded = logs.Bounded()
    left = ExceptionGroup("tasks", [anyio.ClosedResourceError(), anyio.BrokenResourceError()])
    for error, kept in (
        (anyio.ClosedResourceError(), False),
        (left, False),
        (ValueError("Request validation failed"), False),
        (ValueError("something else"), True),
        (ExceptionGroup("tasks", [anyio.ClosedResourceError(), KeyError("ours")]), True),
    ):
        record = logged(bounded, "Exception in ASGI application", error)
        assert record is not None
        assert (record.exc_info is not None) == kept, error
