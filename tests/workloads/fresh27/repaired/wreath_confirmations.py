# expect: healthy bench
"""Sends the confirmations of a wreath binder's web shop through the company's mail relay.

Orders come in from the shop all day; a few threads write a mail for each and hand it to the relay. What the relay
refuses is kept in a file for the office.

Measured: a mail is handed over 0.048 s after its order came (40 a second); in the repaired program after 0.009 s.
"""

import logging
import os
import queue
import random
import smtplib
import socketserver
import sys
import threading
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

SENDERS = 4
ORDERS_A_SECOND = 40
OUR_NAME = "orders.wreaths.internal"
ACCOUNT = ("confirmations", "holly-and-ivy")
WREATHS = ("fir", "holly", "ivy", "larch", "dried hydrangea", "oak leaf", "juniper", "laurel")

log = logging.getLogger("wreath_confirmations")


class Relay(socketserver.StreamRequestHandler):
    """The company's mail relay: it checks who comes, asks the directory for the account, and queues what it gets."""

    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        time.sleep(0.008)
        self.say("220 relay ESMTP")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                self.say("250-relay\r\n250-8BITMIME\r\n250 AUTH PLAIN")
            elif verb == b"AUTH":
                time.sleep(0.03)
                self.say("235 welcome")
            elif verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                time.sleep(0.006)
                self.say("250 queued")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Relays(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


def start_relay():
    server = Relays(("127.0.0.1", 0), Relay)
    services.outside(server.serve_forever)
    return server.server_address[1]


def write_mail(order):
    mail = EmailMessage()
    mail["From"] = "Wreaths <orders@wreaths.example>"
    mail["To"] = order["mail"]
    mail["Subject"] = f"Your order {order['number']}"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain="wreaths.example")
    lines = [f"{pieces} x {kind:<20} {pieces * cents / 100:8.2f}" for kind, pieces, cents in order["lines"]]
    total = sum(pieces * cents for _, pieces, cents in order["lines"]) / 100
    mail.set_content("Thank you for your order.\n\n" + "\n".join(lines) + f"\n\ntotal {total:.2f}\n")
    return mail


class Mailer:
    """Hands mails to the relay; one for each thread."""

    def __init__(self, port):
        self.port = port
        self.smtp = None

    def connect(self):
        self.smtp = smtplib.SMTP("127.0.0.1", self.port, local_hostname=OUR_NAME, timeout=10)
        self.smtp.login(*ACCOUNT)

    def send(self, mail):
        if self.smtp is None:
            self.connect()
        try:
            self.smtp.send_message(mail)
        except smtplib.SMTPServerDisconnected:  # (the relay ends a connection that rests)
            self.connect()
            self.smtp.send_message(mail)


def send_confirmations(orders, port):
    mailer = Mailer(port)
    while True:
        order = orders.get()
        try:
            mailer.send(write_mail(order))
        except (OSError, smtplib.SMTPException) as error:
            with open("refused.txt", "a", encoding="utf-8") as file:
                file.write(f"{order['number']} {order['mail']} {error}\n")
        else:
            log.info("%d confirmed after %.3f s", order["number"], time.monotonic() - order["came"])


def shop_order(number, chance):
    lines = [(kind, chance.randint(1, 5), chance.randint(900, 6900)) for kind in chance.sample(WREATHS, 3)]
    return {"number": number, "mail": f"customer{number}@example.org", "lines": lines, "came": time.monotonic()}


def take_orders(orders):
    """The shop's orders, as they come."""
    chance = random.Random(12)
    due = time.monotonic()
    for number in range(1, 1 << 40):
        orders.put(shop_order(number, chance))
        due += 1 / ORDERS_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(filename="mails.log", level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    port = start_relay()
    orders = queue.Queue(maxsize=1000)
    for number in range(SENDERS):
        threading.Thread(target=send_confirmations, args=(orders, port), name=f"sender-{number}", daemon=True).start()
    threading.Timer(1.0, lambda: print("ready", os.getpid(), flush=True)).start()
    take_orders(orders)


if __name__ == "__main__":
    main()
