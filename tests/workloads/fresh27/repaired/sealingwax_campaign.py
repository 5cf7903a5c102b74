# expect: healthy bench
"""The campaign mailer of a shop for sealing wax: takes the letters that are due from its outbox (SQLAlchemy, SQLite),
fills in the template and hands them to the mail relay of the house.

Measured: 100 letters a second are due; 25 a second go out (the problem); 100 (the twin).
"""

import os
import smtplib
import socketserver
import sys
import time
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from string import Template

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
from sqlalchemy import ForeignKey, Index, create_engine, insert, literal, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship


class RelayLine(socketserver.StreamRequestHandler):
    """One client at the mail relay, which looks up who calls before it greets."""

    disable_nagle_algorithm = True

    def say(self, words, after=0.0):
        time.sleep(after)
        self.wfile.write(words.encode() + b"\r\n")

    def handle(self):
        self.say("220 relay.example ESMTP", after=0.012)
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                self.say("250-relay.example\r\n250-SIZE 2000000\r\n250 AUTH PLAIN", after=0.002)
            elif verb == b"AUTH":
                self.say("235 2.7.0 welcome", after=0.012)
            elif verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() != b".\r\n":
                    pass
                self.say("250 2.0.0 queued", after=0.001)
            elif verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.1.0 ok")


class Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def mail_relay():
    server = Relay(("127.0.0.1", 0), RelayLine)
    services.outside(server.serve_forever)
    port = server.server_address[1]
    server.socket.close()
    return port


class Base(DeclarativeBase):
    pass


class Subscriber(Base):
    __tablename__ = "subscriber"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    mail: Mapped[str]
    colour: Mapped[str]


class Letter(Base):
    __tablename__ = "letter"
    __table_args__ = (Index("letter_due", "campaign", "state"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign: Mapped[int]
    state: Mapped[str] = mapped_column(default="due")
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    subscriber: Mapped[Subscriber] = relationship()


SENDER = formataddr(("The Wax Room", "letters@wax.example"))
SUBJECT = Template("$name, new sticks in $colour")
WORDS = Template(
    "Dear $name,\n\nfrom Monday on we pour sealing wax in $colour again, in sticks of 22 and 40 grams.\n"
    "As a subscriber you may order two days ahead: https://wax.example/early/$id\n\n"
    + "Seals, spoons and wicks of the last season are reduced until they are gone.\n" * 6
    + "\nThe Wax Room\n"
)
BATCH = 100


class Mailer:
    def __init__(self, host, port, user, secret):
        self.host, self.port, self.user, self.secret = host, port, user, secret

    def connect(self):
        relay = smtplib.SMTP(self.host, self.port, local_hostname="wax.example", timeout=10)
        relay.login(self.user, self.secret)
        return relay

    def deliver(self, messages):
        """Send each; the numbers of those that the relay took."""
        taken = []
        if not messages:
            return taken
        with self.connect() as relay:
            for number, message in messages:
                try:
                    relay.send_message(message)
                    taken.append(number)
                except smtplib.SMTPResponseException:
                    continue
        return taken


def compose(letter):
    reader = letter.subscriber
    words = {"name": reader.name, "colour": reader.colour, "id": letter.id}
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = formataddr((reader.name, reader.mail))
    message["Subject"] = SUBJECT.substitute(words)
    message["Message-ID"] = make_msgid(domain="wax.example")
    message["List-Unsubscribe"] = f"<https://wax.example/leave/{reader.id}>"
    message.set_content(WORDS.substitute(words))
    return message


def send_batch(engine, mailer, campaign):
    with Session(engine) as session:
        due = session.scalars(
            select(Letter)
            .where(Letter.campaign == campaign, Letter.state == "due")
            .options(joinedload(Letter.subscriber))
            .limit(BATCH)
        ).all()
        taken = mailer.deliver([(letter.id, compose(letter)) for letter in due])
        session.execute(
            update(Letter).where(Letter.id.in_(taken)).values(state="sent"),
            execution_options={"synchronize_session": False},
        )
        session.commit()
    return len(due)


def start_campaign(engine, number):
    """One letter to each subscriber."""
    with engine.begin() as line:
        line.execute(
            insert(Letter).from_select(
                ["campaign", "state", "subscriber_id"], select(literal(number), literal("due"), Subscriber.id)
            )
        )


def main():
    engine = create_engine("sqlite:///outbox.db")
    Base.metadata.create_all(engine)
    colours = ("oxblood", "bottle green", "ivory", "midnight")
    with Session(engine) as session:
        session.add_all(
            Subscriber(name=f"Reader {n}", mail=f"reader{n}@post.example", colour=colours[n % 4])
            for n in range(1, 3001)
        )
        session.commit()
    mailer = Mailer("127.0.0.1", mail_relay(), "campaigns", "wax-and-wick")
    campaign = 1
    start_campaign(engine, campaign)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        if not send_batch(engine, mailer, campaign):
            campaign += 1
            start_campaign(engine, campaign)
        due = max(due + 1.0, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
