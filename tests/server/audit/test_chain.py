"""Whoever changes, takes out, puts in, swaps or cuts off lines of an audit is found out."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.audit.book import HEAD, KEY, WRITTEN, Book, full_files, read_key
from perfdoctor.server.audit.chain import BEGINNING, Head, head_text, line_of
from perfdoctor.server.audit.check import Verdict, verify
from perfdoctor.server.private import must_be_trusted


def book(state: Path, **changes: int) -> Book:
    return Book(state / "audit", state / KEY, **{"most_bytes": 1 << 20, "most_files": 4, **changes})


def check(state: Path, expected: Head | None = None) -> Verdict:
    return verify(state / "audit", read_key(state / KEY), expected)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    kept = book(tmp_path)
    for number in range(7):
        kept.write([{"event": "call", "number": number}])
    assert not check(tmp_path).broken
    return tmp_path


def lines(state: Path) -> list[bytes]:
    return (state / "audit" / WRITTEN).read_bytes().splitlines(keepends=True)


def put(state: Path, kept: list[bytes]) -> None:
    (state / "audit" / WRITTEN).write_bytes(b"".join(kept))


def edit(kept: list[bytes]) -> list[bytes]:
    return [*kept[:2], kept[2].replace(b'"number":2', b'"number":9'), *kept[3:]]


def edit_with_its_hash(kept: list[bytes]) -> list[bytes]:
    """All that can be done without the key: the text is changed, and every hash after it made again."""
    made, head = list(kept[:2]), Head(2, json.loads(kept[1])["hash"])
    for line in kept[2:]:
        number = json.loads(line)["number"]
        again, head = line_of(head, {"event": "call", "number": 9 if number == 2 else number}, b"not the key")
        made.append(again)
    return made


def forge_one_more(kept: list[bytes]) -> list[bytes]:
    return [*kept, line_of(Head(7, json.loads(kept[-1])["hash"]), {"event": "call"}, b"not the key")[0]]


TAMPERING: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, str]] = {
    "edited": (edit, "line 3", "its text was changed"),
    "edited with new hashes": (edit_with_its_hash, "line 3", "its signature is wrong"),
    "one deleted": (lambda kept: [*kept[:3], *kept[4:]], "line 4", "line 4 is missing before it"),
    "several deleted": (lambda kept: [*kept[:2], *kept[5:]], "line 3", "lines 3 to 5 are missing before it"),
    "the first deleted": (lambda kept: kept[1:], "before line 2", "the lines before it are missing"),
    "two swapped": (lambda kept: [*kept[:2], kept[3], kept[2], *kept[4:]], "line 3", "line 3 is missing before it"),
    "one repeated": (lambda kept: [*kept[:4], kept[3], *kept[4:]], "line 5", "it is line 4, and stands where line 5"),
    "one of another": (lambda kept: [*kept[:4], b'{"n":5}\n', *kept[4:]], "line 5", "it is not a line of an audit"),
    "one forged at the end": (forge_one_more, "line 8", "its signature is wrong"),
    "the last deleted": (lambda kept: kept[:-1], HEAD, "7 lines were written, and the last one here is 6"),
    "all deleted": (lambda _kept: [], HEAD, "7 lines were written, and the last one here is 0"),
    "half of the last": (lambda kept: [*kept[:-1], kept[-1][:50]], "line 7", "it is not a whole line"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_where_it_was_done(written: Path, how: str) -> None:
    change, where, why = TAMPERING[how]
    put(written, change(lines(written)))
    found = check(written)
    assert where in found.where
    assert why in found.broken


def test_an_end_that_was_cut_off_shows_after_more_was_written_too(written: Path) -> None:
    put(written, lines(written)[:-2])
    book(written).write([{"event": "call"}])
    found = check(written)
    assert "lines 6 to 7 are missing before it" in found.broken
    assert "line 7 was not there any more" in lines(written)[5].decode()


def test_the_head_cannot_be_forged_or_done_without(written: Path) -> None:
    put(written, lines(written)[:-1])
    head = written / "audit" / HEAD
    head.write_bytes(head_text(Head(6, json.loads(lines(written)[-1])["hash"]), b"not the key"))
    assert "the head was not written by a server that has the key" in check(written).broken
    head.unlink()
    assert "the head is missing" in check(written).broken


def test_an_older_state_as_a_whole_shows_by_a_line_that_was_noted_elsewhere(written: Path) -> None:
    noted = check(written).last
    shutil.copytree(written / "audit", written / "old")
    book(written).write([{"event": "call"}])
    later = check(written).last
    assert not check(written, noted).broken
    shutil.rmtree(written / "audit")
    (written / "old").rename(written / "audit")
    assert not check(written).broken, "nothing on this machine tells: that is why it is noted elsewhere"
    assert "line 8 was expected" in check(written, later).broken
    assert "another line than the one that was expected" in check(written, Head(3, BEGINNING)).broken


def test_without_the_key_hashes_are_checked_all_the_same(written: Path) -> None:
    assert not verify(written / "audit", None).broken
    put(written, edit(lines(written)))
    assert verify(written / "audit", None).where == f"{WRITTEN}, line 3"


def test_the_chain_goes_on_across_files_and_tells_what_went(tmp_path: Path) -> None:
    kept = book(tmp_path, most_bytes=1500, most_files=3)
    heads = [head for number in range(40) if (head := kept.write([{"event": "call", "number": number}]))]
    found = check(tmp_path)
    assert not found.broken
    assert (found.first > 1, found.last.n) == (True, 40 + len(heads))
    assert len(full_files(tmp_path / "audit")) == 3
    assert len(heads) > 5
    assert not check(tmp_path, heads[-1]).broken
    full_files(tmp_path / "audit")[1].unlink()
    assert "missing before it" in check(tmp_path).broken


def test_the_oldest_file_cannot_be_taken_away_unsaid(tmp_path: Path) -> None:
    kept = book(tmp_path, most_bytes=1500, most_files=50)
    for _ in range(30):
        kept.write([{"event": "call"}])
    full_files(tmp_path / "audit")[0].unlink()
    assert "the lines before it are missing" in check(tmp_path).broken


def test_half_a_line_of_a_killed_server_is_told_by_the_next(written: Path) -> None:
    put(written, [*lines(written), b'{"n":8,"before":"'])
    assert "it is not a whole line" in check(written).broken
    book(written).write([{"event": "call"}])
    found = check(written)
    assert not found.broken
    assert found.lines == 9
    assert "half a line" in found.notes[0]
    put(written, [line.replace(b'{"n":8,"before":"', b'{"n":8,"xbefore":"') for line in lines(written)])
    assert check(written).where == f"{WRITTEN}, line 8", "what the next one tells is of the very bytes"


def _write_many(state: Path, who: int) -> None:
    kept = book(state, most_bytes=4000, most_files=1000)
    for number in range(25):
        kept.write([{"event": "call", "who": who, "number": number}])


def test_processes_that_write_at_once_write_one_chain(tmp_path: Path) -> None:
    others = [multiprocessing.get_context("fork").Process(target=_write_many, args=(tmp_path, who)) for who in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    found = check(tmp_path)
    assert not found.broken
    files = [*full_files(tmp_path / "audit"), tmp_path / "audit" / WRITTEN]
    said = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
    for who in range(3):
        assert [one["number"] for one in said if one.get("who") == who] == list(range(25))


def test_nobody_else_may_read_it_or_its_key(written: Path) -> None:
    for path in (written / KEY, written / "audit" / WRITTEN, written / "audit" / HEAD):
        assert path.stat().st_mode & 0o077 == 0
    (written / KEY).chmod(0o644)
    with pytest.raises(ProblemError, match="Others may read or write it"):
        book(written).write([{"event": "call"}])


def test_it_is_never_written_through_a_link(written: Path) -> None:
    log = written / "audit" / WRITTEN
    log.rename(written / "elsewhere")
    log.symlink_to(written / "elsewhere")
    with pytest.raises(OSError):
        book(written).write([{"event": "call"}])


@pytest.mark.parametrize(("mode", "why"), [(0o622, "Others may write it"), (0o600, "")])
def test_what_is_trusted(tmp_path: Path, mode: int, why: str) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(mode)
    if not why:
        must_be_trusted(file, file.stat())
        tmp_path.chmod(0o777)
        why = "Others may write its folder"
    with pytest.raises(ProblemError, match=why):
        must_be_trusted(file, file.stat())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.touch(0o600)
    os.chown(file, 65534, 65534)
    with pytest.raises(ProblemError, match="It belongs to another user"):
        must_be_trusted(file, file.stat(), secret=True)
