"""Whose a recording is: others see it once it is shared, and until then it is an unknown id to them, on every path."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.store.query import query
from perfdoctor.server.store.recording import Kind, new_id
from perfdoctor.server.store.recordings import Recordings, Store
from perfdoctor.server.tools.catalogue import TOOLS, find
from perfdoctor.server.tools.outcome import Outcome, run
from tests.server import samples, stores
from tests.server.fakes import FakeInstruments

pytestmark = pytest.mark.anyio

ANNA, BEN, ADA = Caller("anna", Role.OPERATE), Caller("ben", Role.OPERATE), Caller("ada", Role.ADMIN)
HERS, HIS, NOBODYS = "r-23456789", "r-3456789a", "r-zzzzzzzz"

PATHS: dict[str, tuple[str, dict[str, object]]] = {
    "list of a label": ("recordings", {"action": "list", "label": "hers"}),
    "export of a label": ("recordings", {"action": "export", "label": "hers"}),
    "show": ("recordings", {"action": "show", "id": HERS}),
    "pin": ("recordings", {"action": "pin", "id": HERS}),
    "unpin": ("recordings", {"action": "unpin", "id": HERS}),
    "share": ("recordings", {"action": "share", "id": HERS}),
    "unshare": ("recordings", {"action": "unshare", "id": HERS}),
    "tag": ("recordings", {"action": "tag", "id": HERS, "label": "mine"}),
    "delete": ("recordings", {"action": "delete", "id": HERS}),
    "export": ("recordings", {"action": "export", "id": HERS}),
    "query": ("recordings", {"action": "query", "sql": f"SELECT 1 FROM cpu WHERE recording = '{HERS}'"}),
    "diagnose": ("diagnose", {"recording": HERS}),
    "compare, before": ("compare", {"before": HERS, "after": HIS}),
    "compare, after": ("compare", {"before": HIS, "after": HERS}),
    "code-inspect": ("code-inspect", {"recording": HERS}),
    "code-search": ("code-search", {"recording": HERS, "text": "rank("}),
}
"""every argument of every tool that takes a recording, and what else names some"""
CHANGING = ("pin", "unpin", "share", "unshare", "tag", "delete")


def asking(service: Service) -> Callable[..., "object"]:
    async def ask(caller: Caller, path: str, identity: str = HERS) -> Outcome:
        name, arguments = PATHS[path]
        tool = find(name)
        assert tool is not None
        given = {
            key: value.replace(HERS, identity) if isinstance(value, str) else value for key, value in arguments.items()
        }
        return await run(tool, Call(service, caller, lambda _e, _m: None), given)

    return ask


@pytest.fixture
async def service(tmp_path: Path, place: str | None) -> Service:
    root = tmp_path / "shop"
    root.mkdir()
    for name in ("search.py", "store.py"):
        (root / name).write_text("    rank(book)\n" * 50)
    settings = Settings(state=tmp_path / "state", database_url=place, user_roots=(str(root),))  # type: ignore[arg-type]
    made = Service(settings, FakeInstruments())
    window = Evidence.model_validate_json(samples.evidence().model_dump_json().replace("/srv/shop", str(root)))
    hers, his = made.recordings_of(ANNA), made.recordings_of(BEN)
    await hers.add(HERS, Kind.DIAGNOSIS, "a secret of anna", window)
    await hers.tag(HERS, "hers")
    await his.add(HIS, Kind.DIAGNOSIS, "his", samples.evidence())
    return made


def test_every_argument_that_takes_a_recording_is_attacked() -> None:
    takes = {
        tool.name
        for tool in TOOLS
        for name in tool.arguments.model_fields
        if name in ("recording", "before", "after", "id")
    }
    assert takes - {"code-edit"} == {tool for tool, _ in PATHS.values()}, (
        "(code-edit notes an id, and reads nothing by it)"
    )


async def test_what_is_not_shared_is_an_unknown_id_to_others(service: Service) -> None:
    ask = asking(service)
    for path in PATHS:
        hidden, unknown = await ask(BEN, path), await ask(BEN, path, NOBODYS)
        assert hidden.text.replace(HERS, NOBODYS) == unknown.text, path
        assert "anna" not in hidden.text and "secret" not in hidden.text
        assert hidden.refused or path == "list of a label"
    assert (await service.recordings_of(ANNA).find(HERS)).label == "hers", "nothing was changed"
    listed, total = await service.recordings_of(BEN).list(10)
    assert [one.id for one in listed] == [HIS] and total == 1
    found = await query(service.recordings_of(BEN), service.settings.state, "SELECT id, caller FROM recordings", 10)
    assert found.rows == ((HIS, "ben"),)


async def test_what_is_shared_can_be_read_and_not_changed(service: Service) -> None:
    ask = asking(service)
    told = await ask(ANNA, "share")
    assert not told.refused and "seen by all" in told.text and "shared by `anna`" in told.text
    for path in PATHS:
        said = await ask(BEN, path)
        assert said.refused is (path in CHANGING), (path, said.text)
        assert ("is not yours to change" in said.text) is (path in CHANGING)
    assert {one.id for one in (await service.recordings_of(BEN).list(10))[0]} == {HERS, HIS}
    await ask(ANNA, "unshare")
    assert (await ask(BEN, "show")).refused and not (await ask(ANNA, "show")).refused


@pytest.mark.parametrize("caller", [ADA, LOCAL], ids=lambda caller: caller.name)
async def test_admins_and_the_local_user_see_and_change_all(service: Service, caller: Caller) -> None:
    ask = asking(service)
    for path in PATHS:
        if path != "delete":
            said = await ask(caller, path)
            assert not said.refused, (path, said.text)
    assert {one.id for one in (await service.recordings_of(caller).list(10))[0]} == {HERS, HIS}
    assert not (await ask(caller, "delete")).refused
    assert (await ask(ANNA, "show")).refused


async def test_a_file_with_the_id_of_what_another_hides(service: Service, tmp_path: Path) -> None:
    """It comes in under a new id: whether hers is there, and what it holds, is not told."""
    there = stores.recordings(tmp_path / "there")
    await there.add(HERS, Kind.CPU, "another", samples.evidence(syscalls=None))
    await there.export((HERS,), tmp_path / "one.perfdoctor")
    ben, anna = service.recordings_of(BEN), service.recordings_of(ANNA)
    new, known, renamed = await ben.take_in(tmp_path / "one.perfdoctor")
    assert known == 0 and renamed == ((HERS, new[0].id),) and new[0].id != HERS
    assert (await ben.find(new[0].id)).caller == "ben"
    assert (await anna.find(HERS)).summary == "a secret of anna"
    with pytest.raises(ProblemError, match="no recording"):
        await anna.find(new[0].id)
    with pytest.raises(ProblemError, match="another one is called so"):
        await anna.take_in(tmp_path / "one.perfdoctor")


async def test_an_id_that_is_taken_keeps_its_recording(service: Service) -> None:
    with pytest.raises(ProblemError, match="By chance another one"):
        await service.recordings_of(BEN).add(HERS, Kind.CPU, "his", samples.evidence())
    assert (await service.recordings_of(ANNA).find(HERS)).summary == "a secret of anna"
    assert (await service.recordings_of(BEN).list(9))[1] == 1


async def keep(recordings: Recordings) -> str:
    identity = new_id()
    await recordings.add(identity, Kind.CPU, "", samples.evidence())
    return identity


async def held(store: Store) -> dict[str, int]:
    listed, _ = await store.seen_by("", everything=True).list(100)
    return {name: sum(one.caller == name for one in listed) for name in ("anna", "ben")}


async def test_each_has_a_quota(tmp_path: Path, place: str | None) -> None:
    store = stores.store(tmp_path, place, keep=100, each=3)
    anna, ben = store.seen_by("anna"), store.seen_by("ben")
    his = [await keep(ben) for _ in range(2)]
    hers = [await keep(anna) for _ in range(5)]
    assert {one.id for one in (await anna.list(9))[0]} == set(hers[2:])
    assert {one.id for one in (await ben.list(9))[0]} == set(his), "only the own ones make room"
    assert (await anna.expired()).total == 2 and (await ben.expired()).total == 0
    with pytest.raises(ProblemError, match="made room"):
        await anna.find(hers[0])
    with pytest.raises(ProblemError, match="never made here"):
        await ben.find(hers[0])
    await anna.pin(hers[2], pinned=True)
    with pytest.raises(ProblemError, match="cannot be pinned too"):
        await anna.pin(hers[3], pinned=True)
    await ben.pin(his[0], pinned=True)
    size = (await anna.find(hers[4])).bytes
    small = stores.store(tmp_path, place, keep=100, each_bytes=2 * size)
    last = await keep(small.seen_by("anna"))
    assert {one.id for one in (await anna.list(9))[0]} == {hers[2], last}, "a pinned one stays"


async def test_who_has_most_makes_room_when_all_is_full(tmp_path: Path, place: str | None) -> None:
    store = stores.store(tmp_path, place, keep=6)
    anna, ben = store.seen_by("anna"), store.seen_by("ben")
    for _ in range(6):
        await keep(anna)
    for _ in range(5):
        await keep(ben)
    assert await held(store) == {"anna": 3, "ben": 3}, "neither pushes out the other"
    assert (await anna.expired()).total == 3 and (await ben.expired()).total == 2
    assert (await store.seen_by("", everything=True).expired()).total == 5


async def test_servers_that_expire_at_once_keep_exactly_the_quota(tmp_path: Path, place: str | None) -> None:
    servers = [stores.store(tmp_path, place, keep=5, each=4) for _ in range(3)]
    made: list[str] = []

    async def measure(store: Store, caller: str) -> None:
        made.append(await keep(store.seen_by(caller)))

    async with anyio.create_task_group() as tasks:
        for number in range(15):
            tasks.start_soon(measure, servers[number % 3], ("anna", "ben")[number % 2])
    everything = servers[0].seen_by("", everything=True)
    assert len(set(made)) == 15
    assert (await everything.list(99))[1] == 5 and (await everything.expired()).total == 10
    assert sorted((await held(servers[1])).values()) == [2, 3]
