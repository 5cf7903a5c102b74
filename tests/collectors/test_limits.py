"""What control groups allow and did, from the files of every version, mounted in every way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.cgroups.limits import LimitsMeter
from perfdoctor.schemas.limits import Limits
from tests.collectors.machine import Machine, machine, process

V2 = "30 23 0:26 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "".join(
    f"{i} 31 0:{i} {{root}} /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n"
    for i, name in enumerate(("memory", "cpu,cpuacct", "pids", "blkio"), 40)
)


def host_with(groups: str, mounts: str, files: dict[str, str]) -> Machine:
    host = machine(process(42))
    host.files |= {"/proc/42/cgroup": groups, "/proc/self/mountinfo": mounts}
    host.files |= {f"/sys/fs/cgroup/{path}": text for path, text in files.items()}
    return host


def limits(host: Machine, **then: str) -> Limits | None:
    """After the files have changed to ``then`` (``/`` as ``__``)."""
    meter = LimitsMeter(host, 42)
    host.files |= {f"/sys/fs/cgroup/{path.replace('__', '/')}": text for path, text in then.items()}
    return meter.limits()


TWO = {
    "cgroup.procs": "",
    "shop/memory.max": "1073741824\n",
    "shop/memory.current": "900\n",
    "shop/memory.stat": "inactive_file 100\n",
    "shop/cpu.max": "50000 100000\n",
    "shop/cpu.stat": "usage_usec 1\nnr_periods 100\nnr_throttled 10\nthrottled_usec 1000000\n",
    "shop/web/memory.max": "max\n",
    "shop/web/memory.high": "2000\n",
    "shop/web/memory.current": "800\n",
    "shop/web/memory.stat": "anon 500\nfile 200\nsock 7\ninactive_file 50\nslab 3\nelse 1\n",
    "shop/web/memory.events.local": "low 0\nhigh 3\nmax 0\noom 0\noom_kill 0\n",
    "shop/web/memory.events": "low 0\nhigh 3\nmax 0\noom 0\noom_kill 1\n",
    "shop/web/cpu.max": "200000 100000\n",
    "shop/web/cpu.stat": "usage_usec 1\nnr_periods 100\nnr_throttled 1\nthrottled_usec 5\n",
    "shop/web/pids.max": "64\n",
    "shop/web/pids.current": "5\n",
    "shop/web/io.max": "8:0 rbps=max wbps=1048576 riops=max wiops=max\n",
}


def test_the_tightest_limit_counts_wherever_it_is_set() -> None:
    found = limits(
        host_with("0::/shop/web\n", V2.format(root="/"), TWO),
        **{
            "shop__cpu.stat": "nr_periods 200\nnr_throttled 53\nthrottled_usec 3100000\n",
            "shop__web__memory.events.local": "low 0\nhigh 10\nmax 4\noom 0\noom_kill 0\n",
            "shop__web__memory.events": "low 0\nhigh 10\nmax 4\noom 0\noom_kill 3\n",
        },
    )
    assert found is not None
    assert (found.version, found.group) == ("v2", "/shop/web")
    assert (found.cpu, found.throttled_share, found.throttled_seconds) == (0.5, 0.43, 2.1)
    assert (found.memory, found.memory_used, found.memory_inactive) == (1 << 30, 900, 100)
    assert (found.memory_high, found.memory_hits, found.oom_kills) == (2000, 11, 2)
    assert (found.pids, found.pids_used) == (64, 5)
    assert found.io == ("8:0 rbps=max wbps=1048576 riops=max wiops=max",)
    assert found.parts == {"anon": 500, "file": 200, "slab": 3, "sock": 7}
    assert found.set_by["memory"] == found.set_by["cpu"] == "/shop" and found.set_by["pids"] == "/shop/web"


def test_version_1() -> None:
    groups = "9:pids:/jobs/a\n4:memory:/jobs/a\n3:cpu,cpuacct:/jobs/a\n7:blkio:/jobs/a\n"
    files = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/jobs/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/jobs/a/memory.limit_in_bytes": "1000\n",
        "memory/jobs/a/memory.usage_in_bytes": "970\n",
        "memory/jobs/a/memory.failcnt": "7\n",
        "memory/jobs/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        "memory/jobs/a/memory.stat": "rss 1\ntotal_rss 600\ntotal_cache 300\ntotal_inactive_file 30\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/jobs/a/cpu.cfs_quota_us": "150000\n",
        "cpu,cpuacct/jobs/a/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/jobs/a/cpu.stat": "nr_periods 10\nnr_throttled 0\nthrottled_time 0\n",
        "pids/jobs/a/pids.max": "max\n",
        "blkio/jobs/a/blkio.throttle.write_bps_device": "8:0 1048576\n",
    }
    found = limits(
        host_with(groups, V1.format(root="/"), files),
        **{
            "memory__jobs__a__memory.failcnt": "24\n",
            "cpu,cpuacct__jobs__a__cpu.stat": "nr_periods 20\nnr_throttled 3\nthrottled_time 1500000000\n",
        },
    )
    assert found is not None
    assert (found.version, found.group, found.cpu) == ("v1", "/jobs/a", 1.5)
    assert (found.throttled_share, found.throttled_seconds) == (0.3, 1.5)
    assert (found.memory, found.memory_used, found.memory_inactive) == (1000, 970, 30)
    assert (found.memory_hits, found.oom_kills, found.pids) == (17, 0, None)
    assert found.parts == {"anon": 600, "file": 300}
    assert found.io == ("8:0 1048576 (write_bps)",)


@pytest.mark.parametrize(
    ("groups", "root"),
    [
        ("0::/\n", "/"),  # a container with a cgroup namespace of its own
        ("0::/docker/3f4e\n", "/docker/3f4e"),  # one without, which sees its own group only
        ("0::/docker/3f4e\n", "/docker"),
    ],
)
def test_a_container_sees_its_own_limit(groups: str, root: str) -> None:
    below = "3f4e/" if root == "/docker" else ""
    files = {f"{below}memory.max": "1000\n", f"{below}memory.current": "10\n", "cgroup.procs": ""}
    found = limits(host_with(groups, V2.format(root=root), files))
    assert found is not None and (found.memory, found.memory_used) == (1000, 10)


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/../../other\n", {"memory.max": "1\n"}),  # beyond our namespace: it has no name here
        ("0::/\n", {"cgroup.procs": ""}),  # the root: nothing limits it
        ("0::/gone\n", {}),
        ("nonsense\n", {"memory.max": "1\n"}),
    ],
)
def test_nothing_is_said_where_nothing_is_known(groups: str, files: dict[str, str]) -> None:
    assert limits(host_with(groups, V2.format(root="/"), files)) is None


def test_no_limit_is_none() -> None:
    files = {
        "a/cpu.max": "max 100000\n",
        "a/cpu.stat": "nr_periods 0\n",
        "a/memory.current": "5\n",
        "a/memory.max": "max",
    }
    found = limits(host_with("0::/a\n", V2.format(root="/"), files))
    assert found is not None
    assert (found.cpu, found.throttled_share, found.memory, found.memory_used) == (None, None, None, 5)


def test_a_process_that_is_gone_and_a_machine_without_mounts() -> None:
    assert limits(machine()) is None
    host = host_with("0::/a\n", "", {})
    del host.files["/proc/self/mountinfo"]
    assert limits(host) is None


@given(st.dictionaries(st.sampled_from(sorted(TWO)), st.text(max_size=40)), st.text(max_size=40))
def test_no_text_of_these_files_is_an_error(changed: dict[str, str], groups: str) -> None:
    host = host_with("0::/shop/web\n" + groups, V2.format(root="/") + groups, TWO | changed)
    LimitsMeter(host, 42).limits()
