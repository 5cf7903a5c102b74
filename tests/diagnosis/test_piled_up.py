"""Goroutines that pile up are told from bursts, from load, and from those that are merely many."""

from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import native, window
from perfdoctor.diagnosis.piled_up import piled_up
from perfdoctor.schemas.goroutines import GoroutineCount, GoroutineGroup

LINE = native("main.first.func1", "/srv/shop", "/srv/shop/first.go", 30)
STEADY = [20 + 10 * i for i in range(25)]


def account(numbers: Sequence[int], *, waits: str = "chan send", grown: int = 240) -> Account:
    group = GoroutineGroup(stack=(LINE,), waits=waits, before=3, after=3 + grown)
    readings = tuple((0.2 * i, number) for i, number in enumerate(numbers))
    return Account(window().model_copy(update={"goroutines": GoroutineCount(readings=readings, grown=(group,))}))


def test_more_and_more_at_one_line() -> None:
    found = piled_up(account(STEADY))
    assert found is not None and found.place is not None
    assert (found.place.line, found.waits, found.number, round(found.per_second)) == (30, "chan send", 243, 50)


def test_what_is_no_leak() -> None:
    burst = [20] * 10 + [260] * 15
    assert piled_up(account(burst)) is None  # more work, once
    assert piled_up(account([20, 260] * 12)) is None  # as many come as go
    assert piled_up(account([1000 + i for i in range(25)], grown=24)) is None  # a few among many
    assert piled_up(account(STEADY, waits="IO wait")) is None  # connections, which load makes
    assert piled_up(account(STEADY, grown=50)) is None  # at many lines
    assert piled_up(account(STEADY[:3])) is None
    assert piled_up(Account(window())) is None
