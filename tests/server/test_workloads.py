"""Which workloads may be run, in which order, and what is said when one may not, fails, or takes too long."""

import os
import tomllib
from pathlib import Path
from typing import Any

import anyio
import pytest

from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.workloads.declared import Declared
from perfdoctor.collectors.workloads.run import Outcome
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Load, Metric, Ready, Trace, Unit, Variant, Workload
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings, load
from perfdoctor.server.tools.catalogue import find
from perfdoctor.server.tools.outcome import run
from perfdoctor.server.workloads import Declarations, declared, pair
from tests.server import samples
from tests.server.fakes import WORKLOADS, FakeInstruments

ROOT = Path(__file__).resolve().parents[2]
SHOP = '[workloads.shop]\nargv = ["shop"]\n'


def settings(tmp_path: Path, **more: Any) -> Settings:
    return Settings(state=tmp_path / "state", **more)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(mode=0o755)
    (folder / "perfdoctor.toml").write_text(SHOP)
    return folder


# -- declarations ------------------------------------------------------------------------------------------------------


def test_the_operators_configuration_declares_them(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(SHOP + 'ready.port = 8080\n[workloads.shop.variants.fast]\nenvironment = { FAST = "1" }\n')
    found = declared(load({"PERFDOCTOR_CONFIG": str(config), "HOME": str(tmp_path)}))
    assert found["shop"].workload.ready.port == 8080 and found["shop"].owner is None


def test_a_project_declares_them_only_where_the_operator_allows_its_folder(tmp_path: Path, project: Path) -> None:
    assert declared(settings(tmp_path)) == {}
    allowed = load({"PERFDOCTOR_WORKLOAD_ROOTS": f"{project}:{tmp_path}", "HOME": str(tmp_path)})
    found = declared(allowed)
    assert found["shop"].folder == project and found["shop"].owner == os.geteuid()


@pytest.mark.parametrize("what", ["perfdoctor.toml", "."])
def test_what_everybody_may_write_is_not_trusted(tmp_path: Path, project: Path, what: str) -> None:
    (project / what).chmod(0o777)
    with pytest.raises(ProblemError, match="Everybody may write it"):
        declared(settings(tmp_path, workload_roots=(str(project),)))


def test_a_link_is_not_followed(tmp_path: Path, project: Path) -> None:
    (project / "perfdoctor.toml").rename(tmp_path / "elsewhere.toml")
    (project / "perfdoctor.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(ProblemError, match="is not read"):
        declared(settings(tmp_path, workload_roots=(str(project),)))


def test_a_pipe_holds_nobody_up(tmp_path: Path, project: Path) -> None:
    (project / "perfdoctor.toml").unlink()
    os.mkfifo(project / "perfdoctor.toml")
    with pytest.raises(ProblemError, match="no regular file"):
        declared(settings(tmp_path, workload_roots=(str(project),)))


@pytest.mark.parametrize("key", ['user = "root"', 'inherit = ["API_TOKEN"]'])
def test_a_project_may_not_say_as_whom_or_read_our_environment(tmp_path: Path, project: Path, key: str) -> None:
    (project / "perfdoctor.toml").write_text(f"{SHOP}{key}\n")
    with pytest.raises(ProblemError, match="may not say user or inherit"):
        declared(settings(tmp_path, workload_roots=(str(project),)))


def test_two_of_one_name_are_refused(tmp_path: Path, project: Path) -> None:
    with pytest.raises(ProblemError, match="declared twice"):
        declared(settings(tmp_path, workloads=WORKLOADS, workload_roots=(str(project),)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("argv = ", "not valid TOML"),
        ('[workloads.shop]\nargv = "rm -rf /"\n', "workloads.shop.argv"),
        ("[workloads.shop]\nargv = []\n", "workloads.shop.argv"),
        (f"{SHOP}shell = true\n", "workloads.shop.shell"),
        (f"{SHOP}[workloads.'../x']\nargv = ['x']\n", r"workloads.\.\./x"),
        (f"{SHOP}environment = {{ 'A=B' = '1' }}\n", "workloads.shop.environment"),
        (f"{SHOP}measure = 'ready'\n", "workloads.shop"),
        (f"{SHOP}unit = {{ name = 'x' }}\n", "workloads.shop.unit"),
        (f"{SHOP}metrics.p = {{ pattern = 'x', origin = 'load' }}\n", "workloads.shop"),
        ("user_roots = ['/']\n", "user_roots"),
    ],
)
def test_nonsense_is_refused_with_its_name(tmp_path: Path, project: Path, text: str, why: str) -> None:
    (project / "perfdoctor.toml").write_text(text)
    with pytest.raises(ProblemError, match=why):
        declared(settings(tmp_path, workload_roots=(str(project),)))


def test_nonsense_of_the_operators_is_refused_when_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"workloads\.shop\.argv in the configuration of this server"):
        pair(settings(tmp_path, workloads={"shop": {"argv": "shop"}}), "shop", None, None)


def test_an_unknown_one_is_answered_with_all(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no workload `cart`") as caught:
        pair(settings(tmp_path, workloads=WORKLOADS), "cart", None, None)
    assert "shop (fast)" in caught.value.problem.why
    with pytest.raises(ProblemError, match="no workload") as caught:
        pair(settings(tmp_path), "cart", None, None)
    assert "[workloads.NAME]" in caught.value.problem.next_step


def test_against_is_a_variant_or_another_workload(tmp_path: Path) -> None:
    two = settings(tmp_path, workloads={**WORKLOADS, "cart": {"argv": ["cart"], "variants": {"old": {}}}})

    def titles(*asked: Any) -> list[str]:
        return [one.title for one in pair(two, *asked)]

    assert titles("shop", None, None) == ["shop"]
    assert titles("shop", None, "fast") == ["shop", "shop/fast"]
    assert titles("shop", "fast", "cart") == ["shop/fast", "cart"]
    assert titles("shop", "fast", "shop") == ["shop/fast", "shop"]
    assert titles("shop", None, "cart/old") == ["shop", "cart/old"]
    for wrong in ("cart/fast", "none", "shop"):
        with pytest.raises(ProblemError):
            titles("shop", None, wrong)


def test_the_page_has_every_key_and_its_example_is_valid() -> None:
    page = (ROOT / "docs/workloads.md").read_text()
    example = Declarations.model_validate(tomllib.loads(page.partition("```toml\n")[2].partition("```")[0]))
    assert example.workloads["shop"].metrics["p99"].origin == "load" and not example.workloads["shop"].from_start
    assert example.workloads["import"].from_start
    for model in (Workload, Ready, Load, Metric, Unit, Variant):
        for name in model.model_fields:
            assert f"`{name}`" in page, f"{name} of {model.__name__}"


# -- runs --------------------------------------------------------------------------------------------------------------


class Runs(FakeInstruments):
    """Notes the order of runs; the ``fails``-th run fails."""

    def __init__(self, takes: float = 0.0, fails: int = 0) -> None:
        super().__init__()
        self.order: list[tuple[str, int]] = []
        self._takes, self._fails = takes, fails

    async def run_workload(
        self,
        declared: Declared,
        *,
        repeat: int,
        trace: Trace,
        seconds: float | None,
        within: float,
        progress: Progress,
    ) -> Outcome:
        self.order.append((declared.variant or "", repeat))
        await anyio.sleep(self._takes)
        ended = samples.run(variant=declared.variant, repeat=repeat)
        failure = "it ended with exit 3 (good are: 0)" if len(self.order) == self._fails else None
        return Outcome(samples.evidence(run=ended), failure, "no `orders`\u202e" if failure else "")


async def asked(
    tmp_path: Path, instruments: FakeInstruments, *, caller: Caller = LOCAL, most: float = 45.0, **arguments: Any
) -> tuple[Any, Service]:
    service = Service(settings(tmp_path, workloads=WORKLOADS, max_seconds=most), instruments)
    tool = find("workload-run")
    assert tool is not None
    said: list[str] = []
    outcome = await run(
        tool, Call(service, caller, lambda _at, words: said.append(words)), {"name": "shop", **arguments}
    )
    return outcome, service


@pytest.mark.anyio
async def test_two_take_turns_after_each_was_warmed_up(tmp_path: Path) -> None:
    runs = Runs()
    outcome, service = await asked(tmp_path, runs, against="fast", repeats=3, warm_up=1)
    assert not outcome.refused, outcome.text
    assert runs.order == [
        ("", 0), ("fast", 0), ("fast", 1), ("", 1), ("", 2), ("fast", 2), ("fast", 3), ("", 3)
    ]  # fmt: skip
    kept, total = await service.recordings_of(LOCAL).list(20)
    assert total == 6 and {recording.kind for recording in kept} == {"workload"}
    evidence = await service.recordings_of(LOCAL).evidence(outcome.structured["recordings"]["shop/fast"][0])
    assert evidence.run is not None and evidence.run.name == "shop/fast" and evidence.run.repeat == 1


@pytest.mark.anyio
async def test_a_failure_ends_it_with_its_last_words_as_data(tmp_path: Path) -> None:
    runs = Runs(fails=4)
    outcome, service = await asked(tmp_path, runs, repeats=5)
    assert outcome.refused and len(runs.order) == 4
    assert "shop failed in its repeat 3 of 5: it ended with exit 3" in outcome.text
    assert "Its last words: `no \u02b9orders\u02b9\ufffd`" in outcome.text
    assert (await service.recordings_of(LOCAL).list(20))[1] == 3


@pytest.mark.anyio
async def test_what_does_not_fit_is_refused_after_the_first_run(tmp_path: Path) -> None:
    runs = Runs(takes=0.2)
    outcome, _ = await asked(tmp_path, runs, repeats=90, most=2.0)
    assert outcome.refused and len(runs.order) == 1
    fit = int(outcome.text.partition("Ask for at most ")[2].split()[0])
    assert 1 <= fit <= 9


@pytest.mark.anyio
async def test_what_is_known_not_to_fit_is_refused_before_the_first_run(tmp_path: Path) -> None:
    runs = Runs()
    outcome, _ = await asked(tmp_path, runs, seconds=10, repeats=6)
    assert outcome.refused and runs.order == []
    assert "Ask for at most 3 repeats" in outcome.text


@pytest.mark.anyio
async def test_one_call_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfdoctor.server.service.CLEANUP", 0.1)  # what one that was cancelled has to end
    service = Service(settings(tmp_path, workloads=WORKLOADS), Runs(takes=60))
    tool = find("workload-run")
    assert tool is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, tool, Call(service, LOCAL, lambda *_: None), {"name": "shop"})
        await anyio.sleep(0.2)
        second = await run(tool, Call(service, LOCAL, lambda *_: None), {"name": "shop"})
        assert second.refused and "shop is being run" in second.text
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
@pytest.mark.parametrize("role", [Role.OBSERVE, Role.TRACE, Role.OPERATE])
async def test_only_who_may_operate_may_run_programs(tmp_path: Path, role: Role) -> None:
    outcome, _ = await asked(tmp_path, Runs(), caller=Caller("somebody", role), repeats=1)
    assert outcome.refused == (role is not Role.OPERATE)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong", [{"repeats": 0}, {"repeats": True}, {"warm_up": -1}, {"trace": "all"}, {"argv": ["rm"]}, {"seconds": 50}]
)
async def test_nonsense_is_refused_before_anything_runs(tmp_path: Path, wrong: dict[str, Any]) -> None:
    runs = Runs()
    outcome, _ = await asked(tmp_path, runs, **wrong)
    assert outcome.refused and runs.order == []
