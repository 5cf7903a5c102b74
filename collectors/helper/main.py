"""Run as a program, by systemd: the privileged helper (see docs/helper.md).

It finds its modules beside itself and nowhere else: no environment, no site packages.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    above = Path(__file__).resolve().parents
    sys.path.insert(0, str(next(folder for folder in above if (folder / "perfdoctor/__init__.py").exists())))
    from perfdoctor.collectors.backends.bpf import libbpf
    from perfdoctor.collectors.helper import daemon, policy, sandbox

    parser = argparse.ArgumentParser("perfdoctor-helper", description="The privileged helper of perfdoctor.")
    parser.add_argument("--policy", default=policy.FILE, help="who may use it (%(default)s)")
    parser.add_argument("--socket", help="listen here, where systemd passes no socket")
    given = parser.parse_args()
    try:
        known = policy.read(given.policy)
        libbpf.library()
    except (policy.PolicyError, libbpf.LibraryMissingError) as error:
        sys.exit(f"perfdoctor-helper: {error}")
    if known.programs == frozenset():
        sandbox.hand_on_nothing()
    daemon.Daemon(daemon.listening(given.socket), known).serve()


if __name__ == "__main__":
    main()
