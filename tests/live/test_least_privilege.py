"""What the delivered manifest gives to a pod is enough: root with five capabilities measures another user's process."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.live.need import need

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "deploy" / "kubernetes" / "daemonset.yaml"
NOBODY = 65534
PROGRAM = """import os, time
out = os.open("/dev/null", os.O_WRONLY)
print("ready", flush=True)
while True:
    os.write(out, b"x")  # line 5
    time.sleep(0.002)
"""

pytestmark = pytest.mark.live


def given() -> list[str]:
    """The capabilities of the container that measures, as setpriv names them."""
    (daemonset,) = (one for one in yaml.safe_load_all(MANIFEST.read_text()) if one["kind"] == "DaemonSet")
    (container,) = daemonset["spec"]["template"]["spec"]["containers"]
    context = container["securityContext"]
    assert context["capabilities"]["drop"] == ["ALL"] and context["runAsUser"] == 0
    return [name.lower() for name in context["capabilities"]["add"]]


def test_five_capabilities_are_enough(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "only root can give capabilities away")
    with tempfile.TemporaryDirectory() as folder:  # (one that the other user may enter)
        Path(folder).chmod(0o755)
        program = Path(folder) / "writes.py"
        program.write_text(PROGRAM)
        other = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        # (the system's Python: ours may lie in a folder of root's)
        target = subprocess.Popen([*other, "/usr/bin/python3", str(program)], stdout=subprocess.PIPE)
        try:
            assert target.stdout is not None and target.stdout.readline() == b"ready\n"
            answer = asked(target.pid, tmp_path / "state")
        finally:
            target.kill()
            target.wait()
    assert answer["collection"]["backend"] == "bpf" and answer["collection"]["exact"], answer["collection"]
    (row,) = (one for one in answer["lines"] if one["syscall"] == "write")
    assert row["calls"] > 0
    assert "writes.py" in json.dumps(row) and '"line": 5' in json.dumps(row)


def asked(pid: int, state: Path) -> dict[str, object]:
    bounded = ",".join(["-all", *(f"+{name}" for name in given())])
    perfdoctor = str(Path(sys.executable).with_name("perfdoctor"))
    less = ["setpriv", f"--bounding-set={bounded}", "--inh-caps=-all", "--no-new-privs"]
    command = [*less, perfdoctor, "trace-syscalls", str(pid), "--seconds", "1", "--json"]
    environment = {**os.environ, "PERFDOCTOR_STATE": str(state)}
    said = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=150)
    assert said.returncode == 0, said.stdout + said.stderr
    answer: dict[str, object] = json.loads(said.stdout)
    return answer
