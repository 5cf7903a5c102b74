"""Parsers on text that no kernel wrote: a value, or ValueError, and nothing else."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.proc import (
    cgroup,
    cmdline,
    environ,
    fd,
    io,
    mountinfo,
    mounts,
    net_tcp,
    pressure,
    schedstat,
    smaps,
    smaps_rollup,
    stat,
    status,
    syscall,
    uptime,
)

FOLDER = Path(__file__).parents[2] / "transcripts" / "proc"
PARSERS: dict[str, Callable[[bytes], Any]] = {
    "stat": stat.parse,
    "status": status.parse,
    "status.thread": status.parse_switches,
    "io": io.parse,
    "schedstat": schedstat.parse,
    "smaps": smaps.parse,
    "smaps_rollup": smaps_rollup.parse_pss,
    "pressure_cpu": pressure.parse_some,
    "net_tcp": net_tcp.parse_listening,
    "cmdline": cmdline.parse,
    "uptime": uptime.parse,
}


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_damaged_text_is_a_value_error_at_worst(name: str, data: st.DataObject) -> None:
    whole = (FOLDER / name).read_bytes()
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    damaged = whole[:begin] + data.draw(st.binary(max_size=40)) + whole[end:]
    with contextlib.suppress(ValueError):
        PARSERS[name](damaged)


@given(st.binary(max_size=300))
def test_free_text_is_never_an_error(text: bytes) -> None:
    cgroup.parse(text)
    cmdline.parse(text)
    cgroup.parse_groups(text)
    mountinfo.parse(text)
    mounts.parse(text)
    smaps.parse(text)
    with contextlib.suppress(ValueError):
        syscall.parse(text)
    net_tcp.parse_listening(text)
    environ.parse_value(text, "HOSTNAME")


@given(st.text(max_size=30))
def test_only_sockets_are_sockets(link: str) -> None:
    assert fd.parse_socket(link) is None or link.startswith("socket:[")


@given(st.binary(max_size=15).filter(lambda name: b"\0" not in name and b"\n" not in name))
def test_no_name_misleads_stat(name: bytes) -> None:
    whole = (FOLDER / "stat").read_bytes()
    begin, end = whole.index(b" (") + 2, whole.rindex(b") ")
    found, known = stat.parse(whole[:begin] + name + whole[end:]), stat.parse(whole)
    assert (found.state, found.parent, found.started) == (known.state, known.parent, known.started)


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=8))
def test_arguments_come_back(arguments: list[str]) -> None:
    text = "".join(f"{argument}\0" for argument in arguments).encode()
    while arguments and not arguments[-1]:
        arguments.pop()  # empty ones at the end cannot be told from padding
    assert list(cmdline.parse(text)) == arguments
