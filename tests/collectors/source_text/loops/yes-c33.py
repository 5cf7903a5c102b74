from decimal import Decimal


class Account:
    def __init__(self, ledger, number):
        self.ledger = ledger
        self.number = number

    @property
    def balance(self):
        return sum(
            (e.amount for e in self.ledger.entries if e.account == self.number),  # <- 0
            Decimal(0),
        )

    def overdrawn(self):
        return self.balance < 0  # <- 1


class Ledger:
    def __init__(self):
        self.entries = []
        self.accounts = {}

    def post(self, entry):
        if entry.account not in self.accounts:
            self.accounts[entry.account] = Account(self, entry.account)
        self.entries.append(entry)

    def warnings(self):
        return [a.number for a in self.accounts.values() if a.overdrawn()]  # <- 2 outer
