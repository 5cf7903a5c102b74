class Ledger:
    def __init__(self, book):
        self._book = book

    @property
    def postings(self):
        return self._book.journal.postings

    def balance(self, account):
        return sum(p.amount for p in self.postings if p.account == account)  # <- 0

    def row(self, account):
        total = self.balance(account)  # <- 1
        return (account, total, "DR" if total >= 0 else "CR")

    def trial_balance(self):
        rows = map(self.row, self._book.chart)
        return [r for r in rows if r[1]]  # <- 2 outer
