"""Command lines are shown to models and kept in recordings: passwords, tokens and keys in them are taken out first.

What is known to be a secret goes, and rather too much of it than too little; what merely looks long stays, because a
path or an identifier is often the clue. Every pattern is bounded: a hostile command line costs no more than its length.
"""

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from perfdoctor.collectors.text import clean

HIDDEN = "***"
_MOST_TEXT = 32 << 10
_MOST_ARGUMENTS = 64

_SECRET_WORDS = (
    "password", "passwd", "passphrase", "passcode", "pass", "pwd", "secret", "secrets", "token", "tokens", "credential",
    "credentials", "creds", "auth", "cookie", "bearer", "apikey", "accesskey", "secretkey", "privatekey",
)  # fmt: skip
_KEYS = {"api", "access", "account", "auth", "encryption", "license", "master", "private", "secret", "shared",
         "signing", "storage", "sas", "service", "ssh"}  # fmt: skip
_HARMLESS = {"file", "path", "dir", "url", "uri", "type", "method", "mode", "name", "timeout", "ttl", "expiry",
             "length", "limit", "size", "max", "min", "num", "count", "no", "without", "disable", "provider",
             "compass", "bypass"}  # fmt: skip
"""``--password-file``, ``--max-tokens``, ``--no-auth``: about a secret, not one"""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_VALUE = re.compile(r"(?:\"(?:[^\"\\]|\\.)*(?:\"|$)|'[^']*(?:'|$)|[^\s\"'])+")
# --db-password=hunter2  |  AWS_SECRET_ACCESS_KEY='a b'  |  -Dkey.store.password=x  |  "password": "x"  |  ?token=x
_ASSIGNED = re.compile(r"(?<![\w.-])([\w.-]{1,200})[\"']?\s{0,3}[=:]\s{0,3}")
# --password hunter2
_OPTION = re.compile(r"(?<!\S)(--?[A-Za-z][\w.-]{0,200})\s{1,3}(?!--)")
_PATTERNS = (
    # Authorization: Bearer eyJ…  |  X-Api-Key: x  |  Cookie: a=1; b=2
    re.compile(
        r"((?:authorization|cookie|x-[\w-]{0,60}(?:key|token|secret|auth))\s{0,3}[:=]\s{0,3})[^\"'\r\n]{1,4096}", re.I
    ),
    re.compile(r"(\bbearer\s{1,3})[\w.~+/=-]{8,4096}", re.I),
    # postgres://user:hunter2@db/shop, but not http://host:8080/a@b
    re.compile(r"([a-z][a-z0-9+.-]{0,30}://[^\s/?#:@]{0,256}:)(?!\d{1,5}(?:[/?#]|$))\S{1,1024}(?=@)", re.I),
    # https://ghp_…@github.com/
    re.compile(r"([a-z][a-z0-9+.-]{0,30}://)[^\s/?#:@]{16,1024}(?=@)", re.I),
    # curl -u user:hunter2
    re.compile(r"((?<!\S)(?:-u\s{0,3}|--(?:proxy-)?user[=\s]\s{0,3})[^\s:]{0,200}:)\S{1,4096}"),
    # mysql -phunter2
    re.compile(r"(\b(?:mysql\w{0,20}|mariadb[\w-]{0,20}|sshpass)\b[^|;&\n]{0,400}?\s-p)[^\s-]\S{0,4096}"),
)
_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"  # AWS access key ids
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255})"  # GitHub, GitLab
    r"|\bxox[abeoprs]-[\w-]{8,255}|\bAIza[\w-]{30,60}|\b[rs]k_(?:live|test)_\w{8,255}"  # Slack, Google, Stripe
    r"|\bsk-[\w-]{16,255}|\b(?:npm|hf|pypi)[_-][A-Za-z0-9_-]{20,255}"  # model providers, package registries
    r"|\beyJ[\w-]{8,4096}\.[\w-]{4,4096}(?:\.[\w-]{0,4096})?"  # JSON web tokens
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret: ``PGPASSWORD``, ``db.apiKey``; but not ``--password-file``."""
    if name == "PWD":
        return False  # the working directory
    # -Dapi.key: the letter of the option is not part of the name
    words = [word.lower() for word in _WORD.findall(re.sub(r"^-[A-Z](?=[a-z])", "", name))]
    if _HARMLESS.intersection(words):
        return False
    return any(word.endswith(_SECRET_WORDS) for word in words) or any(
        second == "key" and first in _KEYS for first, second in pairwise(words)
    )


def redact(text: str) -> str:
    """``text`` (a command line, a line of a configuration) without the secrets that can be told by their name or
    shape. Text longer than 32 KiB is cut off before its last word, for half a secret cannot be recognised."""
    if len(text) > _MOST_TEXT:
        text = text[:_MOST_TEXT].rpartition(" ")[0] + " …"
    text = _SHAPES.sub(HIDDEN, text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return _hide_values(_OPTION, _hide_values(_ASSIGNED, text))


def redact_arguments(arguments: Sequence[str], limit: int = 256) -> tuple[str, ...]:
    """The first 64 arguments of a program, each without secrets, without control characters, and at most ``limit``
    long; one more says how many were left out. The value after an option that names a secret is hidden as well."""
    hide = partial(_redact_argument, program=arguments[0] if arguments else "")
    pairs = zip(("", *arguments), arguments[:_MOST_ARGUMENTS], strict=False)
    shown = [clean(hide(before, argument), limit) for before, argument in pairs]
    if len(arguments) > _MOST_ARGUMENTS:
        shown.append(f"… {len(arguments) - _MOST_ARGUMENTS} more")
    return tuple(shown)


def command_line(arguments: Sequence[str], limit: int = 400) -> str:
    """A command for people to read: ``redact_arguments``, joined by spaces, at most ``limit`` long."""
    return clean(" ".join(redact_arguments(arguments)), limit)


def _redact_argument(before: str, argument: str, *, program: str) -> str:
    name, assigned, _ = argument.partition("=")
    # A whole argument ends where it ends, whatever characters the secret is made of.
    if assigned and len(name) <= 200 and re.fullmatch(r"[\w.-]+", name) and is_secret_name(name):
        return f"{name}={HIDDEN}"
    if before.startswith("-") and "=" not in before and not argument.startswith("--") and is_secret_name(before):
        return HIDDEN
    if before in ("-u", "-U", "--user", "--proxy-user") and ":" in argument:
        return f"{argument.partition(':')[0]}:{HIDDEN}"
    if re.search(r"(?:^|/)(?:mysql\w*|mariadb[\w-]*|sshpass)$", program) and re.match(r"-p.", argument):
        return f"-p{HIDDEN}"
    return redact(argument)


def _hide_values(named: re.Pattern[str], text: str) -> str:
    """``text`` without the values that follow a secret's name. The value of any other name may hold names itself."""
    kept, at = [], 0
    for found in named.finditer(text):
        if found.start() >= at and is_secret_name(found[1]) and (value := _VALUE.match(text, found.end())):
            kept += [text[at : found.end()], HIDDEN]
            at = value.end()
    return "".join([*kept, text[at:]])
