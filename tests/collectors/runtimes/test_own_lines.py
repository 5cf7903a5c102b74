"""What is said of the runtimes whose lines nobody reads from outside."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ladder import WITH_STACKS, Rung, climb
from perfdoctor.collectors.runtimes import own_lines, perf_map
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target


@pytest.mark.parametrize("runtime", ["python3.8", "python3.15", "node", "java", "go", "native", "unknown", ""])
def test_nothing_is_said_of_what_is_read_or_native(runtime: str) -> None:
    assert own_lines.statement(runtime, mapped=False) == ""


@pytest.mark.parametrize(
    ("runtime", "needed"),
    [
        ("ruby", "--yjit-perf"),
        ("php", "opcache.jit_debug"),
        ("erlang", "+JPperf true"),
        ("dotnet", "DOTNET_PerfMapEnabled=1"),
        ("mono", "--jitmap"),
        ("deno", "--perf-basic-prof"),
        ("bun", "--inspect"),
        ("pypy3.9", "vmprof"),
        ("perl", "NYTProf"),
        ("lua", "debug.sethook"),
        ("luajit", "-jp"),
    ],
)
def test_others_are_told_what_would_be_needed(runtime: str, needed: str) -> None:
    said = own_lines.statement(runtime, mapped=False)
    assert "cannot be read" in said and needed in said
    assert own_lines.told(runtime) == "native functions only"


def test_pypy_is_not_cpython_and_old_ones_are_not_new_ones() -> None:
    assert own_lines.told("python3.12") == own_lines.SOURCE_LINES
    assert "py-spy" in own_lines.told("python2.7") and "py-spy" in own_lines.told("python3.7")


@pytest.mark.anyio
async def test_every_part_with_stacks_says_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(pid=os.getpid(), start_time=0.0, name="beam.smp", runtime="erlang")

    async def measure() -> Evidence:
        how = Collection(backend="bpf", exact=True, warnings=("something else",))
        collections = {"cpu": how, "syscalls": how, "memory_map": how}
        return Evidence(target=target, window=Window(started=0.0, seconds=1.0), collections=collections)

    path = tmp_path / "perf.map"
    monkeypatch.setattr(perf_map, "path_of", lambda _host, _pid: str(path))
    rungs = [Rung("bpf", lambda _host, _target: None, measure)]
    said = (await climb(LocalHost(), target, "auto", rungs)).collections
    assert said["cpu"].warnings == said["syscalls"].warnings
    assert said["cpu"].warnings == ("something else", own_lines.statement("erlang", mapped=False))
    assert said["memory_map"].warnings == ("something else",)
    path.write_text("7f00 10 $lists:map/2\n")
    said = (await climb(LocalHost(), target, "auto", rungs)).collections
    assert said["cpu"].warnings[1] == own_lines.statement("erlang", mapped=True)
    path.unlink()
    path.symlink_to("/etc/hostname")
    said = (await climb(LocalHost(), target, "auto", rungs)).collections
    assert said["cpu"].warnings[1] == own_lines.statement("erlang", mapped=False), "a link is nobody's perf map"


def test_the_parts_with_stacks_are_parts_of_the_evidence() -> None:
    assert set(Evidence.model_fields) >= WITH_STACKS
