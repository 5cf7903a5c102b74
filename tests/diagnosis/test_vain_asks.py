"""Lines that ask in vain, in whatever rows they were counted."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, native, window
from perfdoctor.diagnosis.vain_asks import asks_in_vain
from perfdoctor.schemas.frame import Stack

LINE = native("main.waitFor", "/srv/app", "/srv/app/main.go", 11)
SLEEPS: tuple[Stack, ...] = ((native("a"), LINE), (native("b"), LINE))


def test_a_line_that_asks_for_two_files_asks_as_often_as_for_both() -> None:
    looks = tuple(
        call("newfstatat", at, 200, on=f"/run/{name}", errors=200, seconds=0.01)
        for at, name in zip(SLEEPS, "ab", strict=True)
    )
    found = asks_in_vain(Account(window(calls=looks, samples=(cpu((LINE,), 0.1),), threads=2)), set())
    assert [(f.pattern, f.location and f.location.line) for f in found] == [("polling-loop", 11)]
    assert asks_in_vain(Account(window(calls=looks[:1], samples=(cpu((LINE,), 0.1),))), set()) == []


def test_what_is_known_already_is_not_told_twice() -> None:
    looks = call("newfstatat", SLEEPS[0], 4500, on="/run/done", errors=4500, seconds=0.02)
    account = Account(window(calls=(looks,), samples=(cpu((LINE,), 0.1),), threads=2))
    assert asks_in_vain(account, {("/srv/app/main.go", "main.waitFor")}) == []
