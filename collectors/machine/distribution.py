"""How is a program installed on this distribution?"""

import re
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host

_RELEASES = ("/etc/os-release", "/usr/lib/os-release")  # os-release(5)
_INSTALL = {
    "apt": "apt-get install -y",
    "dnf": "dnf install -y",
    "zypper": "zypper --non-interactive install",
    "pacman": "pacman -S --noconfirm",
    "apk": "apk add",
}
_MANAGERS = {
    "debian": "apt",
    "ubuntu": "apt",
    "fedora": "dnf",
    "rhel": "dnf",
    "centos": "dnf",
    "amzn": "dnf",
    "suse": "zypper",
    "opensuse": "zypper",
    "sles": "zypper",
    "arch": "pacman",
    "alpine": "apk",
}
_PACKAGES = {
    ("apt", "libbpf"): "libbpf1",
    ("zypper", "libbpf"): "libbpf1",
    ("apt", "perf"): "linux-perf",
}
"""where a package is not called as what is wanted of it"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """``name`` for people; ``manager`` is apt, dnf, zypper, pacman or apk, None where it is another one."""

    name: str
    manager: str | None
    ubuntu: bool = False

    def install(self, program: str, kernel: str, *, root: bool) -> str:
        """The exact command that installs ``program`` (strace, ltrace, bpftrace, perf, libbpf). ``kernel`` is the
        running release: Ubuntu's perf is built for one."""
        if self.manager is None:
            return f"install {program} with the package manager of {self.name}"
        package = _PACKAGES.get((self.manager, program), program)
        if self.ubuntu and program == "perf":
            package = f"linux-tools-common linux-tools-{kernel}"
        return f"{'' if root else 'sudo '}{_INSTALL[self.manager]} {package}"


def parse(text: str) -> Distribution:
    # PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    # ID_LIKE="rhel centos fedora"
    fields = dict(re.findall(r"^([A-Z_]+)=[\"']?([^\"'\n]*)", text, re.MULTILINE))
    kin = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    # opensuse-leap, sles_sap: what stands before the dash says it
    known = [_MANAGERS[head] for word in kin if (head := re.split(r"[-_]", word)[0]) in _MANAGERS]
    name = fields.get("PRETTY_NAME") or fields.get("NAME") or "this system"
    return Distribution(name, known[0] if known else None, "ubuntu" in kin)


def read(host: Host) -> Distribution:
    for path in _RELEASES:
        try:
            return parse(host.read_file(path, 64 << 10).decode("utf-8", "replace"))
        except OSError:
            continue
    return Distribution("this system", None)
