"""How the BPF programs are compiled: by the C compiler in the PyPI package ziglang, with nothing of the system's.

Run by setup.py when the package is built; by hand after a change: ``python collectors/backends/bpf/build.py``.
Uses the standard library only, because setup.py runs it before anything of ours is installed.
"""

import subprocess
import sys
from pathlib import Path


def compile_all(sources: Path, objects: Path) -> list[Path]:
    """Compile every ``*.bpf.c`` below ``sources`` into ``objects``; the objects' paths."""
    made = []
    for source in sorted(sources.glob("*.bpf.c")):
        made.append(objects / source.name.replace(".bpf.c", ".bpf.o"))
        command = [sys.executable, "-m", "ziglang", "cc", "-target", "bpfel-freestanding-none"]
        # -g gives the BTF that libbpf needs; -O2 because unoptimised code does not pass the verifier;
        # v3 has 32-bit compares, which shorten the verifier's work (kernel 5.1 and newer).
        command += ["-mcpu=v3", "-O2", "-g", "-Wall", "-Werror", "-fno-stack-protector", "-fno-sanitize=all"]
        subprocess.run([*command, "-c", str(source), "-o", str(made[-1])], check=True)
    return made


if __name__ == "__main__":
    here = Path(__file__).parent
    for path in compile_all(here, here):
        sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")
