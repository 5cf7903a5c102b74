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
    _balances: dict[str, Decimal] = field(default_factory=dict)

    def balance(self, account: str) -> Decimal:
        return self._balances.get(account, Decimal(0))  # <- hot 20

    def post(self, posting: Posting) -> Decimal:
        after = self.balance(posting.account) + posting.amount  # <- hot 25
        floor = self.limits.get(posting.account, Decimal(0))  # <- hot 20
        if after < -floor:
            raise OverdraftError(posting.account, -floor - after)
        self.postings.append(posting)
        self._balances[posting.account] = after  # <- hot 10
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
