TRANSACTIONS = []


class Wallet:
    def __init__(self, owner):
        self.owner = owner

    @property
    def balance(self):
        total = 0
        for t in TRANSACTIONS:
            if t.to == self.owner:  # <- 0
                total += t.amount
            elif t.sender == self.owner:
                total -= t.amount
        return total


def in_debt(wallets):
    return [w.owner for w in wallets if w.balance < 0]  # <- 1 outer


def warn(wallets, mailer):
    for owner in in_debt(wallets):
        mailer.send(owner, "Your balance is below zero")
