"""SMTP: the verb of each command, ``MAIL FROM:?``. No address, no word of a mail and no secret is kept.

RFC 5321, and RFC 4954 for AUTH.
"""

import re

NAME = "SMTP"
PORT = 25
# EHLO shop.example\r\n   AUTH PLAIN AGEAYg==\r\n   MAIL FROM:<a@b.example> size=712\r\n
_COMMAND = re.compile(
    rb"(?:(EHLO|HELO|LHLO) |(MAIL) FROM:|(RCPT) TO:|(AUTH) (?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2)\b)", re.IGNORECASE
)
_SHAPES = {"MAIL": "MAIL FROM:?", "RCPT": "RCPT TO:?", "AUTH": "AUTH ?"}
# What other protocols say too, or what is no command: only where the peer is known to speak it.
_SHORT = re.compile(rb"(DATA|QUIT|RSET|NOOP|STARTTLS)\r?\n", re.IGNORECASE)
_CHALLENGED = re.compile(rb"[A-Za-z0-9+/]{1,256}={0,2}\r\n")


def read(data: bytes, size: int) -> str | None:
    found = _COMMAND.match(data)
    verb = next(filter(None, found.groups())).decode().upper() if found else ""
    return (_SHAPES.get(verb) or f"{verb} ?") if verb else None


def read_more(data: bytes, size: int) -> str:
    """Of a peer that is known to speak it."""
    if found := _SHORT.match(data):
        return found[1].decode().upper()
    return "(authentication)" if _CHALLENGED.fullmatch(data[:size]) else "(mail)"
