"""Double-entry journal with overdraft control."""
from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Iterable


@dataclass(frozen=True)
class Posting:
    account: str
    amount: Decimal
    memo: str = ""


class OverdraftError(Exception):
    def __init__(self, account: str, missing: Decimal):
        super().__init__(f"{account} short by {missing}")
        self.account = account
        self.missing = missing


@dataclass
class Journal:
    limits: dict[str, Decimal] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)

    def balance(self, account: str) -> Decimal:
        total = Decimal(0)
        for p in self.postings:  # <- cost hot 40
            if p.account == account:  # <- hot 45
                total += p.amount  # <- hot 5
        return total

    def post(self, posting: Posting) -> Decimal:
        after = self.balance(posting.account) + posting.amount  # <- cost
        floor = self.limits.get(posting.account, Decimal(0))
        if after < -floor:
            raise OverdraftError(posting.account, -floor - after)
        self.postings.append(posting)
        return after

    def transfer(self, src: str, dst: str, amount: Decimal, memo: str = "") -> None:
        self.post(Posting(src, -amount, memo))
        self.post(Posting(dst, amount, memo))


def settle(journal: Journal, instructions: Iterable[tuple[str, str, str]]) -> list[str]:
    rejected = []
    for src, dst, raw in instructions:
        try:
            journal.transfer(src, dst, Decimal(raw), memo="settlement")
        except OverdraftError as exc:
            rejected.append(f"{src}->{dst}: {exc}")
    return rejected
