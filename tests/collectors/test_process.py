"""Which process is found first, by what, and what is said of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.process import find_processes
from perfdoctor.collectors.processes.match import fit, script_of
from perfdoctor.collectors.processes.named import find_named
from perfdoctor.collectors.whose import Whose, whose
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import FindAnswer
from tests.collectors.machine import Machine, machine, process

pytestmark = pytest.mark.anyio

ID = "3f4e5d6a7b8c" + "0" * 52


def shop() -> Machine:
    """A web shop with two workers, a database, another shop's worker, and a shell that started perfdoctor."""
    host = machine(
        process(1, "init", parent=0, command="/sbin/init\0"),
        process(
            10,
            "gunicorn",
            command="python3\0/srv/bin/gunicorn\0shop.wsgi\0--password\0hunter2\0",
            exe="/usr/bin/python3.12",
        ),
        process(
            11, "gunicorn", parent=10, command="python3\0/srv/bin/gunicorn\0shop.wsgi\0", exe="/usr/bin/python3.12"
        ),
        process(
            12, "gunicorn", parent=10, command="python3\0/srv/bin/gunicorn\0shop.wsgi\0", exe="/usr/bin/python3.12"
        ),
        process(13, "gunicorn", parent=11, state="Z", exe=None),
        process(20, "postgres", uid=0, command="postgres\0-D\0/var/lib/shop\0"),
        process(30, "shopd", command="/usr/sbin/shopd\0"),
        process(50, "kthreadd", parent=0, flags=0x200000, exe=None),
        process(60, "bash", command="bash\0-c\0perfdoctor proc-find shop\0"),
    )
    host.files["/proc/77/stat"] = host.files["/proc/77/stat"].replace(" S 1 ", " S 60 ")
    host.files["/proc/77/cmdline"] = "perfdoctor\0proc-find\0shop\0"
    for pid in (1, 10, 11, 12, 20, 30, 60, 77):
        host.links[f"/proc/{pid}/ns/net"] = "net:[1]"
        host.files[f"/proc/{pid}/net/tcp"] = "head\n0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 1000 0 31337 1\n"
        host.files[f"/proc/{pid}/cgroup"] = f"0::/docker-{ID}.scope\n" if pid == 30 else "0::/\n"
        host.links[f"/proc/{pid}/fd/3"] = "socket:[31337]" if pid in (10, 11, 12) else "/dev/null"
    host.files["/proc/30/environ"] = "HOSTNAME=front-7d9f\0"
    return host


def pids(answer: FindAnswer) -> list[int]:
    return [row.pid for row in answer.processes]


async def test_the_better_match_first_ourselves_last() -> None:
    answer = await find_processes(shop(), query="shop")
    assert pids(answer)[0] == 30  # its name begins so; the others have it in their command lines
    assert pids(answer)[-2:] == [60, 77]
    assert [row.why for row in answer.processes][-2:] == [
        "command line (started perfdoctor)",
        "command line (perfdoctor itself)",
    ]
    assert answer.next[0].arguments == {"pid": 30}


async def test_all_descendants_that_live_are_counted() -> None:
    answer = await find_processes(shop(), query="gunicorn")
    assert {row.pid: row.children for row in answer.processes} == {10: 2, 11: 0, 12: 0, 13: 0}
    assert pids(answer)[-1] == 13  # the zombie


async def test_secrets_are_neither_shown_nor_found() -> None:
    answer = await find_processes(shop(), query="10")
    assert answer.processes[0].command == "python3 /srv/bin/gunicorn shop.wsgi --password ***"
    assert pids(await find_processes(shop(), query="hunter2")) == []


async def test_by_port_every_process_that_holds_the_socket() -> None:
    answer = await find_processes(shop(), port=8080)
    assert sorted(pids(answer)) == [10, 11, 12]
    assert answer.processes[0].ports == (8080,) and answer.processes[0].why == "port 8080"
    assert pids(await find_processes(shop(), port=8081)) == []


async def test_a_port_whose_owner_may_not_be_inspected() -> None:
    host = shop()
    host.denied = tuple(f"/proc/{pid}/{what}" for pid in (10, 11, 12) for what in ("fd", "ns"))
    answer = await find_processes(host, port=8080)
    assert pids(answer) == [] and answer.unreadable == 3
    assert "Somebody listens on port 8080" in answer.summary


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"user": "root"}, [20]),
        ({"user": "0"}, [20]),
        ({"runtime": "python"}, [10, 11, 12]),
        ({"runtime": "Python3.12"}, [10, 11, 12]),
        ({"runtime": "python3.1"}, [10, 11, 12]),
        ({"container": "3F4E"}, [30]),
        ({"container": "front"}, [30]),
        ({"query": "gunicorn", "pid": 11}, [11]),
        ({"query": "GUNICORN", "runtime": "native"}, []),
    ],
)
async def test_filters(asked: dict[str, Any], expected: list[int]) -> None:
    assert sorted(pids(await find_processes(shop(), **asked))) == expected


