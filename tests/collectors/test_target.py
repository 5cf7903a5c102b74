"""Which process may be measured, and what is said when it may not, on machines that are told rather than met."""

import pytest

from perfdoctor.collectors.target import find_target, still_there, why_denied
from perfdoctor.schemas.problem import Problem, ProblemError
from tests.collectors.machine import Machine, machine, process

_SYS_PTRACE = 1 << 19


def refused(host: Machine, pid: int) -> Problem:
    with pytest.raises(ProblemError) as raised:
        find_target(host, pid)
    problem = raised.value.problem
    assert problem.what and problem.why and problem.next_step
    return problem


def test_a_process_is_described() -> None:
    files, links = process(42, "gunicorn", threads=3, command="python3\0-m\0gunicorn\0--token=hunter2\0", start=1234)
    links["/proc/42/exe"] = "/usr/bin/python3.12"
    target = find_target(machine((files, links)), 42, children=False)
    assert (target.pid, target.name, target.threads, target.start_time) == (42, "gunicorn", 3, 12.34)
    assert (target.runtime, target.cwd, target.children) == ("python3.12", "/srv", False)
    assert target.command == ("python3", "-m", "gunicorn", "--token=***")


@pytest.mark.parametrize("pid", [0, -1])
def test_what_is_no_pid(pid: int) -> None:
    assert "above 0" in refused(machine(), pid).why


def test_nothing_has_that_pid() -> None:
    assert "proc-find" in refused(machine(), 4242).next_step


def test_a_pid_as_a_container_knows_it() -> None:
    problem = refused(machine(process(4711, inner=17)), 17)
    assert "4711" in problem.why and "4711" in problem.next_step


def test_processes_of_others_may_be_hidden() -> None:
    host = machine()
    host.files["/proc/self/mounts"] = "proc /proc proc rw,hidepid=invisible 0 0\n"
    assert "hidepid=invisible" in refused(host, 4242).why


def test_no_proc_at_all() -> None:
    assert "/proc" in refused(Machine(), 1).why


def test_a_thread_is_not_a_process() -> None:
    problem = refused(machine(process(42), process(43, leader=42)), 43)
    assert "thread" in problem.what and "42" in problem.next_step


def test_a_thread_of_the_kernel() -> None:
    problem = refused(machine(process(2, "kthreadd", parent=0, flags=0x200000, exe=None)), 2)
    assert "kernel" in problem.what


def test_a_zombie_names_its_parent() -> None:
    problem = refused(machine(process(42, "boss"), process(43, "done", parent=42, state="Z", exe=None)), 43)
    assert "zombie" in problem.what and "42 (`boss`)" in problem.why and "42" in problem.next_step


def test_a_program_whose_first_thread_left_is_a_target() -> None:
    assert find_target(machine(process(42, state="Z", threads=2, exe=None)), 42).runtime == "unknown"


def test_somebody_elses() -> None:
    host = machine(process(42, uid=0))
    host.denied = ("/proc/42/exe",)
    problem = refused(host, 42)
    assert "root" in problem.why and "CAP_SYS_PTRACE" in problem.why and "root" in problem.next_step


def test_ones_own_that_is_protected() -> None:
    host = machine(process(42, uid=1000))
    host.denied = ("/proc/42/exe",)
    assert "PR_SET_DUMPABLE" in refused(host, 42).why


def test_refused_in_spite_of_the_privilege() -> None:
    host = machine(process(42, uid=0), uid=0, capabilities=_SYS_PTRACE)
    assert "security module" in why_denied(host, 42).why
    assert "ended" in why_denied(host, 4242).why


def test_a_name_cannot_speak_to_the_reader() -> None:
    target = find_target(machine(process(42, "a\x1b[31m\n")), 42)
    assert target.name.isprintable()


def test_the_pid_may_have_been_given_to_another() -> None:
    host = machine(process(42, start=500))
    target = find_target(host, 42)
    assert still_there(host, target)
    files, _ = process(42, start=501)
    host.files |= files
    assert not still_there(host, target)
    del host.files["/proc/42/stat"]
    assert not still_there(host, target)


@pytest.mark.parametrize(
    ("exe", "maps", "expected"),
    [
        ("/usr/bin/python3.11", "", "python3.11"),
        ("/usr/bin/python3.13t (deleted)", "", "python3.13"),
        (
            "/opt/python/bin/python3",
            "7f00-7f01 r-xp 0 0 0 /opt/python/lib/python3.12/lib-dynload/_json.so\n",
            "python3.12",
        ),
        ("/usr/sbin/uwsgi", "7f00-7f01 r-xp 0 0 0 /usr/lib/libpython3.11.so.1.0\n", "python3.11"),
        ("/usr/bin/node", "", "node"),
        ("/opt/jdk-17/bin/java", "", "java"),
        ("/opt/app/launcher", "7f00-7f01 r-xp 0 0 0 /opt/jdk/lib/server/libjvm.so\n", "java"),
        ("/usr/bin/ruby3.1", "", "ruby"),
        ("/usr/sbin/nginx", "7f00-7f01 r-xp 0 0 0 /usr/lib/libc.so.6\n", "native"),
        ("/usr/bin/javascript-thing", "", "native"),
        ("/usr/bin/nodemon-native", "", "native"),
    ],
)
def test_what_runs_the_code(exe: str, maps: str, expected: str) -> None:
    files, links = process(42, exe=exe)
    files["/proc/42/maps"] = maps
    assert find_target(machine((files, links)), 42).runtime == expected
