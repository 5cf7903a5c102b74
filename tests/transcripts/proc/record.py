"""Record what the kernel says of a program that knows the answer: ``/usr/bin/python3 -I tests/transcripts/proc/record.py``.

Run as root. It starts a program with an awkward name, a secret on its command line, a listening socket, a zombie and
a waited-for child, and copies its files of /proc here, with what is true of it in truth.json.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = r"""
import ctypes, json, os, socket, sys, threading
awkward = b") R 1 (S) \x1b[1m"[:15]
ctypes.CDLL(None).prctl(15, awkward, 0, 0, 0)
busy = os.fork()
if busy == 0:
    total = sum(i * i for i in range(3_000_000))
    os._exit(0)
os.waitpid(busy, 0)
zombie = os.fork()
if zombie == 0:
    os._exit(7)
os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
four, six = socket.create_server(("127.0.0.1", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6)
held = bytearray(os.urandom(1)) * (23 << 20)
with open("/proc/self/comm", "rb", buffering=0) as file:
    for i in range(1009):
        os.pread(file.fileno(), 1, 0)
stop = threading.Event()
for i in range(2):
    threading.Thread(target=stop.wait, daemon=True).start()
print(json.dumps({
    "name": awkward.decode(), "pid": os.getpid(), "parent": os.getppid(), "zombie": zombie, "threads": 3,
    "at_least_anonymous": len(held), "at_least_read_calls": 1009,
    "ports": [four.getsockname()[1], six.getsockname()[1]],
    "sockets": [os.fstat(four.fileno()).st_ino, os.fstat(six.fileno()).st_ino],
    "uid": os.geteuid(), "child_cpu_at_least": 0.01,
}), flush=True)
sys.stdin.read()
"""


def main() -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOSTNAME": "shop-7d9f", "SHOP_TOKEN": "hunter2"}
    secret = ["--password", "hunter2", "", "--name=two words", "--db=postgres://shop:hunter2@db/shop"]
    program = subprocess.Popen(
        ["/usr/bin/python3", "-I", "-c", PROGRAM, *secret],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", env=environment,
    )
    try:
        truth = json.loads(program.stdout.readline())
        pid, zombie = truth["pid"], truth["zombie"]
        tid = next(name for name in os.listdir(f"/proc/{pid}/task") if name != str(pid))
        truth["arguments"] = ["/usr/bin/python3", "-I", "-c", PROGRAM, *secret]
        truth["thread"] = int(tid)
        for name, path in {
            "stat": f"{pid}/stat", "stat.zombie": f"{zombie}/stat", "stat.kernel_thread": "2/stat",
            "status": f"{pid}/status", "status.zombie": f"{zombie}/status", "status.kernel_thread": "2/status",
            "status.thread": f"{pid}/task/{tid}/status", "io": f"{pid}/io", "schedstat": f"{pid}/task/{tid}/schedstat",
            "smaps": f"{pid}/smaps",
            "smaps_rollup": f"{pid}/smaps_rollup", "net_tcp": f"{pid}/net/tcp", "net_tcp6": f"{pid}/net/tcp6",
            "cmdline": f"{pid}/cmdline", "environ": f"{pid}/environ", "pressure_cpu": "pressure/cpu",
            "pressure_io": "pressure/io", "uptime": "uptime",
        }.items():
            (HERE / name).write_bytes(Path("/proc", path).read_bytes())
        truth["kernel"] = os.uname().release
        (HERE / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    finally:
        program.stdin.close()
        sys.exit(program.wait())


if __name__ == "__main__":
    main()
