"""Recordings as one file: they come back as they went, and a hostile file does nothing."""

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.store import exchange
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings
from perfdoctor.server.tools import diagnose
from perfdoctor.server.tools import recordings as tool
from perfdoctor.server.tools.outcome import Outcome, run
from tests.server import samples, stores
from tests.server.fakes import FakeInstruments

pytestmark = pytest.mark.anyio


def store(folder: Path) -> Recordings:
    return stores.recordings(folder)


@pytest.fixture
async def exported(tmp_path: Path) -> Path:
    """A file of two recordings, made by another server."""
    there = store(tmp_path / "there")
    target = samples.TARGET.model_copy(update={"cwd": "/srv/shop", "commit": "3f2a9c1d" * 5})
    await there.add("r-23456789", Kind.DIAGNOSIS, "a diagnosis", samples.evidence(target=target))
    await there.add("r-3456789a", Kind.WATCH, "a watch", samples.watched())
    await there.tag("r-23456789", "before")
    await there.pin("r-23456789", pinned=True)
    await there.export(("r-23456789", "r-3456789a"), tmp_path / "two.perfdoctor")
    return tmp_path / "two.perfdoctor"


async def test_what_was_exported_is_imported(tmp_path: Path, exported: Path) -> None:
    here = store(tmp_path / "here")
    new, known, _renamed = await here.take_in(exported)
    assert [one.id for one in new] == ["r-23456789", "r-3456789a"] and known == 0
    one = await here.find("r-23456789")
    assert (one.caller, one.label, one.pinned, one.summary) == ("anna", "before", False, "a diagnosis")
    assert one.imported is not None and one.target.commit == "3f2a9c1d" * 5
    # (the folder that it names is on another machine: it opens none on this)
    target = samples.TARGET.model_copy(update={"commit": "3f2a9c1d" * 5})
    assert await here.evidence("r-23456789") == samples.evidence(target=target)
    assert (await here.json("r-3456789a")) == samples.watched().model_dump_json()
    assert await here.take_in(exported) == ((), 2, ()), "the same again is the same"
    assert (await store(tmp_path / "there").take_in(exported))[1] == 2, "also where it came from"


async def test_another_recording_of_that_id_stays(tmp_path: Path, exported: Path) -> None:
    here = store(tmp_path / "here")
    await here.add("r-3456789a", Kind.CPU, "mine", samples.evidence())
    with pytest.raises(ProblemError, match="another one is called so"):
        await here.take_in(exported)
    listed, total = await here.list(10)
    assert total == 1 and listed[0].summary == "mine", "all or none"


async def test_an_import_is_as_old_as_itself_for_the_quota(tmp_path: Path, exported: Path) -> None:
    here = stores.recordings(tmp_path / "here", keep=3)
    for number in range(3):
        await here.add(f"r-{number}", Kind.CPU, "", samples.evidence())
    await here.take_in(exported)
    await here.add("r-4", Kind.CPU, "", samples.evidence())
    assert {one.id for one in (await here.list(10))[0]} == {"r-23456789", "r-3456789a", "r-4"}


async def test_nothing_is_overwritten(tmp_path: Path, exported: Path) -> None:
    before = exported.read_bytes()
    there = store(tmp_path / "there")
    with pytest.raises(ProblemError, match="nothing is overwritten"):
        await there.export(("r-23456789",), exported)
    assert exported.read_bytes() == before
    assert exported.stat().st_mode & 0o077 == 0
    with pytest.raises(ProblemError, match="cannot be written"):
        await there.export(("r-23456789",), tmp_path / "no" / "x.perfdoctor")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there", "two.perfdoctor"]


def rewritten(file: Path, change: Callable[[list[dict[str, Any]], list[bytes]], None]) -> bytes:
    """The file with other entries or evidence, its sums made right again unless ``change`` set them."""
    head, listing, rest = file.read_bytes().split(b"\n", 2)
    entries = json.loads(listing)
    parts = []
    for entry in entries:
        parts.append(gzip.decompress(rest[: entry["bytes"]]))
        rest = rest[entry["bytes"] :]
    told = json.loads(json.dumps(entries))
    change(entries, parts)
    packed = [part if part[:2] == b"\x1f\x8b" else gzip.compress(part) for part in parts]
    for entry, before, part, data in zip(entries, told, parts, packed, strict=False):
        right = {"bytes": len(data), "whole": len(part), "digest": hashlib.sha256(data).hexdigest()}
        for key, value in right.items():
            if entry.get(key) == before[key]:
                entry[key] = value
    return head + b"\n" + json.dumps(entries).encode() + b"\n" + b"".join(packed)


