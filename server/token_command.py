"""`perfdoctor token`: create, list, rotate and revoke tokens. A running server notices at its next request."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime

from perfdoctor.server import settings
from perfdoctor.server.durations import seconds_of
from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import GRACE, Token, Tokens

_SHOWN_ONCE = "Keep it: it is not stored and cannot be shown again. Clients send it as a bearer token.\n"


def run(argv: Sequence[str]) -> int:
    given = _parser().parse_args(argv)
    tokens = Tokens(settings.load().state)
    lasts = None if getattr(given, "expires", None) is None else seconds_of(given.expires, "--expires")
    if given.action == "create":
        sys.stdout.write(tokens.create(given.name, Role(given.role), lasts) + "\n")
        sys.stderr.write(_SHOWN_ONCE)
    elif given.action == "rotate":
        grace = GRACE if given.grace is None else seconds_of(given.grace, "--grace", at_least=0)
        sys.stdout.write(tokens.rotate(given.name, grace, lasts) + "\n")
        until = f"The old one is good until {_day(time.time() + grace)}. " if grace else "The old one is refused now. "
        sys.stderr.write(until + _SHOWN_ONCE)
    elif given.action == "list":
        now = time.time()
        for token in tokens.list():
            sys.stdout.write("\t".join(_row(token, now)) + "\n")
    else:
        tokens.revoke(given.name)
        sys.stdout.write(f"revoked {given.name}\n")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("perfdoctor token", description="Tokens that let clients connect over HTTP.")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a token and print it, once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument(
        "--role",
        required=True,
        choices=[role.value for role in Role],
        help="observe: look; trace: also measure; operate: also delete recordings; admin: everything",
    )
    create.add_argument("--expires", metavar="30d", help="how long it is good (s, m, h, d, w); without: until revoked")
    actions.add_parser("list", help="names, roles, ages and ends of all tokens")
    rotate = actions.add_parser("rotate", help="print a new secret for a token; the old one stays good for a while")
    rotate.add_argument("name")
    rotate.add_argument("--grace", metavar="24h", help="how long the old secret stays good (24h; 0s: not at all)")
    rotate.add_argument("--expires", metavar="30d", help="a new end, from now on; without it the end that it has")
    revoke = actions.add_parser("revoke", help="refuse a token from now on, old secrets included")
    revoke.add_argument("name")
    return parser


def _row(token: Token, now: float) -> tuple[str, ...]:
    """name, role, made, end, state."""
    end = "no end" if token.expires is None else f"until {_day(token.expires)}"
    state = token.state(now)
    if state == "rotating":
        state = f"rotating: old secret until {_day(max(one.until for one in token.old))}"
    return token.name, token.role.value, _day(token.created), end, state


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