async def test_a_folder_holds_what_is_below_it() -> None:
    host = shop()
    host.links["/proc/30/cwd"] = "/srv/shop/front"
    host.links["/proc/20/cwd"] = "/srv/shopping"
    assert pids(await find_processes(host, cwd="/srv/shop/")) == [30]
    assert pids(await find_processes(host, cwd="shop/front")) == [30]


async def test_a_container_is_named_by_its_short_id_and_its_own_name() -> None:
    row = (await find_processes(shop(), query="shopd")).processes[0]
    assert row.container == "docker 3f4e5d6a7b8c (front-7d9f)"


async def test_what_is_left_out_is_counted() -> None:
    answer = await find_processes(shop(), limit=2)
    assert (answer.total, answer.omitted, len(answer.processes)) == (9, 7, 2)  # no thread of the kernel


async def test_a_name_that_is_nearly_right() -> None:
    answer = await find_processes(shop(), query="gunicron")
    assert answer.total == 0 and "gunicorn" in answer.summary
    assert answer.next[0].arguments == {"query": "gunicorn"}


async def test_blanks_are_no_query() -> None:
    assert (await find_processes(shop(), query="  ")).summary.startswith("9 processes run.")


async def test_an_unknown_user_and_no_proc() -> None:
    with pytest.raises(ProblemError, match="no user 'nobodyatall'"):
        await find_processes(shop(), user="nobodyatall")
    with pytest.raises(ProblemError, match="no /proc"):
        await find_processes(Machine())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python3 app.py --port 1", "app.py"),
        ("/usr/bin/python3.12 -X dev -W ignore /srv/app.py", "app.py"),
        ("python3 -m gunicorn shop.wsgi", "gunicorn"),
        ("python3 -c pass x.py", None),
        ("java -Xmx1g -cp lib/x.jar com.example.Main", "com.example.Main"),
        ("java -jar /srv/shop.jar", "shop.jar"),
        ("node --inspect server.js", "server.js"),
        ("nginx -c app.py", None),
        ("python3", None),
    ],
)
def test_what_an_interpreter_runs(command: str, expected: str | None) -> None:
    assert script_of(command.split()) == expected


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("42", "pid"),
        ("worker", "name"),
        ("python3", "program"),
        ("app", "script"),
        ("APP.PY", "script"),
        ("work", "name begins with it"),
        ("orke", "name contains it"),
        ("app.py 8080", "command line"),
        ("p.py 80", "part of the command line"),
        ("shop", None),
        ("", None),
    ],
)
def test_how_it_fits(query: str, why: str | None) -> None:
    found = fit(query, 42, "worker", ["python3", "/srv/app.py", "--port=8080"]) if query else None
    assert (found.why if found else None) == why


@given(st.text(min_size=1, max_size=40), st.text(max_size=15), st.lists(st.text(max_size=40), max_size=6))
def test_any_words_fit_or_not(query: str, name: str, arguments: list[str]) -> None:
    found = fit(query, 42, name, arguments)
    assert found is None or 1 <= found.quality <= 6


async def test_of_processes_that_are_not_allowed_nothing_is_said() -> None:
    def not_the_shop(one: Whose) -> bool:
        return not {"gunicorn", "bash"} & set(one.names)

    host = shop()
    everything, allowed = await find_processes(host), await find_processes(host, allowed=not_the_shop)
    assert {10, 11, 12, 13, 60} <= set(pids(everything))
    assert not {10, 11, 12, 13, 60} & set(pids(allowed))
    assert allowed.total == everything.total - 5
    init = {row.pid: row for row in allowed.processes}[1]
    assert init.children == {row.pid: row for row in everything.processes}[1].children - 5
    assert {row.pid: row for row in allowed.processes}[77].ppid == 0, "its parent is hidden"
    for asked in ({"query": "gunicron"}, {"query": "10"}, {"port": 8080}, {"cwd": "/"}):
        answer = await find_processes(host, **asked, allowed=not_the_shop)  # type: ignore[arg-type]
        assert "gunicorn" not in answer.model_dump_json().replace("gunicron", "")
        assert not {10, 11, 12} & set(pids(answer))


def test_whose_a_process_is() -> None:
    host = shop()
    front = whose(host, 30)
    assert front is not None
    assert front.contained and front.containers == (ID, ID[:12], f"/docker-{ID}.scope")
    assert front.names == ("shopd",)
    web = whose(host, 10)
    assert web is not None
    assert web.names == ("gunicorn", "python3")
    assert not web.contained
    assert whose(host, 4711) is None


def test_a_set_by_name_holds_only_those_that_are_allowed() -> None:
    host = shop()
    assert find_named(host, "gunicorn").pids == (10, 11, 12)
    assert find_named(host, "gunicorn", allowed=lambda one: one.pid != 10).pids == (11, 12)
    with pytest.raises(ProblemError, match="No process is called 'gunicorn'"):
        find_named(host, "gunicorn", allowed=lambda _one: False)
