"""What the parsers make of files that a real kernel wrote, against what the program knew (see transcripts/proc)."""

import json
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.proc import (
    cmdline,
    environ,
    io,
    net_tcp,
    pressure,
    schedstat,
    smaps_rollup,
    stat,
    status,
    uptime,
)

FOLDER = Path(__file__).parents[2] / "transcripts" / "proc"
TRUTH = json.loads((FOLDER / "truth.json").read_text())


def recorded(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def test_stat_finds_its_fields_behind_a_name_made_to_mislead() -> None:
    found = stat.parse(recorded("stat"))
    assert (found.name, found.pid, found.parent) == (TRUTH["name"], TRUTH["pid"], TRUTH["parent"])
    assert found.threads == TRUTH["threads"]
    assert found.child_user + found.child_system >= TRUTH["child_cpu_at_least"]
    assert found.rss >= TRUTH["at_least_anonymous"]
    assert 0 < found.started <= uptime.parse(recorded("uptime"))
    assert not found.kernel_thread and not found.ended


def test_a_zombie_and_a_kernel_thread_are_told() -> None:
    zombie = stat.parse(recorded("stat.zombie"))
    assert zombie.ended and zombie.pid == TRUTH["zombie"] and zombie.parent == TRUTH["pid"]
    kernel = stat.parse(recorded("stat.kernel_thread"))
    assert kernel.kernel_thread and kernel.name == "kthreadd"


def test_a_program_whose_first_thread_left_lives_on() -> None:
    left = recorded("stat.zombie").replace(b" 20 0 1 0 ", b" 20 0 3 0 ")
    assert not stat.parse(left).ended


def test_status() -> None:
    found = status.parse(recorded("status"))
    assert (found.leader, found.uid, found.inner_pid) == (TRUTH["pid"], TRUTH["uid"], TRUTH["pid"])
    assert found.rss > found.anonymous >= TRUTH["at_least_anonymous"]
    assert found.capabilities >> 19 & 1  # recorded as root
    assert status.parse(recorded("status.thread")).leader == TRUTH["pid"]


@pytest.mark.parametrize("name", ["status.zombie", "status.kernel_thread"])
def test_without_memory_of_its_own_there_is_none(name: str) -> None:
    found = status.parse(recorded(name))
    assert (found.rss, found.anonymous, found.swap) == (0, 0, 0)


def test_switches_are_the_last_two_lines() -> None:
    voluntary, involuntary = status.parse_switches(recorded("status.thread"))
    lines = recorded("status.thread").decode().splitlines()
    assert lines[-2:] == [f"voluntary_ctxt_switches:\t{voluntary}", f"nonvoluntary_ctxt_switches:\t{involuntary}"]


def test_io_counts_calls_and_storage_bytes() -> None:
    found = io.parse(recorded("io"))
    assert found.read_calls >= TRUTH["at_least_read_calls"] and found.write_calls >= 1
    assert found.read_bytes % 512 == 0


def test_schedstat_is_in_seconds() -> None:
    running, waiting = schedstat.parse(recorded("schedstat"))
    words = [int(word) for word in recorded("schedstat").split()]
    assert (running, waiting) == pytest.approx((words[0] / 1e9, words[1] / 1e9))


def test_proportional_set_size_is_below_the_resident_one() -> None:
    pss = smaps_rollup.parse_pss(recorded("smaps_rollup"))
    assert TRUTH["at_least_anonymous"] <= pss <= status.parse(recorded("status")).rss + (1 << 20)


def test_listening_sockets_of_both_families() -> None:
    found = net_tcp.parse_listening(recorded("net_tcp")) | net_tcp.parse_listening(recorded("net_tcp6"))
    assert [found[inode] for inode in TRUTH["sockets"]] == TRUTH["ports"]
    assert (
        len(net_tcp.parse_listening(recorded("net_tcp"))) < recorded("net_tcp").count(b"\n") - 1
    )  # others are closing


def test_arguments_keep_their_spaces_and_empty_ones() -> None:
    assert list(cmdline.parse(recorded("cmdline"))) == TRUTH["arguments"]


def test_one_variable_is_taken_out_of_the_environment() -> None:
    assert environ.parse_value(recorded("environ"), "HOSTNAME") == "shop-7d9f"
    assert environ.parse_value(recorded("environ"), "HOST") is None


@pytest.mark.parametrize("resource", ["cpu", "io"])
def test_pressure_is_the_total_of_some(resource: str) -> None:
    text = recorded(f"pressure_{resource}")
    assert pressure.parse_some(text) == pytest.approx(int(text.split(b"\n")[0].rpartition(b"=")[2]) / 1e6)