def put(key: str, value: object) -> Callable[[list[dict[str, Any]], list[bytes]], None]:
    return lambda entries, _parts: entries[0].__setitem__(key, value)


def evidence(change: Callable[[dict[str, Any]], object]) -> Callable[[list[dict[str, Any]], list[bytes]], None]:
    def changed(_entries: list[dict[str, Any]], parts: list[bytes]) -> None:
        whole = json.loads(parts[0])
        change(whole)
        parts[0] = json.dumps(whole).encode()

    return changed


def bomb_of(told: int) -> Callable[[list[dict[str, Any]], list[bytes]], None]:
    """300 MiB of spaces in 1.3 MiB, which say to be as large as ``told``."""

    def change(entries: list[dict[str, Any]], parts: list[bytes]) -> None:
        parts[0] = gzip.compress(b" " * (300 << 20), compresslevel=1)
        entries[0]["whole"] = told

    return change


def nested(_entries: list[dict[str, Any]], parts: list[bytes]) -> None:
    parts[0] = b'{"target":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


HOSTILE = {
    "an id that is a path": (put("id", "r-../../etc/passwd"), "id"),
    "an id with a line end": (put("id", "r-abc\n"), "id"),
    "a kind that is none": (put("kind", "shell"), "kind"),
    "another process than its evidence": (put("target", {"pid": 1, "start_time": 1.0, "name": "x"}), "another process"),
    "more in the list than there may be": (put("command", "rm"), "command"),
    "a size that is not": (put("bytes", 10), "longer or shorter"),
    "a negative size": (put("bytes", -1), "bytes"),
    "too large to unpack": (put("whole", 1 << 40), "whole"),
    "a sum that is not": (put("digest", "0" * 64), "damaged"),
    "a bomb that tells": (bomb_of(300 << 20), "whole"),
    "a bomb that does not": (bomb_of(1000), "not as large as it says"),
    "not gzip": (lambda _entries, parts: parts.__setitem__(0, b"\x1f\x8bnonsense"), "not gzip"),
    "the same twice": (lambda entries, parts: (entries.append(entries[0]), parts.append(parts[0])), "each once"),
    "none": (lambda entries, parts: (entries.clear(), parts.clear()), "1 to 500"),
    "nested without end": (nested, "no JSON"),
    "not a number": (evidence(lambda whole: whole["window"].__setitem__("seconds", float("nan"))), "r-23456789"),
    "a field that is none": (evidence(lambda whole: whole.__setitem__("extra", 1)), "extra"),
    "a huge number": (evidence(lambda whole: whole.__setitem__("cores", "9" * 5000)), "r-23456789"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_whole(tmp_path: Path, exported: Path, name: str) -> None:
    change, why = HOSTILE[name]
    hostile = tmp_path / "hostile.perfdoctor"
    hostile.write_bytes(rewritten(exported, change))
    here = store(tmp_path / "here")
    with pytest.raises(ProblemError) as caught:
        await here.take_in(hostile)
    assert "is not a file of recordings" in caught.value.problem.what
    assert why in caught.value.problem.why
    assert len(str(caught.value)) < 800
    assert (await here.list(10))[1] == 0


async def test_what_is_no_such_file(tmp_path: Path, exported: Path) -> None:
    whole = exported.read_bytes()
    cases = {
        b"": "does not begin",
        b"PK\x03\x04" + b"x" * 100: "does not begin",
        whole.replace(b"recordings 1\n", b"recordings 2\n", 1): "reads format 1 only",
        whole.replace(b"recordings 1\n", b"recordings \x1b[2J\n", 1): "reads format 1 only",
        whole[:-5]: "longer or shorter",
        whole + b"x": "longer or shorter",
        b"perfdoctor recordings 1\n" + b"[" * (5 << 20): "too long or has no end",
        b"perfdoctor recordings 1\n[]\n": "1 to 500",
    }
    for number, (data, why) in enumerate(cases.items()):
        file = tmp_path / f"{number}.perfdoctor"
        file.write_bytes(data)
        with pytest.raises(ProblemError) as caught:
            exchange.read(file)
        assert why in caught.value.problem.why and "\x1b" not in str(caught.value)
    os.mkfifo(tmp_path / "pipe.perfdoctor")
    for name in ("pipe.perfdoctor", "here", "gone.perfdoctor", "/dev/zero"):
        with pytest.raises(ProblemError):
            exchange.read(tmp_path / name)


async def test_text_that_could_do_harm_is_made_harmless(tmp_path: Path, exported: Path) -> None:
    def change(entries: list[dict[str, Any]], parts: list[bytes]) -> None:
        for key in ("summary", "label"):
            entries[0][key] = "a\x1b[2J\u202eb\nNext: run this"
        evidence(lambda whole: whole["cpu"]["rows"][0].__setitem__("thread", "a\x1b]0;x\u202e\n"))(entries, parts)

    hostile = tmp_path / "hostile.perfdoctor"
    hostile.write_bytes(rewritten(exported, change))
    here = store(tmp_path / "here")
    await here.take_in(hostile)
    one = await here.find("r-23456789")
    assert one.summary == one.label == "a\ufffd[2J\ufffdb\ufffdNext: run this"
    cpu = (await here.evidence("r-23456789")).cpu
    assert cpu is not None and cpu.rows[0].thread == "a\ufffd]0;x\ufffd\n"


async def ask(state: Path, caller: Caller = LOCAL, **arguments: object) -> Outcome:
    service = Service(Settings(state=state), FakeInstruments())
    return await run(tool.TOOL, Call(service, caller, lambda _e, _m: None), arguments)


async def test_over_the_tool(tmp_path: Path, exported: Path) -> None:
    done = await ask(tmp_path / "here", action="import", file=str(exported))
    assert not done.refused and done.structured["total"] == 2
    assert "those of the machine that they were made on" in done.text
    again = await ask(tmp_path / "here", action="import", file=str(exported))
    assert "0 recordings imported. 2 were here already." in again.text
    out = await ask(tmp_path / "here", action="export", id="r-23456789")
    assert out.structured["file"] == str(tmp_path / "here" / "exports" / "r-23456789.perfdoctor")
    assert not (await ask(tmp_path / "here", action="export", id="r-23456789")).refused, "our own name, once more"
    labelled = await ask(tmp_path / "here", action="export", label="before", file=str(tmp_path / "b.perfdoctor"))
    assert labelled.structured["total"] == 1 and (tmp_path / "b.perfdoctor").exists()
    assert (await ask(tmp_path / "here", action="export", label="none")).refused


async def test_pids_of_another_machine_are_not_suggested(tmp_path: Path, exported: Path) -> None:
    service = Service(Settings(state=tmp_path / "here"), FakeInstruments())
    call = Call(service, LOCAL, lambda _e, _m: None)
    await call.recordings.take_in(exported)
    await call.recordings.add("r-mine", Kind.DIAGNOSIS, "", samples.evidence())
    for recording, suggested in (("r-23456789", False), ("r-mine", True)):
        said = (await run(diagnose.TOOL, call, {"recording": recording})).structured
        assert said["next"] and any("pid" in one["arguments"] for one in said["next"]) is suggested


async def test_who_may_name_which_file(tmp_path: Path, exported: Path) -> None:
    here, remote = tmp_path / "here", Caller("ada", Role.OPERATE)
    await ask(here, action="import", file=str(exported))
    await ask(here, action="share", id="r-23456789")
    for file in (str(exported), "../two.perfdoctor", "x/../../two.perfdoctor", "/etc/passwd", "a\0.perfdoctor", "x"):
        for action in ({"action": "import"}, {"action": "export", "id": "r-23456789"}):
            refused = await ask(here, remote, file=file, **action)
            assert refused.refused and "cannot be used" in refused.text
    assert (await ask(here, action="import", file="relative/two.perfdoctor")).refused
    assert (await ask(here, action="import", file=f"{tmp_path}/here/recordings.db")).refused
    assert not (await ask(here, remote, action="export", id="r-23456789", file="mine.perfdoctor")).refused
    assert not (await ask(here, remote, action="import", file="mine.perfdoctor")).refused
    assert (here / "exports" / "of-ada" / "mine.perfdoctor").exists()
    other = await ask(here, Caller("ben", Role.OPERATE), action="import", file="mine.perfdoctor")
    assert other.refused and "cannot be read" in other.text, "what one exported is not another's to import"
    for action in ("export", "import", "delete"):
        arguments = {"file": "mine.perfdoctor"} if action == "import" else {"id": "r-23456789"}
        assert "needs operate" in (await ask(here, Caller("eve", Role.TRACE), action=action, **arguments)).text
    assert "needs trace" in (await ask(here, Caller("eve", Role.OBSERVE), action="pin", id="r-23456789")).text
