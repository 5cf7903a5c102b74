"""Portfolio report: weights, concentration and drift against the targets."""
from dataclasses import dataclass, field


@dataclass
class Holding:
    symbol: str
    units: float
    price: float
    target: float = 0.0

    @property
    def value(self):
        return self.units * self.price


@dataclass
class Portfolio:
    holdings: list = field(default_factory=list)

    @property
    def total(self):
        return sum(h.value for h in self.holdings)  # <- cost hot 88

    def weight(self, holding):
        return holding.value / self.total if self.total else 0.0  # <- cost

    def drift(self):
        return {h.symbol: self.weight(h) - h.target for h in self.holdings}

    def concentration(self):
        return sum(self.weight(h) ** 2 for h in self.holdings)


def rebalance_orders(portfolio, band=0.002):
    total = portfolio.total
    orders = []
    drifts = portfolio.drift()
    for h in portfolio.holdings:
        d = drifts[h.symbol]
        if abs(d) > band and h.price > 0:
            orders.append((h.symbol, -d * total / h.price))
    return orders


def report(portfolio):
    return {
        "hhi": portfolio.concentration(),
        "orders": rebalance_orders(portfolio),
    }
