"""Who may touch which process by which tool: attacked through every tool of the catalogue."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.app import build
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.rules import Access, Rule, access
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings, load
from perfdoctor.server.store.recording import About, Kind
from perfdoctor.server.store.recordings import Recordings
from perfdoctor.server.tools.catalogue import TOOLS, find
from perfdoctor.server.tools.outcome import Outcome, run
from perfdoctor.server.tools.referred import recording_fields
from tests.server import samples
from tests.server.fakes import WORKLOADS, FakeInstruments, whose
from tests.server.samples import PID

pytestmark = pytest.mark.anyio

CI = Caller("ci-7", Role.OPERATE)
THEIRS = "r-ofanna23"
HOW = """detail limit seconds children query user port container runtime cwd working_set backend host focus hz native
function value program anywhere file line finding text word edits diff undo dry_run token repeats warm_up trace action
mode hold"""
REFERS = {
    # argument: what it names. A new argument must be put here before this passes, and a new kind of name be refused.
    "process": {"pid", "name"},
    "recording": {"recording", "before", "after", "id"},
    "workload": {"name", "against", "variant"},
    "recordings in it": {"sql", "label"},
    "how it is asked": set(HOW.split()),
}
NEEDED: dict[str, dict[str, Any]] = {
    "trace-function": {"function": "f"},
    "trace-custom": {"program": "BEGIN { exit(); }"},
    "code-search": {"text": "def"},
    "code-edit": {"file": "/srv/a.py", "edits": [{"old": "a", "new": "b"}]},
    "recordings": {"action": "show"},
}
OF_A_PROCESS = [tool.name for tool in TOOLS if "pid" in tool.arguments.model_fields]
OF_A_RECORDING = [tool.name for tool in TOOLS if recording_fields(tool.arguments)]


class Room:
    def __init__(self, state: Path, *rules: dict[str, Any], **settings: Any) -> None:
        self.events: list[str] = []
        self.fake = FakeInstruments(lambda event, _at: self.events.append(event))
        self.service = Service(
            Settings(
                state=state,
                rules=tuple(Rule.model_validate(rule) for rule in rules),
                allow_custom=True,
                custom_anywhere=True,
                writable_roots=(str(state / "w"),),
                workloads=WORKLOADS,
                **settings,
            ),
            self.fake,
        )

    async def ask(self, tool: str, caller: Caller = CI, **arguments: Any) -> Outcome:
        definition = find(tool)
        assert definition is not None
        return await run(definition, Call(self.service, caller, lambda _e, _m: None), arguments)

    @property
    def everything(self) -> Recordings:
        return self.service.recordings_of(LOCAL)

    async def record(self, identity: str, by: str, **target: Any) -> None:
        evidence = samples.evidence(target=samples.TARGET.model_copy(update=target))
        store = self.service.recordings.seen_by(by, everything=True)
        await store.add(identity, Kind.DIAGNOSIS, "a window", evidence)
        await store.share(identity, shared=True)  # so that rules alone decide who may read it


def test_every_argument_of_every_tool_is_known_to_the_rules() -> None:
    for tool in TOOLS:
        fields = set(tool.arguments.model_fields)
        assert fields <= set().union(*REFERS.values()), f"{tool.name}: does a new argument name what is another's?"
        named = fields & REFERS["recording"]
        assert set(recording_fields(tool.arguments)) == named, f"{tool.name}: its type must be RecordingId"
    assert len(OF_A_PROCESS) == 13
    assert {"compare", "diagnose", "code-inspect", "code-search", "code-edit", "recordings"} == set(OF_A_RECORDING)


@pytest.mark.parametrize("tool", OF_A_PROCESS)
async def test_anothers_process_is_not_there_by_any_tool(tmp_path: Path, tool: str) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["app"]})
    asked = {"seconds": 0.1, **NEEDED.get(tool, {})}
    hidden = await room.ask(tool, pid=PID, **asked)
    absent = await room.ask(tool, pid=PID + 1, **asked)
    assert hidden.denied and absent.denied
    assert hidden.text.replace(str(PID), "") == absent.text.replace(str(PID + 1), ""), "in the same words"
    assert (await room.ask(tool, name="shop", **asked)).denied
    assert not room.events, "nothing was measured"
    may = Room(tmp_path, {"identity": "ci-*", "users": ["web"]})
    assert not (await may.ask(tool, pid=PID, **asked)).refused
    assert "began" in may.events


@pytest.mark.parametrize("tool", OF_A_RECORDING)
async def test_a_recording_of_anothers_process_is_not_there_by_any_tool(tmp_path: Path, tool: str) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["app"]})
    await room.record(THEIRS, "anna", user="web")
    await room.record("r-mine2345", "ci-7", user="web")
    for field in recording_fields(find(tool).arguments):  # type: ignore[union-attr]
        others = {"before": "r-mine2345", "after": "r-mine2345"} if tool == "compare" else {}
        given = {**NEEDED.get(tool, {}), **others, field: THEIRS}
        hidden = await room.ask(tool, **given)
        absent = await room.ask(tool, **{**given, field: "r-nothere2"})
        assert hidden.denied and absent.denied
        assert hidden.text.replace(THEIRS, "") == absent.text.replace("r-nothere2", ""), "in the same words"
        mine = await room.ask(tool, **{**given, field: "r-mine2345"})
        assert not mine.denied


async def test_lists_completions_labels_and_queries_leave_out_what_is_hidden(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["app"]})
    await room.record(THEIRS, "anna", user="web")
    await room.record("r-shared22", "anna", user="app")
    await room.everything.tag(THEIRS, "x")
    listed = await room.ask("recordings")
    assert [one["id"] for one in listed.structured["recordings"]] == ["r-shared22"]
    assert listed.structured["total"] == 1
    assert (await room.ask("recordings", action="list", label="x")).structured["total"] == 0
    assert "No recording has the label" in (await room.ask("recordings", action="export", label="x")).text
    seen = await room.ask("recordings", action="query", sql="SELECT id FROM recordings")
    assert seen.structured["rows"] == [["r-shared22"]]
    assert (await room.ask("recordings", action="query", sql=f"SELECT * FROM cpu WHERE recording = '{THEIRS}'")).denied
    with as_caller(CI):
        async with Client(build(room.service)) as client:
            with pytest.raises(MCPError, match="that you may read"):
                await client.read_resource(f"recording://{THEIRS}")
            assert (await client.read_resource("recording://r-shared22")).contents
            template = ResourceTemplateReference(uri="recording://{id}")
            told = await client.complete(template, {"name": "id", "value": "r-"})
            assert told.completion.values == ["r-shared22"]


def as_caller(caller: Caller) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def inside() -> Iterator[None]:
        scopes = [caller.role.value]
        user = AuthenticatedUser(AccessToken(token="t", client_id=caller.name, scopes=scopes))
        token = auth_context_var.set(user)
        try:
            yield
        finally:
            auth_context_var.reset(token)

    return inside()


async def test_tools_that_a_rule_does_not_name_are_neither_offered_nor_answered(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "tools": ["proc-*", "diagnose"]})
    assert (await room.ask("trace-cpu", pid=PID)).denied
    assert not (await room.ask("diagnose", pid=PID, seconds=0.1)).refused
    await room.record("r-mine2345", "ci-7")
    with as_caller(CI):
        async with Client(build(room.service)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            with pytest.raises(MCPError):
                await client.read_resource("recording://r-mine2345")
    assert names == {"proc-find", "proc-watch", "proc-memory", "proc-threads", "diagnose"}


async def test_workloads(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "workloads": ["import*"]})
    refused = await room.ask("workload-run", name="shop", repeats=1, warm_up=0)
    assert refused.refused
    assert "None is declared" in refused.text
    assert not room.events
    with pytest.raises(ProblemError, match="that you may run"):
        Access(CI, "workload-run", room.service.settings.rules).must_run("shop")
    assert not (await Room(tmp_path).ask("workload-run", name="shop", repeats=1, warm_up=0)).refused


async def test_a_child_that_may_not_be_seen_keeps_its_parent_from_being_measured_with_children(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["web"]})
    room.fake.processes[PID + 7] = whose(PID + 7, "root", "sudo")
    refused = await room.ask("trace-cpu", pid=PID, seconds=0.1)
    assert refused.denied
    assert "children=false" in refused.text
    assert not room.events
    assert not (await room.ask("trace-cpu", pid=PID, seconds=0.1, children=False)).refused


@pytest.mark.parametrize("change", ["child", "itself"])
async def test_what_becomes_another_users_in_the_window_is_not_told(tmp_path: Path, change: str) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["web"]})
    pid = PID + 7 if change == "child" else PID

    async def later() -> None:
        await anyio.sleep(0.2)
        room.fake.processes[pid] = whose(pid, "root", "sudo")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        refused = await room.ask("trace-cpu", pid=PID, seconds=20)
    assert refused.denied
    assert "cancelled" in room.events and "cleaned" in room.events, "it ended at once, and in order"
    assert (await room.everything.list(9))[1] == 0, "nothing of it is kept"


@pytest.mark.parametrize("tool", OF_A_PROCESS)
@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_pid_that_is_taken_by_another_process_is_refused_by_every_tool(
    tmp_path: Path, tool: str, when: str
) -> None:
    room = Room(tmp_path)
    if when == "before":
        room.fake.held.lost = True
    else:
        room.fake.held.any_ended = True
        room.fake.note = lambda event, _at: setattr(room.fake.held, "lost", event == "began" or room.fake.held.lost)
    refused = await room.ask(tool, LOCAL, pid=PID, seconds=5, **NEEDED.get(tool, {}))
    assert refused.refused
    assert "another process has taken its number" in refused.text
    assert not room.events
    assert (await room.everything.list(9))[1] == 0


async def test_a_program_of_ones_own_sees_no_others(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["web"]})
    program = {"pid": PID, "program": "BEGIN { exit(); }", "seconds": 0.1}
    assert (await room.ask("trace-custom", anywhere=True, **program)).denied
    assert not (await room.ask("trace-custom", **program)).refused
    assert not (await Room(tmp_path).ask("trace-custom", anywhere=True, **program)).refused


async def test_who_is_behind_a_peer_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = samples.network()
    known = tuple(peer.model_copy(update={"program": "redis (pid 9)"}) for peer in seen.peers)
    monkeypatch.setitem(samples.PARTS, "network", lambda: seen.model_copy(update={"peers": known}))
    free, limited = Room(tmp_path), Room(tmp_path, {"identity": "ci-*", "users": ["web"]})
    told = await free.ask("trace-network", pid=PID, seconds=0.1)
    assert "redis (pid 9)" in str(told.structured)
    told = await limited.ask("trace-network", pid=PID, seconds=0.1)
    assert told.structured["peers"]
    assert "redis" not in str(told.structured)


async def test_proc_find_is_given_the_rule(tmp_path: Path) -> None:
    room = Room(tmp_path, {"identity": "ci-*", "users": ["app"]})
    await room.ask("proc-find")
    assert room.fake.allowed is not None
    assert room.fake.allowed(whose(1, "app", "x")) and not room.fake.allowed(whose(1, "web", "x"))
    await room.ask("proc-find", LOCAL)
    assert room.fake.allowed is None


async def test_each_identity_has_its_share_of_measurements(tmp_path: Path) -> None:
    room = Room(tmp_path, max_traces=3, max_traces_each=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: room.ask("trace-cpu", pid=PID, seconds=20))
        while "began" not in room.events:
            await anyio.sleep(0)
        refused = await room.ask("trace-cpu", pid=PID, seconds=0.1)
        assert "PERFDOCTOR_MAX_TRACES_EACH" in refused.text
        assert not (await room.ask("trace-cpu", Caller("anna", Role.TRACE), pid=PID, seconds=0.1)).refused
        assert not (await room.ask("trace-cpu", LOCAL, pid=PID, seconds=0.1)).refused
        tasks.cancel_scope.cancel()
    assert not (await room.ask("trace-cpu", pid=PID, seconds=0.1)).refused


SHOP = whose(7, "app", "orders-1", "3f4e5d6a7b8c")


@pytest.mark.parametrize(
    ("rule", "sees"),
    [
        ({}, True),
        ({"users": ["app"]}, True),
        ({"users": ["33"]}, True),
        ({"users": ["ap"]}, False),
        ({"users": []}, False),
        ({"users": ["a*"], "processes": ["orders*"]}, True),
        ({"users": ["app"], "processes": ["shop"]}, False),
        ({"processes": ["ORDERS*"]}, False),
        ({"containers": ["3f4e*"]}, True),
        ({"containers": ["-"]}, False),
        ({"containers": []}, False),
    ],
)
def test_what_a_rule_lets_see(rule: dict[str, Any], sees: bool) -> None:
    assert Rule(identity="*", **rule).lets_see(SHOP) is sees


def test_all_that_a_process_may_act_as_must_fit() -> None:
    """A program with set-user-id has its caller's real uid and its owner's effective one."""
    both = whose(7, "app", "x").__class__(7, 1.0, (("app", "33"), ("root", "0")), ("x",), (), contained=False)
    assert not Rule(identity="*", users=("app",)).lets_see(both)
    assert Rule(identity="*", users=("app", "root")).lets_see(both)
    assert Rule(identity="*", containers=("-",)).lets_see(both)
    nobody = whose(7, "app", "x").__class__(7, 1.0, (), ("x",), (), contained=False)
    assert not Rule(identity="*").lets_see(nobody), "whose users are not known"


def test_who_is_restricted() -> None:
    rules = (Rule(identity="*", users=()), Rule(identity="ci-*", users=("app",), tools=("diagnose",)))
    assert access(rules, CI, "diagnose").sees(whose(7, "app", "x"))
    assert not access(rules, CI, "trace-cpu").sees(whose(7, "app", "x")), "the second is for diagnose alone"
    assert not access(rules, Caller("anna", Role.OPERATE), "diagnose").sees(whose(7, "app", "x"))
    assert not access(rules, Caller("root", Role.ADMIN), "diagnose").restricted
    assert not access(rules, LOCAL, "diagnose").restricted
    assert not access(rules[1:], Caller("anna", Role.OBSERVE), "diagnose").restricted, "no rule names her"
    assert not access(rules[1:], Caller("xci-7", Role.OBSERVE), "diagnose").restricted


def test_recordings_of_several_users_and_of_unknown_containers_are_not_read() -> None:
    target = Target(pid=7, start_time=1, name="orders", user="app")
    about, several = About.of(target), About.of(target.model_copy(update={"others": (8,)}))
    assert Rule(identity="*", users=("app",)).lets_read(about)
    assert not Rule(identity="*", users=("app",)).lets_read(several)
    assert not Rule(identity="*", containers=("*",)).lets_read(about)


def test_rules_come_from_the_file_alone_and_from_one_that_others_cannot_write(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[rules]]\nidentity = "ci-*"\nusers = ["app"]\n')
    given = {"PERFDOCTOR_CONFIG": str(file), "HOME": str(tmp_path)}
    assert load(given).rules == (Rule(identity="ci-*", users=("app",)),)
    file.chmod(0o666)
    with pytest.raises(ProblemError, match="is not trusted"):
        load(given)
    file.chmod(0o644)
    file.write_text('[[rules]]\nidentity = "ci-*"\nuser = ["app"]\n')
    with pytest.raises(ProblemError, match=r"rules\.0\.user is not valid"):
        load(given)


def test_no_tool_reaches_the_instruments_but_through_the_guard() -> None:
    root = Path(__file__).resolve().parents[2] / "server"
    free = {"check_tools", "diagnose", "compare", "patterns", "last_change"}
    for path in [*(root / "tools").glob("*.py"), *root.glob("*.py")]:
        text = path.read_text()
        for used in text.split("service.instruments.")[1:]:
            name = used.split("(")[0].split(",")[0].split(")")[0]
            assert name in free, f"{path.name} calls service.instruments.{name}: use call.instruments"
