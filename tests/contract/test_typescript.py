"""The contract as another SDK sees it: the TypeScript client of the npm registry, over every transport, both eras."""

import itertools
import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.tools.catalogue import TOOLS
from tests.contract.connections import ROOT, Events, fake_server, http_process
from tests.server.samples import PID

CLIENTS = ROOT / "tests" / "clients"
WAYS = ("stdio", "stdio-legacy", "http", "http-legacy", "sse", "sse-legacy")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen over each way, and how often a measurement was cancelled and cleaned up."""
    if not shutil.which("node") or not (CLIENTS / "node_modules").is_dir():
        if os.environ.get("PERFDOCTOR_LIVE") == "1":
            pytest.fail("the TypeScript SDK is not installed: scripts/setup --dev does it, and needs node and npm")
        pytest.skip("needs node, and the packages that scripts/setup --dev installs")
    folder = tmp_path_factory.mktemp("typescript")
    token = Tokens(folder).create("anna", Role.ADMIN)
    events = Events(folder / "events")
    stdio = {}
    for way in ("stdio", "stdio-legacy"):
        command, *arguments = fake_server("stdio", events.path, folder / way)
        (folder / way).mkdir()
        stdio[way] = {"command": command, "args": arguments, "cwd": str(ROOT)}
    with http_process(events.path, folder, "max_traces=16", "max_traces_each=16") as (_, url):
        asked = {"pid": PID, "url": url, "token": token, "stdio": stdio, "ways": WAYS}
        command = ["node", str(CLIENTS / "contract.mjs"), json.dumps(asked)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = dict(json.loads(done.stdout))
    seen["events"] = {event: len(events.times(event)) for event in ("began", "ended", "cancelled", "cleaned")}
    return seen


@pytest.mark.parametrize("way", WAYS)
def test_the_contract_holds_for_the_typescript_client(walked: dict[str, Any], way: str) -> None:
    seen = walked[way]
    assert "failed" not in seen, seen["failed"]
    assert seen["version"] == ("2025-11-25" if way.endswith("legacy") else "2026-07-28")
    assert seen["server"] == "perfdoctor"
    assert seen["tools"] == [tool.name for tool in TOOLS]
    # (that it comes at all, the cancellation shows, which waits for it; this client drops what it reads together with
    # the answer, as happens where the machine is busy)
    assert all(later > earlier for earlier, later in itertools.pairwise(seen["progress"]))
    assert f"recording {seen['recording']}" in seen["text"]
    assert "enough" in seen["cancelled"] or "abort" in seen["cancelled"].lower()
    assert seen["refused"] == [
        True,
        "There is no process 999.\nWhy: It has ended, or never was.\nNext: Call proc-find to see which there are.",
    ]
    assert seen["wrong"][0] is True
    assert "pid" in seen["wrong"][1]
    assert "guide://workflow" in seen["resources"]
    assert "proc-find" in seen["guide"]
    assert seen["kept"] == seen["recording"]
    assert seen["missing"] == -32602 if not way.endswith("legacy") else seen["missing"] in (-32602, -32002)
    assert {"optimize", "verify-fix"} <= set(seen["prompts"])
    assert "4242" in seen["prompt"]


def test_each_cancellation_reached_its_measurement(walked: dict[str, Any]) -> None:
    ways = len(WAYS)
    assert walked["events"] == {"began": 2 * ways, "ended": ways, "cancelled": ways, "cleaned": 2 * ways}
