import datetime as dt
import re
from decimal import Decimal, InvalidOperation

LINE = re.compile(r"^(?P<date>\S+)\s+(?P<account>\S+)\s+(?P<amount>-?[\d.,]+)\s+(?P<memo>.*)$")


class Problem:
    def __init__(self, lineno, text, reason):
        self.lineno = lineno
        self.text = text
        self.reason = reason

    def __str__(self):
        return "%d: %s (%s)" % (self.lineno, self.reason, self.text[:40])


class Posting:
    __slots__ = ("date", "account", "amount", "memo")

    def __init__(self, date, account, amount, memo):
        self.date = date
        self.account = account
        self.amount = amount
        self.memo = memo


def parse_amount(text):
    return Decimal(text.replace(",", ""))


def parse_statement(text, aliases, problems=[]):  # <- cost
    postings = []
    for lineno, line in enumerate(text.splitlines(), 1):  # <- made 45
        if not line.strip() or line.startswith(";"):
            continue
        match = LINE.match(line)
        if match is None:
            problems.append(Problem(lineno, line, "unparsable"))  # <- made 55 <- cost
            continue
        try:
            amount = parse_amount(match["amount"])
            date = dt.date.fromisoformat(match["date"])
        except (InvalidOperation, ValueError) as exc:
            problems.append(Problem(lineno, line, str(exc)))  # <- cost
            continue
        account = aliases.get(match["account"], match["account"])
        postings.append(Posting(date, account, amount, match["memo"]))
    return postings, problems


def balances(postings):
    totals = {}
    for p in postings:
        totals[p.account] = totals.get(p.account, Decimal(0)) + p.amount
    return totals


class ImportJob:
    def __init__(self, mailbox, db):
        self.mailbox = mailbox
        self.db = db
        self.aliases = {"chk": "assets:checking", "sav": "assets:savings"}
        self.last_summary = None

    def poll(self):
        for message in self.mailbox.unread():
            text = message.attachment_text()
            postings, problems = parse_statement(text, self.aliases)
            with self.db.transaction() as tx:
                rows = [(p.date, p.account, p.amount, p.memo) for p in postings]
                tx.insert_many("postings", rows)
            self.last_summary = balances(postings)
            if problems:
                message.reply("\n".join(str(p) for p in problems[-10:]))
            message.mark_read()
