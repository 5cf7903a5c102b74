"""A token is shown once, kept as a digest, worth what its role is worth, and good until its end."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.durations import seconds_of
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.tokens import Tokens


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_says_who_comes(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "state")
    anna = tokens.create("anna", Role.TRACE)
    ben = tokens.create("ben", Role.OBSERVE)
    assert tokens.check(anna) == Caller("anna", Role.TRACE)
    assert tokens.check(ben) == Caller("ben", Role.OBSERVE)
    for wrong in ("", "pd_", anna[:-1], anna + "x", anna.swapcase(), "\ud800", "x" * 1_000_000):
        assert tokens.check(wrong) is None


def test_the_token_itself_is_not_kept(tmp_path: Path) -> None:
    token = Tokens(tmp_path).create("anna", Role.TRACE)
    file = tmp_path / "tokens.json"
    assert token not in file.read_text()
    assert token.removeprefix("pd_") not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


def test_revoking(tmp_path: Path) -> None:
    tokens, server = Tokens(tmp_path), Tokens(tmp_path)
    anna, ben = tokens.create("anna", Role.TRACE), tokens.create("ben", Role.TRACE)
    assert server.check(anna) is not None
    tokens.revoke("anna")
    assert server.check(anna) is None, "another process notices at once"
    assert server.check(ben) is not None
    with pytest.raises(ProblemError, match="no token named 'anna'"):
        tokens.revoke("anna")


def test_names_are_taken_once_and_are_plain(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.create("anna", Role.TRACE)
    with pytest.raises(ProblemError, match="named anna already"):
        tokens.create("anna", Role.ADMIN)
    for name in ("", "a b", "a\n", "x" * 65, "é", "oauth/anna", "local"):
        with pytest.raises(ProblemError, match="cannot be the name"):
            tokens.create(name, Role.TRACE)


def test_nobody_becomes_the_local_user_by_a_token_of_that_name(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.create("locals", Role.ADMIN)
    file = tmp_path / "tokens.json"
    file.write_text(file.read_text().replace('"locals"', '"local"'))
    assert tokens.check(token) is None


def test_a_token_ends_with_its_time(tmp_path: Path) -> None:
    clock = Clock()
    tokens = Tokens(tmp_path, clock)
    token = tokens.create("anna", Role.TRACE, 3600)
    clock.now += 3599
    assert tokens.check(token) is not None
    clock.now += 1
    assert tokens.check(token) is None
    assert tokens.list()[0].state(clock.now) == "expired"
    with pytest.raises(ProblemError, match="has expired"):
        tokens.rotate("anna")
    again = tokens.rotate("anna", lasts=60)
    assert tokens.check(again) is not None
    assert tokens.check(token) is None, "what has expired does not come back by rotating"


def test_while_it_is_rotated_both_secrets_are_good_and_then_the_new_one_alone(tmp_path: Path) -> None:
    clock = Clock()
    tokens = Tokens(tmp_path, clock)
    first = tokens.create("anna", Role.TRACE)
    second = tokens.rotate("anna", grace=600)
    assert tokens.check(first) == tokens.check(second) == Caller("anna", Role.TRACE)
    assert tokens.list()[0].state(clock.now) == "rotating"
    clock.now += 600
    assert tokens.check(first) is None
    assert tokens.check(second) is not None
    third = tokens.rotate("anna", grace=0)
    assert tokens.check(second) is None
    assert tokens.check(third) is not None
    tokens.rotate("anna", grace=600)
    tokens.revoke("anna")
    assert tokens.check(third) is None, "to revoke a token ends its old secrets too"


def test_grace_ends_with_the_token(tmp_path: Path) -> None:
    clock = Clock()
    tokens = Tokens(tmp_path, clock)
    first = tokens.create("anna", Role.TRACE, 100)
    tokens.rotate("anna", grace=1000, lasts=5000)
    clock.now += 100
    assert tokens.check(first) is None


def test_two_that_change_them_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: Tokens(tmp_path).create(f"t{number}", Role.TRACE), range(12)))
    assert len(Tokens(tmp_path).list()) == 12


def test_a_broken_file_lets_nobody_in_and_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.touch(0o600)
    file.write_text("{")
    tokens = Tokens(tmp_path)
    with pytest.raises(ProblemError, match="cannot be read"):
        tokens.check("pd_x")
    with pytest.raises(ProblemError, match="cannot be read"):
        tokens.create("anna", Role.TRACE)
    assert file.read_text() == "{"


def test_a_file_that_others_can_read_or_write_lets_nobody_in(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.create("anna", Role.TRACE)
    assert tokens.check(token) is not None
    for mode in (0o644, 0o620, 0o602):
        (tmp_path / "tokens.json").chmod(mode)
        with pytest.raises(ProblemError, match="is not trusted"):
            tokens.check(token)
    (tmp_path / "tokens.json").chmod(0o600)
    assert tokens.check(token) is not None
    if os.geteuid() == 0:
        os.chown(tmp_path / "tokens.json", 65534, 65534)
        with pytest.raises(ProblemError, match="belongs to another user"):
            tokens.check(token)


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90s", 90), ("2w", 1_209_600)])
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text, "--expires") == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "0s", "1.5h", "400w1", "99999d", "1 d", "९d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ProblemError, match="--expires"):
        seconds_of(text, "--expires")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_may_what_those_before_it_may(role: Role, needed: Role) -> None:
    allowed = {
        Role.OBSERVE: {Role.OBSERVE},
        Role.TRACE: {Role.OBSERVE, Role.TRACE},
        Role.OPERATE: {Role.OBSERVE, Role.TRACE, Role.OPERATE},
        Role.ADMIN: set(Role),
    }
    caller = Caller("anna", role)
    assert caller.may(needed) == (needed in allowed[role])
    if needed not in allowed[role]:
        with pytest.raises(ProblemError, match="You may not fly"):
            caller.must(needed, "fly")
