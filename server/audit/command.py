"""`perfdoctor audit`: is it whole, and what does it say?"""

import collections
import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server import settings
from perfdoctor.server.audit.book import KEY, read_key
from perfdoctor.server.audit.chain import Head
from perfdoctor.server.audit.check import links, verify
from perfdoctor.server.audit.log import folder_of

BROKEN = 1


def run(argv: Sequence[str]) -> int:
    """0; 1 when the audit is not whole."""
    given = _parser().parse_args(argv)
    known = settings.load()
    folder = Path(given.folder) if given.folder else folder_of(known)
    if given.action == "show":
        return _show(folder, given.last, as_json=given.json)
    return _verify(folder, Path(given.key) if given.key else known.state / KEY, given.expect)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("perfdoctor audit", description="What was called here, by whom, and what became of it.")
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("verify", help="say whether it is whole, or which line is not (exit code 1)")
    check.add_argument("--key", help="file of the key that its lines are signed with (audit.key in the state folder)")
    check.add_argument(
        "--expect", metavar="N:HASH", help="a line that was noted elsewhere (verify prints the last one): is it there?"
    )
    show = actions.add_parser("show", help="its last lines, for people to read")
    show.add_argument("--last", type=int, default=20, metavar="N", help="how many (20)")
    show.add_argument("--json", action="store_true", help="as they are")
    for action in (check, show):
        action.add_argument("--folder", help="of the audit (the setting audit_folder)")
    return parser


def _verify(folder: Path, key_path: Path, expect: str | None) -> int:
    key = None
    try:
        key = read_key(key_path)
    except FileNotFoundError:
        sys.stderr.write(f"There is no key {key_path}: hashes are checked, and signatures are not.\n")
    except PermissionError as error:
        raise ProblemError(
            f"The key {key_path} cannot be read.", f"{error.strerror}.", "Run as the user of the server, or give --key."
        ) from error
    expected = _expected(expect)
    try:
        found = verify(folder, key, expected)
    except OSError as error:
        raise ProblemError(
            f"The audit in {folder} cannot be read.", f"{error}.", "Run as the user of the server, or give --folder."
        ) from error
    for note in found.notes:
        sys.stdout.write(f"note: {note}\n")
    if found.lines == 0 and not found.broken.startswith("the end"):
        if key is None and not folder.exists():
            sys.stdout.write(f"nothing has been written to {folder}\n")
            return 0
        sys.stdout.write(f"BROKEN: no line is left in {folder}, and something was written there\n")
        return BROKEN
    if found.broken:
        sys.stdout.write(f"BROKEN at {found.where}: {found.broken}\n")
        sys.stdout.write(f"good until then: {_amount(found.lines)}, up to {found.last.n}:{found.last.hash}\n")
        return BROKEN
    how = "hashes and signatures are right" if found.signed else "hashes are right (signatures were not checked)"
    sys.stdout.write(f"whole: {_amount(found.lines)} from {found.first} to {found.last.n}, {how}\n")
    sys.stdout.write(f"last: {found.last.n}:{found.last.hash}\n")
    return 0


def _expected(text: str | None) -> Head | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise ProblemError(
            f"--expect {clean(text, 100)!r} is not a line of an audit.",
            "It is a number, a colon and a hash of 64 characters.",
            "Give what `perfdoctor audit verify` printed as last, or what the server wrote to its standard error.",
        )
    return Head(int(found[1]), found[2])


def _show(folder: Path, last: int, *, as_json: bool) -> int:
    kept = collections.deque((line for _, line in links(folder)), maxlen=max(1, min(last, 100_000)))
    for line in kept:
        sys.stdout.write((_raw(line) if as_json else _said(line)) + "\n")
    return 0


def _raw(line: bytes) -> str:
    return clean(line.decode("utf-8", "replace"), 40_000)


def _said(line: bytes) -> str:
    try:
        says = json.loads(line)
    except ValueError:
        return f"(not readable: {clean(line.decode('utf-8', 'replace'), 100)})"
    at, event = str(says.get("at", ""))[:23], says.get("event", "")
    who = f"{says.get('who', '')} ({says.get('role', '')})" if "who" in says else says.get("from", "")
    rest = [says.get("decision"), says.get("outcome"), says.get("why")]
    about = [_target(one) for one in says.get("targets", [])[:3]]
    took = f"{says['seconds']:.2f} s" if isinstance(says.get("seconds"), float | int) else ""
    words = [at, event, who, says.get("what", ""), *about, *rest, took]
    return clean("  ".join(str(word) for word in words if word), 400)


def _target(one: Any) -> str:
    return f"pid {one.get('pid')} {one.get('name')} of {one.get('user')}" if isinstance(one, dict) else ""


def _amount(number: int) -> str:
    return f"{number} line{'' if number == 1 else 's'}"
