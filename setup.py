"""What pyproject.toml cannot say: the package map, and the compiled BPF programs.

The rooms stand at the top of the checkout and are installed as ``perfdoctor.<room>``. Every
sub-package is found, not listed, so that none can be missing from a wheel.
"""

import runpy
from pathlib import Path

from setuptools import Command, find_packages, setup
from setuptools.command.build import build

ROOT = Path(__file__).parent
ROOMS = ["schemas", "collectors", "diagnosis", "server"]
BPF = Path("collectors/backends/bpf")


class BuildBpf(Command):
    """Compile every ``*.bpf.c`` with the compiler that the ziglang package carries."""

    description = "compile the BPF programs"
    user_options: list[tuple[str, str, str]] = []  # noqa: RUF012 - setuptools declares it so
    editable_mode = False
    build_lib = None

    def initialize_options(self):
        self.build_lib = None

    def finalize_options(self):
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def _folder(self):
        return ROOT / BPF if self.editable_mode else Path(self.build_lib) / "perfdoctor" / BPF

    def run(self):
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        compile_all = runpy.run_path(str(ROOT / BPF / "build.py"))["compile_all"]
        compile_all(ROOT / BPF, folder)

    def get_source_files(self):
        return [str(p.relative_to(ROOT)) for p in sorted((ROOT / BPF).glob("*.bpf.c"))] + [
            str(p.relative_to(ROOT)) for p in sorted((ROOT / BPF).glob("*.h"))
        ]

    def get_outputs(self):
        return [str(self._folder() / p.name.replace(".bpf.c", ".bpf.o")) for p in (ROOT / BPF).glob("*.bpf.c")]

    def get_output_mapping(self):
        return {}


build.sub_commands = [*build.sub_commands, ("build_bpf", None)]

found = [package for room in ROOMS for package in [room, *(f"{room}.{sub}" for sub in find_packages(room))]]
setup(
    packages=["perfdoctor", *(f"perfdoctor.{package}" for package in found)],
    package_dir={"perfdoctor": "perfdoctor", **{f"perfdoctor.{room}": room for room in ROOMS}},
    package_data={
        "perfdoctor": ["py.typed"],
        "perfdoctor.collectors.runtimes": ["layouts/*.json"],
        "perfdoctor.collectors.backends.bpftrace": ["*.bt"],
    },
    cmdclass={"build_bpf": BuildBpf},
)
