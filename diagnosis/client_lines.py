"""Which line of a program asks its peers, where a runtime sends later from its own loop or thread?"""

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from perfdoctor.diagnosis.talk import Talk, asks_through, asks_through_java
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.network import AskingLine, SaidLine, WrittenLine

if TYPE_CHECKING:
    from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place

_STORES = re.compile(
    r"/(?:pg|pg-pool|pg-protocol|mysql2?|mongodb|redis|@redis|ioredis|knex|asyncpg|psycopg|aiomysql|asyncmy|aiopg|motor"
    r"|pymongo)/|database/sql\.|jackc/pgx|lib/pq|go-sql-driver|go-redis|redigo|mongo-driver|io\.lettuce|com\.mongodb"
    r"|com\.datastax"
)
"""clients of databases and stores, by their files and functions"""


def client_lines(account: "Account") -> dict[tuple[int, bool], Stack]:
    """By process, and whether it is a client of a store, the stack of the user's line that goes most through a client
    of the network: in JavaScript, Go and asyncio by CPU time, in Java by the time that it stands still there; of
    Node.js the only one whose text calls a client for HTTP, where there is but one."""
    spent: dict[tuple[int, bool], dict[Place, float]] = defaultdict(lambda: defaultdict(float))
    stacks: dict[Place, Stack] = {}
    roots = account.evidence.user_roots
    for row in account.samples:
        place = account.place(row.stack)
        below = _below_own(account, row.stack)
        if place is not None and any(map(asks_through, below)):
            spent[row.pid, _is_of_store(below)][place] += row.seconds
            stacks.setdefault(place, row.stack)
    for call in account.calls:
        if call.blocked_seconds > 0 and call.stack and call.stack[0].kind is FrameKind.JAVA:
            place = account.place(call.stack)
            if place is not None and asks_through_java(call.stack, roots):
                spent[call.pid, _is_of_store(call.stack)][place] += call.blocked_seconds
                stacks.setdefault(place, call.stack)
    seen = {key: stacks[max(lines, key=lambda line: lines[line])] for key, lines in spent.items()}
    use = account.evidence.network
    return seen | {(line.pid, False): _stack_of(account, line) for line in (use.asking if use else ())}


def is_beside(account: "Account", talk: Talk) -> bool:
    """Whether another line of Node.js than the only one that asks by HTTP was sampled when something was sent, and no
    client of the network below it: it ran just before, or answers somebody."""
    use = account.evidence.network
    known = {line.pid for line in use.asking} if use else set[int]()
    if talk.pid not in known or not talk.peer.protocol.startswith("HTTP"):
        return False
    return not any(map(asks_through, _below_own(account, talk.stack)))


def _below_own(account: "Account", stack: Stack) -> Stack:
    """What the innermost line of the user's code called; nothing where a stack has none."""
    roots = account.evidence.user_roots
    return stack[: next((at for at, frame in enumerate(stack) if is_user_code(frame, roots)), 0)]


def _is_of_store(stack: Stack) -> bool:
    return any(_STORES.search(f"{frame.file or ''} {frame.function}") for frame in stack)


def _stack_of(account: "Account", line: AskingLine) -> Stack:
    """The callers of a line too, where it was sampled; else who awaits it, where that is known."""
    mine = [(row, account.place(row.stack)) for row in account.samples if row.pid == line.pid]
    rows = [row for row, own in mine if own is not None and (own.file, own.line) == (line.file, line.line)]
    stack = account.top_stack(rows) or (frame_of(line),)
    above = line.awaited
    if above is None or any((frame.file, frame.line) == (above.file, above.line) for frame in stack):
        return stack
    return (*stack, frame_of(above))


def frame_of(line: WrittenLine | SaidLine) -> Frame:
    """A line that only the text of its file tells of, as a frame."""
    return Frame(kind=FrameKind.JAVASCRIPT, function=line.function, file=line.file, line=line.line)
