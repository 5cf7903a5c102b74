from dataclasses import dataclass, field
from decimal import Decimal
from typing import List


class InsufficientFunds(Exception):
    pass


@dataclass
class Entry:
    day: int
    amount: Decimal
    memo: str = ""


@dataclass
class Account:
    number: str
    limit: Decimal = Decimal(0)
    entries: List[Entry] = field(default_factory=list)
    balance: Decimal = Decimal(0)

    def post(self, entry):
        if entry.amount < 0 and self.balance + entry.amount < -self.limit:  # <- hot 17
            raise InsufficientFunds(self.number)
        self.entries.append(entry)
        self.balance += entry.amount  # <- hot 11


class Ledger:
    def __init__(self):
        self.accounts = {}
        self.rejected = []

    def account(self, number):
        if number not in self.accounts:  # <- hot 9
            self.accounts[number] = Account(number)
        return self.accounts[number]

    def apply(self, batch):
        for day, number, amount, memo in batch:
            try:
                self.account(number).post(Entry(day, Decimal(amount), memo))  # <- hot 52
            except InsufficientFunds:
                self.rejected.append((day, number, amount))
        return {n: a.balance for n, a in self.accounts.items()}
