"""A token is shown once, kept as a digest, and worth what its role is worth."""

from pathlib import Path

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.tokens import Tokens


def test_a_token_says_who_comes(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "state")
    anna = tokens.create("anna", Role.TRACE)
    ben = tokens.create("ben", Role.OBSERVE)
    assert tokens.check(anna) == Caller("anna", Role.TRACE)
    assert tokens.check(ben) == Caller("ben", Role.OBSERVE)
    for wrong in ("", "pd_", anna[:-1], anna + "x", anna.swapcase()):
        assert tokens.check(wrong) is None


def test_the_token_itself_is_not_kept(tmp_path: Path) -> None:
    token = Tokens(tmp_path).create("anna", Role.TRACE)
    file = tmp_path / "tokens.json"
    assert token not in file.read_text()
    assert token.removeprefix("pd_") not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


def test_revoking(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    anna, ben = tokens.create("anna", Role.TRACE), tokens.create("ben", Role.TRACE)
    tokens.revoke("anna")
    assert tokens.check(anna) is None
    assert tokens.check(ben) is not None
    with pytest.raises(ProblemError, match="no token named 'anna'"):
        tokens.revoke("anna")


def test_names_are_taken_once_and_are_plain(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.create("anna", Role.TRACE)
    with pytest.raises(ProblemError, match="named anna already"):
        tokens.create("anna", Role.ADMIN)
    for name in ("", "a b", "a\n", "x" * 65, "é"):
        with pytest.raises(ProblemError, match="cannot be the name"):
            tokens.create(name, Role.TRACE)


def test_a_broken_file_lets_nobody_in_and_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{")
    tokens = Tokens(tmp_path)
    with pytest.raises(ProblemError, match="cannot be read"):
        tokens.check("pd_x")
    with pytest.raises(ProblemError, match="cannot be read"):
        tokens.create("anna", Role.TRACE)
    assert (tmp_path / "tokens.json").read_text() == "{"


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
