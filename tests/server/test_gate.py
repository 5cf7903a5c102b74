"""Only so many measurements at once, and none beside one that stops its target."""

from pathlib import Path

import anyio
import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import LOCAL
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.tools.catalogue import find
from perfdoctor.server.tools.outcome import Outcome, run
from tests.server.fakes import FakeInstruments
from tests.server.samples import PID

pytestmark = pytest.mark.anyio


class Room:
    """A service whose measurements can be waited for."""

    def __init__(self, state: Path, most: int = 4) -> None:
        self.began = 0
        self.fake = FakeInstruments(self._note)
        self.service = Service(Settings(state=state, max_traces=most), self.fake)

    def _note(self, event: str, _at: float) -> None:
        self.began += event == "began"

    async def ask(self, tool: str, **arguments: object) -> Outcome:
        definition = find(tool)
        assert definition is not None
        return await run(definition, Call(self.service, LOCAL, lambda _elapsed, _message: None), arguments)

    async def beside(self, running: tuple[str, dict[str, object]], tool: str, **arguments: object) -> Outcome:
        """The outcome of a call that is made while ``running`` runs."""
        async with anyio.create_task_group() as tasks:

            async def first() -> None:
                await self.ask(running[0], pid=PID, seconds=30, **running[1])

            tasks.start_soon(first)
            with anyio.fail_after(5):
                while not self.began:
                    await anyio.sleep(0)
            outcome = await self.ask(tool, seconds=0.1, **arguments)
            tasks.cancel_scope.cancel()
        return outcome


async def test_two_that_only_count_run_beside_each_other(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert not (await room.beside(("trace-cpu", {}), "trace-syscalls", pid=PID)).refused
    assert not (await room.ask("trace-syscalls", pid=PID, seconds=0.1)).refused


@pytest.mark.parametrize(
    ("running", "then"),
    [
        (("trace-syscalls", {"backend": "strace"}), ("trace-cpu", {})),
        (("trace-cpu", {}), ("trace-syscalls", {"backend": "strace"})),
        (("trace-syscalls", {"backend": "strace"}), ("diagnose", {})),
    ],
)
async def test_none_runs_beside_one_that_stops_the_process(
    tmp_path: Path, running: tuple[str, dict[str, object]], then: tuple[str, dict[str, object]]
) -> None:
    room = Room(tmp_path)
    refused = await room.beside(running, then[0], pid=PID, **then[1])
    assert refused.refused
    assert f"Process {PID} is being measured already" in refused.text
    other = Room(tmp_path)
    assert not (await other.beside(running, then[0], pid=PID + 101, **then[1])).refused, "another process"


@pytest.mark.parametrize(("usable", "refused"), [(("strace",), True), (("bpf", "strace"), False)])
async def test_auto_stops_the_process_where_strace_is_all_there_is(
    tmp_path: Path, usable: tuple[str, ...], refused: bool
) -> None:
    room = Room(tmp_path)
    room.fake.usable = usable
    assert (await room.beside(("trace-syscalls", {}), "trace-cpu", pid=PID)).refused is refused
    assert room.fake.checks == 1


async def test_alone_the_machine_is_not_asked(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.ask("trace-syscalls", pid=PID, seconds=0.1)
    assert room.fake.checks == 0, "asking costs time before the first event"


async def test_no_more_than_allowed(tmp_path: Path) -> None:
    room = Room(tmp_path, most=1)
    refused = await room.beside(("trace-cpu", {}), "trace-cpu", pid=PID + 101)
    assert refused.refused
    assert "PERFDOCTOR_MAX_TRACES" in refused.text
    assert not (await room.ask("trace-cpu", pid=PID, seconds=0.1)).refused, "a cancelled one gave its place back"


async def test_an_operator_may_allow_shorter_windows_only(tmp_path: Path) -> None:
    service = Service(Settings(state=tmp_path, max_seconds=2), FakeInstruments())
    with pytest.raises(ProblemError, match="too long for this server"):
        async with Call(service, LOCAL, lambda _e, _m: None).window(PID, 3, children=True):
            pass
