"""The recipes of deploy/: what they start exists, and none has more privilege than it says why."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MANIFEST = DEPLOY / "kubernetes" / "daemonset.yaml"
UNIT = DEPLOY / "systemd" / "perfdoctor.service"
PERFDOCTOR = Path(sys.executable).with_name("perfdoctor")
NEEDED = {"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "SYSLOG"}
EXPOSED = 2.5
"""of 10, as `systemd-analyze security` counts"""


def documents() -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(MANIFEST.read_text())}


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = documents()["DaemonSet"]["spec"]["template"]["spec"]
    return spec


def test_the_options_that_recipes_give_exist() -> None:
    told = subprocess.run([PERFDOCTOR, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    (container,) = pod()["containers"]
    docker = (DEPLOY / "Dockerfile").read_text()
    commands = [container["args"], re.findall(r"ExecStart=\S+ (.*)", UNIT.read_text())[0].split()]
    commands.append(re.findall(r'"([^"]+)"', re.findall(r"\nCMD (\[.*\])", docker)[-1]))
    for command in commands:
        assert command[0] == "serve"
        for option in command[1:]:
            assert not option.startswith("--") or option in told, option


def test_a_pod_has_what_it_needs_and_no_more() -> None:
    spec = pod()
    assert spec["hostPID"] is True and spec["hostNetwork"] is spec["hostIPC"] is False
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*spec["initContainers"], *spec["containers"]):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
        assert context.get("privileged", False) is False and context["capabilities"]["drop"] == ["ALL"]
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
    (container,) = spec["containers"]
    assert set(container["securityContext"]["capabilities"]["add"]) == NEEDED
    for name in NEEDED:
        assert re.search(rf"- {name} +# \w+", MANIFEST.read_text()), f"{name} says why"
    paths = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "startupProbe", "readinessProbe")}
    assert paths == {"/healthz", "/readyz"}
    kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert kinds == {"emptyDir", "secret"}, "nothing of the node's file systems"
    assert next(volume["secret"]["defaultMode"] for volume in spec["volumes"] if "secret" in volume) == 0o400
    assert not {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"} & documents().keys()


def test_only_whom_it_names_reaches_a_pod() -> None:
    every = documents()
    policy = every["NetworkPolicy"]["spec"]
    labels = every["DaemonSet"]["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule["from"] and rule["ports"] for rule in policy["ingress"])
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 5432}


def test_no_image_runs_as_root() -> None:
    stages = re.split(r"\nFROM ", (DEPLOY / "Dockerfile").read_text())[1:]
    by_name = {re.match(r"\S+ AS (\w+)", stage)[1]: stage for stage in stages}  # type: ignore[index]
    assert set(by_name) == {"build", "server", "tracing"}
    for name in ("server", "tracing"):
        assert re.findall(r"\nUSER (\S+)", by_name[name])[-1] == "10001:10001"


def test_the_context_of_an_image_is_what_the_wheel_is_made_of() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    rooms = set(re.findall(r'"(\w+)"', re.findall(r"ROOMS = (\[.*\])", (ROOT / "setup.py").read_text())[0]))
    others = {"perfdoctor", "LICENSES", "LICENSE", "README.md", "pyproject.toml", "setup.py"}
    assert "*" in lines and kept == rooms | others
    assert all((ROOT / name).exists() for name in kept)


def test_systemd_knows_every_line_of_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / "perfdoctor.service"
    unit.write_text(UNIT.read_text().replace("/opt/perfdoctor/bin/perfdoctor", str(PERFDOCTOR)))
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert verified.returncode == 0 and "perfdoctor.service:" not in verified.stderr, verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit], capture_output=True, text=True
    )
    if "unrecognized option" in judged.stderr:
        pytest.skip("this systemd judges running services only")
    (exposed,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert float(exposed) <= EXPOSED
