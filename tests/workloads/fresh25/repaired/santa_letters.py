# expect: healthy bench
# The office that answers letters to Santa: scanners at the post office send in letters (one JSON object a line), they
# are kept in SQLite (with SQLAlchemy) until clerks (threads) have read the wishes, chosen an elf's workshop and written
# the answer.
#
# Measured: 15 letters a second; 34 % of a core, in the twin 4 %.
import json
import logging
import os
import random
import re
import socket
import socketserver
import sys
import threading
import time

from sqlalchemy import Index, create_engine, delete, event, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

log = logging.getLogger("santa")

CLERKS = 5
LETTERS_PER_SECOND = 15
KEEP_ANSWERED = 30.0  # seconds
WORKSHOPS = {
    "wood": re.compile(r"\b(train|blocks|puzzle|sledge)\b"),
    "cloth": re.compile(r"\b(bear|doll|kite|costume)\b"),
    "brass": re.compile(r"\b(trumpet|robot|clock|bicycle)\b"),
    "paper": re.compile(r"\b(books?|atlas|crayons)\b"),
}


class Unreadable(ValueError):
    """A letter that must be looked at by the chief elf."""


class Base(DeclarativeBase):
    pass


class Letter(Base):
    __tablename__ = "letter"
    __table_args__ = (Index("letter_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    child: Mapped[str]
    country: Mapped[str]
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default="new")
    answer: Mapped[str | None]
    changed: Mapped[float] = mapped_column(default=time.time, onupdate=time.time)


def prepare(connection, _):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class Mailbox:
    """The letters in SQLite."""

    def __init__(self, path):
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        event.listen(engine, "connect", prepare)
        Base.metadata.create_all(engine)
        self.session = sessionmaker(engine, expire_on_commit=False)
        self._dropped = threading.Semaphore(self.counts().get("new", 0))

    def drop(self, child, country, text):
        with self.session.begin() as session:
            session.add(Letter(child=child, country=country, text=text))
        self._dropped.release()

    def wait(self):
        """Until there is a letter for the caller to take."""
        self._dropped.acquire()

    def take(self):
        """The oldest new letter, which is the caller's from now on; None if there is none."""
        with self.session() as session:
            oldest = select(Letter).where(Letter.state == "new").order_by(Letter.id).limit(1)
            letter = session.scalars(oldest).first()
            if letter is None:
                return None
            mine = update(Letter).where(Letter.id == letter.id, Letter.state == "new").values(state="taken")
            taken = session.execute(mine, execution_options={"synchronize_session": False}).rowcount
            session.commit()
            return letter if taken else None

    def finish(self, letter, state, text=None):
        with self.session.begin() as session:
            session.execute(update(Letter).where(Letter.id == letter.id).values(state=state, answer=text))

    def tidy(self):
        done = Letter.state.in_(("answered", "unreadable"))
        with self.session.begin() as session:
            session.execute(delete(Letter).where(done, Letter.changed < time.time() - KEEP_ANSWERED))

    def counts(self):
        with self.session() as session:
            return dict(session.execute(select(Letter.state, func.count()).group_by(Letter.state)).all())


def wishes(text):
    found = [
        (match.start(), match[0], workshop)
        for workshop, words in WORKSHOPS.items()
        for match in words.finditer(text.lower())
    ]
    if not found:
        raise Unreadable("no wish that we know")
    return [(wish, workshop) for _, wish, workshop in sorted(found)]


def manners(text):
    """Between 0 and 1: please and thank you help, shouting does not."""
    words = re.findall(r"\w+", text)
    polite = sum(word.lower() in ("please", "thank", "dear") for word in words)
    loud = sum(word.isupper() and len(word) > 2 for word in words)
    return max(0.0, min(1.0, 0.5 + (2 * polite - loud) / (len(words) + 1)))


def answer(letter):
    wanted = wishes(letter.text)
    kind = "is delighted with" if manners(letter.text) > 0.55 else "has read"
    lines = [f"Dear {letter.child},", f"Santa {kind} your letter from {letter.country}."]
    lines += [f"The {workshop} workshop is thinking about your {wish}." for wish, workshop in wanted[:3]]
    return "\n".join([*lines, "Leave a carrot for the reindeer!"])


class Clerk(threading.Thread):
    def __init__(self, number, mailbox):
        super().__init__(name=f"clerk-{number}", daemon=True)
        self.mailbox = mailbox
        self.answered = 0

    def handle(self, letter):
        try:
            self.mailbox.finish(letter, "answered", answer(letter))
            self.answered += 1
        except Unreadable as error:
            log.warning("letter %d of %s: %s", letter.id, letter.child, error)
            self.mailbox.finish(letter, "unreadable")

    def run(self):
        while True:
            try:
                self.mailbox.wait()
                while letter := self.mailbox.take():
                    self.handle(letter)
            except OperationalError:
                log.exception("mailbox")
                time.sleep(0.5)


class Counter(socketserver.StreamRequestHandler):
    """Where the post office hands over."""

    def handle(self):
        for line in self.rfile:
            try:
                told = json.loads(line)
                self.server.mailbox.drop(told["child"], told["country"], told["text"])
            except (ValueError, KeyError) as error:
                log.warning("post office: %r", error)


class PostCounter(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, mailbox):
        super().__init__(("127.0.0.1", 0), Counter)
        self.mailbox = mailbox


def post_office(port):
    rng = random.Random(24)
    toys = "train blocks puzzle sledge bear doll kite costume trumpet robot clock bicycle book atlas crayons".split()
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        for number in range(1 << 40):
            text = f"Dear Santa, I was good. Please bring me a {rng.choice(toys)} and a {rng.choice(toys)}. "
            text += "My sister wants a PONY. " * (number % 3) + "Thank you!"
            letter = {
                "child": f"Kim {number % 977}",
                "country": rng.choice(("Chile", "Finland", "Japan")),
                "text": text,
            }
            line.sendall(json.dumps(letter).encode() + b"\n")
            due += rng.expovariate(LETTERS_PER_SECOND)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    mailbox = Mailbox("letters.db")
    counter = PostCounter(mailbox)
    clerks = [Clerk(number, mailbox) for number in range(CLERKS)]
    for clerk in clerks:
        clerk.start()
    services.outside(lambda: post_office(counter.server_address[1]))
    threading.Thread(target=counter.serve_forever, daemon=True).start()
    time.sleep(1.5)
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(5)
        mailbox.tidy()
        log.info("%s, answered by clerk: %s", mailbox.counts(), [clerk.answered for clerk in clerks])


if __name__ == "__main__":
    main()
