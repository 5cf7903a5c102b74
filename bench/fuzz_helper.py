"""The privileged helper, fed a million requests: bytes, right ones, and right ones with something changed.

    python bench/fuzz_helper.py [--inputs 1000000] [--seed N] [--socket-inputs 20000]

First its checks by themselves, over an object that only looks whether what reaches it is on the closed list, as a user
who owns nothing: whatever is opened, attached or read then is somebody else's. Then (as root) the daemon itself, by its
socket. It must not crash, hold on to descriptors or memory, or accept anything. Prints one line for each part.
"""

import argparse
import os
import resource
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helper_daemon import helper_daemon

from perfdoctor.collectors.helper import protocol
from tests.collectors.helper.fuzz import PROGRAM, STRANGER, Fuzz

_WARM_UP = 20_000
_MOST_GROWTH = 8 << 20
_PER_CONNECTION = 50


def descriptors(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def checks(inputs: int, seed: int) -> None:
    fuzz = Fuzz(seed)
    fuzz.run(min(_WARM_UP, inputs))
    open_before, size_before, began = descriptors(), resident(os.getpid()), time.monotonic()
    fuzz.run(max(0, inputs - _WARM_UP))
    grown = resident(os.getpid()) - size_before
    print(
        f"checks: {inputs:,} requests in {time.monotonic() - began:.0f} s, {fuzz.malformed:,} no message, "
        f"{fuzz.refused:,} refused, {fuzz.answered:,} answered (what needs no process); grown by {grown >> 10} KiB"
    )
    assert descriptors() == open_before and grown < _MOST_GROWTH


def daemon(inputs: int, seed: int) -> None:
    policy = f"allow = [{STRANGER}]\nprograms = [{STRANGER}]\ntotal = 64\neach = 64\n"
    with helper_daemon(policy, calls=PROGRAM) as (process, path):
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setresgid(STRANGER, STRANGER, STRANGER)
            os.setresuid(STRANGER, STRANGER, STRANGER)
            os._exit(attack(str(path), inputs, seed))
        open_before = size_before = 0
        began = time.monotonic()
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            time.sleep(1)
            if not size_before:
                open_before, size_before = descriptors(process.pid), resident(process.pid)
        seconds = time.monotonic() - began
        time.sleep(1)
        assert process.poll() is None, "the daemon has ended"
        assert ended[1] == 0, "something was accepted"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        grown = resident(process.pid) - size_before
        print(f"daemon: {inputs:,} packets in {seconds:.0f} s; grown by {grown >> 10} KiB, {len(children)} workers")
        assert not children and descriptors(process.pid) <= open_before + 1 and grown < _MOST_GROWTH


def attack(path: str, inputs: int, seed: int) -> int:
    """As the stranger; 1 when something was accepted."""
    fuzz, done = Fuzz(seed), 0
    while done < inputs:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection, suppress(OSError):
            connection.settimeout(20)
            connection.connect(path)
            for packet in fuzz.packets(_PER_CONNECTION):
                done += 1
                connection.sendall(packet or b"\n")
                said = protocol.receive(connection)
                if said is None:
                    break
                if "refused" not in said.header and not {"version", "errno", "programs"} & said.header.keys():
                    print("accepted:", packet[:300], said.header)
                    return 1
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--socket-inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    checks(given.inputs, given.seed)
    if os.geteuid() == 0 and given.socket_inputs:
        daemon(given.socket_inputs, given.seed)


if __name__ == "__main__":
    main()
