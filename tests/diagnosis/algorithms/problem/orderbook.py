"""Limit order book of the exchange simulator."""
from itertools import count


class Side:
    """One side of the book; sign is -1 for bids, +1 for asks."""

    def __init__(self, sign):
        self.sign = sign
        self.orders = []
        self.serial = count()

    def add(self, price, qty, owner):
        self.orders.append([self.sign * price, next(self.serial), qty, owner])
        self.orders.sort(key=lambda o: (o[0], o[1]))  # <- cost hot 79

    def best(self):
        return self.orders[0] if self.orders else None

    def drop_best(self):
        self.orders.pop(0)  # <- cost hot 7


class Book:
    def __init__(self):
        self.bids, self.asks = Side(-1), Side(+1)
        self.trades = []

    def submit(self, buy, price, qty, owner):
        own, other = (self.bids, self.asks) if buy else (self.asks, self.bids)
        while qty and (top := other.best()):
            limit = abs(top[0])
            if (limit > price) if buy else (limit < price):
                break
            fill = min(qty, top[2])
            self.trades.append((top[3], owner, limit, fill))
            qty -= fill
            top[2] -= fill
            if not top[2]:
                other.drop_best()
        if qty:
            own.add(price, qty, owner)


def simulate(orders):
    book = Book()
    for order in orders:
        book.submit(*order)
    return book.trades
