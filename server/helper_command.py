"""`perfdoctor helper install|status|uninstall`: the privileged helper on this machine."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """ProblemError when it cannot be done."""
    parser = ArgumentParser(
        "perfdoctor helper",
        description="The small privileged process through which a server that runs as an ordinary user measures that "
        "user's own processes (docs/helper.md).",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    install = actions.add_parser("install", help="write its systemd units and a copy of its programs, and start it")
    install.add_argument(
        "--allow", action="append", default=[], metavar="USER", help="who may use it (repeatable; '*': everybody)"
    )
    install.add_argument("--python", metavar="PATH", help="the interpreter that it runs, which only root may write")
    install.add_argument("--root", default="/", metavar="DIR", help="write below this folder, and start nothing")
    install.add_argument("--dry-run", action="store_true", help="print the units and the policy, and write nothing")
    actions.add_parser("status", help="does it serve us?")
    uninstall = actions.add_parser("uninstall", help="stop it and remove all but its policy")
    uninstall.add_argument("--root", default="/", metavar="DIR", help="remove it below this folder")
    given = parser.parse_args(argv)
    if given.action == "status":
        return _status()

    from perfdoctor.collectors.helper.policy import FILE
    from perfdoctor.collectors.host import installation

    if given.action == "uninstall":
        gone = installation.uninstall(root=given.root)
        sys.stdout.writelines(f"removed {path}\n" for path in gone.files)
        return 0
    allow = given.allow or [user for user in [os.environ.get("SUDO_USER")] if user and user != "root"]
    if given.dry_run:
        for path, text in installation.units(given.python or "/usr/bin/python3").items():
            sys.stdout.write(f"# {path}\n{text}\n")
        sys.stdout.write(f"# {FILE}\n{installation.policy_text(allow)}")
        return 0
    done = installation.install(allow, python=given.python, root=given.root)
    sys.stdout.write(f"wrote {len(done.files)} files, the last {done.files[-1]}\n")
    if not allow:
        sys.stdout.write(f"nobody but root may use it yet: see allow in {FILE}\n")
    for command in done.left:
        sys.stdout.write(f"now run: {command}\n")
    return 0


def _status() -> int:
    from perfdoctor.collectors.host.helper import HelperClient, socket_path

    client = HelperClient(socket_path())
    problem = client.unavailable()
    if problem is not None:
        from perfdoctor.server.cli import refuse

        return refuse(problem)
    sys.stdout.write(f"the helper at {client.path} serves user {os.getuid()}\n")
    return 0
