"""How soon does the server answer? From starting it to its reply to ``initialize``, beside a bare server.

    python bench/startup.py [--repeats 15]

Both are built on the same SDK and started in turn, over stdio, exactly as a client does it. Prints the medians and
their ratio, which should stay below 1.5. Exits with 1 when it does not.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALLOWED = 1.5

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}


def seconds_to_initialize(command: list[str]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(INITIALIZE) + "\n")
    process.stdin.flush()
    reply = json.loads(process.stdout.readline())
    took = time.perf_counter() - began
    process.communicate(timeout=20)
    if "serverInfo" not in reply.get("result", {}):
        raise SystemExit(f"{command[0]} did not answer initialize: {reply}")
    return took


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=15)
    repeats = options.parse_args().repeats
    declared = json.loads((HERE.parent / "mcp.json").read_text())["mcpServers"]["perfdoctor"]
    ours = [str(Path(sys.executable).with_name(declared["command"])), *declared["args"]]
    bare = [sys.executable, str(HERE / "targets" / "bare_server.py")]
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    seconds_to_initialize(ours)  # the first of each fills caches of bytecode and pages
    seconds_to_initialize(bare)
    for _ in range(repeats):
        took["bare"].append(seconds_to_initialize(bare))
        took["ours"].append(seconds_to_initialize(ours))
    middle = {name: statistics.median(values) for name, values in took.items()}
    ratio = middle["ours"] / middle["bare"]
    print(f"initialize answered after {middle['ours']:.2f} s; a bare server: {middle['bare']:.2f} s; ratio {ratio:.2f}")
    return 0 if ratio <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
