"""`perfdoctor audit` says whether it is whole, in its exit code too."""

from pathlib import Path
from typing import Any

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.audit import command
from perfdoctor.server.audit.book import KEY, WRITTEN, Book


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PERFDOCTOR_STATE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


def write(state: Path, number: int) -> None:
    book = Book(state / "audit", state / KEY, most_bytes=1 << 20, most_files=4)
    for one in range(number):
        says: dict[str, Any] = {
            "at": "2026-11-28T20:00:00.000001+00:00",
            "event": "call",
            "who": "anna",
            "role": "trace",
        }
        says |= {"what": f"tools/call diagnose {one}", "targets": [{"pid": 7, "name": "shop", "user": "web"}]}
        book.write([{**says, "decision": "allowed", "outcome": "answered", "seconds": 5.1}])


def test_verify_and_show(state: Path, capsys: Any) -> None:
    assert command.run(["verify"]) == 0
    assert "nothing has been written" in capsys.readouterr().out
    write(state, 3)
    assert command.run(["verify"]) == 0
    out = capsys.readouterr().out
    assert "whole: 3 lines from 1 to 3, hashes and signatures are right" in out
    noted = out.split("last: ")[1].strip()
    assert command.run(["verify", "--expect", noted]) == 0
    assert command.run(["show", "--last", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()[-2:]
    assert "anna (trace)  tools/call diagnose 1  pid 7 shop of web  allowed  answered  5.10 s" in shown[0]
    log = state / "audit" / WRITTEN
    log.write_text(log.read_text().replace("diagnose 1", "diagnose 9"))
    assert command.run(["verify"]) == 1
    out = capsys.readouterr().out
    assert f"BROKEN at {WRITTEN}, line 2: its text was changed" in out
    assert "good until then: 1 line" in out
    assert command.run(["verify", "--folder", str(state / "audit")]) == 1
    log.unlink()
    assert command.run(["verify"]) == 1
    assert "BROKEN" in capsys.readouterr().out


def test_without_the_key_and_with_nonsense(state: Path, capsys: Any) -> None:
    write(state, 1)
    (state / KEY).rename(state / "elsewhere")
    assert command.run(["verify"]) == 0
    told = capsys.readouterr()
    assert "signatures were not checked" in told.out and "There is no key" in told.err
    assert command.run(["verify", "--key", str(state / "elsewhere")]) == 0
    for nonsense in ("7", "x:y", "1:" + "g" * 64):
        with pytest.raises(ProblemError, match="--expect"):
            command.run(["verify", "--expect", nonsense])


def test_an_audit_that_is_gone_altogether(state: Path, capsys: Any) -> None:
    write(state, 1)
    for path in (state / "audit").iterdir():
        path.unlink()
    (state / "audit").rmdir()
    assert command.run(["verify"]) == 1
    assert "something was written there" in capsys.readouterr().out
