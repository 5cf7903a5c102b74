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
        return sum(h.value for h in self.holdings)  # <- hot 41

    def weights(self):
        total = self.total
        if not total:
            return [0.0] * len(self.holdings)
        return [h.value / total for h in self.holdings]  # <- hot 29

    def drift(self):
        pairs = zip(self.holdings, self.weights())
        return {h.symbol: w - h.target for h, w in pairs}  # <- hot 17

    def concentration(self):
        return sum(w * w for w in self.weights())


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
