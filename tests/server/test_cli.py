"""The command line, as a process: what it prints where, and its exit code."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfdoctor import __version__
from perfdoctor.server.tools.catalogue import TOOLS
from tests.server.samples import PID

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PERFDOCTOR_STATE": str(tmp_path / "state"),
        "COLUMNS": "100",
    }


def run(
    environment: dict[str, str], *arguments: str, module: str = "tests.server.fake_cli"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def perfdoctor(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(environment, *arguments, module="perfdoctor")


def test_an_answer_goes_to_standard_output(environment: dict[str, str]) -> None:
    done = run(environment, "trace-cpu", str(PID), "--seconds", "0.3")
    assert done.returncode == 0
    assert "57% at `/srv/shop/search.py:41 rank`" in done.stdout
    assert "/0.3 s" not in done.stdout + done.stderr, "a short window needs no progress lines in a log"


def test_json_is_the_structured_answer(environment: dict[str, str]) -> None:
    done = run(environment, "diagnose", str(PID), "--seconds", "0.1", "--focus", "cpu", "--no-children", "--json")
    answer = json.loads(done.stdout)
    assert answer["recording"] == answer["recording_id"]
    assert answer["target"]["children"] is False
    again = run(environment, "diagnose", "--recording", answer["recording"], "--json")
    assert json.loads(again.stdout)["findings"] == answer["findings"]
    shown = perfdoctor(environment, "recordings", "show", answer["recording"], "--json")
    assert json.loads(shown.stdout)["recordings"][0]["caller"] == "local"
    compared = run(environment, "compare", answer["recording"], answer["recording"])
    assert compared.stdout.startswith("**IMPROVED: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace-cpu", "999"), "There is no process 999."),
        (("trace-cpu", str(PID), "--seconds", "nan"), "seconds = 'nan' is not accepted."),
        (("trace-cpu", str(PID), "--seconds", "-1"), "seconds = '-1' is not accepted."),
        (("trace-cpu", str(PID), "--seconds", "1e6"), "seconds = '1e6' is not accepted."),
        (("diagnose",), "diagnose cannot be asked this way."),
        (("recordings", "show", "r-none"), "There is no recording 'r-none'."),
    ],
)
def test_a_refusal_goes_to_standard_error(environment: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    done = run(environment, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "\nWhy: " in done.stderr
    assert "\nNext: " in done.stderr
    as_json = run(environment, *arguments, "--json")
    assert as_json.returncode == 2
    assert set(json.loads(as_json.stdout)["problem"]) == {"what", "why", "next_step"}


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("trace-cpu", "1", "--bogus"), ("serve",)])
def test_wrong_usage(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = perfdoctor(environment, *arguments)
    assert done.returncode == 2
    assert "usage: perfdoctor" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_trace_in_order(environment: dict[str, str], number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.server.fake_cli", "trace-cpu", str(PID), "--seconds", "40"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "began\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=5)
    assert process.returncode == 128 + number
    assert out == ""
    assert err == "cancelled\ncleaned\nstopped; nothing was left behind\n"


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(environment: dict[str, str]) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "tests.server.fake_cli", "trace-cpu", str(PID), "--seconds", "1"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    out, _ = process.communicate(timeout=30)
    drawn = b""
    try:
        while chunk := os.read(leader, 4096):
            drawn += chunk
    except OSError:
        pass  # Linux: the other side is closed and all was read
    os.close(leader)
    text = drawn.decode()
    assert re.search(r"\r\[#+\.+\]  0\.\d/1 s  \d+ events, most of them read\x1b\[K", text)
    assert text.replace("ended\r\n", "").replace("cleaned\r\n", "").endswith("\r\x1b[K")
    assert "\x1b" not in out


def test_a_reader_that_leaves_is_no_error_message(environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m perfdoctor --help | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr


def test_version_and_help(environment: dict[str, str]) -> None:
    assert perfdoctor(environment, "--version").stdout == f"perfdoctor {__version__}\n"
    text = perfdoctor(environment, "--help").stdout
    for tool in TOOLS:
        assert tool.name in text
    assert "--seconds" in perfdoctor(environment, "trace-syscalls", "--help").stdout


def test_tokens(environment: dict[str, str]) -> None:
    made = perfdoctor(environment, "token", "create", "--name", "anna", "--role", "trace")
    assert made.returncode == 0
    token = made.stdout.strip()
    assert re.fullmatch(r"pd_[\w-]{43}", token)
    assert token not in made.stderr
    listed = perfdoctor(environment, "token", "list").stdout
    assert listed.startswith("anna\ttrace\t")
    assert token not in listed
    assert perfdoctor(environment, "token", "create", "--name", "anna", "--role", "trace").returncode == 2
    assert perfdoctor(environment, "token", "revoke", "anna").returncode == 0
    assert perfdoctor(environment, "token", "list").stdout == ""
    assert perfdoctor(environment, "token", "revoke", "anna").returncode == 2
    assert perfdoctor(environment, "token", "create", "--name", "b", "--role", "king").returncode == 2


def test_a_token_with_an_end_is_rotated(environment: dict[str, str]) -> None:
    first = perfdoctor(environment, "token", "create", "--name", "ci", "--role", "trace", "--expires", "30d").stdout
    assert "until 2" in perfdoctor(environment, "token", "list").stdout
    made = perfdoctor(environment, "token", "rotate", "ci", "--grace", "1h")
    assert re.fullmatch(r"pd_[\w-]{43}\n", made.stdout)
    assert made.stdout != first
    assert "The old one is good until" in made.stderr
    assert "rotating: old secret until" in perfdoctor(environment, "token", "list").stdout
    refused = perfdoctor(environment, "token", "create", "--name", "b", "--role", "trace", "--expires", "soon")
    assert refused.returncode == 2
    assert "--expires 'soon' is not a length of time" in refused.stderr


def test_the_shell_is_audited_where_the_operator_wants_it(environment: dict[str, str]) -> None:
    perfdoctor(environment, "recordings")
    assert perfdoctor(environment, "audit", "show").stdout == ""
    perfdoctor({**environment, "PERFDOCTOR_AUDIT": "all"}, "recordings", "list")
    shown = perfdoctor(environment, "audit", "show").stdout.splitlines()
    assert "call  local (admin)  tools/call recordings  allowed  answered" in shown[-1]
    verified = perfdoctor(environment, "audit", "verify")
    assert verified.returncode == 0
    assert "whole: 3 lines" in verified.stdout


def test_a_broken_configuration_is_a_refusal(environment: dict[str, str]) -> None:
    done = perfdoctor({**environment, "PERFDOCTOR_MAX_TRACES": "many"}, "recordings")
    assert done.returncode == 2
    assert "max_traces" in done.stderr
    served = perfdoctor({**environment, "PERFDOCTOR_MAX_TRACES": "many"}, "serve", "--stdio")
    assert served.returncode == 2
    assert "max_traces" in served.stderr
