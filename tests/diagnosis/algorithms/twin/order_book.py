"""Matching engine for a single instrument."""
import heapq
from dataclasses import dataclass
from itertools import count


@dataclass
class Order:
    side: str
    price: int
    qty: int
    seq: int = 0


class Book:
    def __init__(self):
        self.bids = []
        self.asks = []
        self.fills = []
        self._seq = count(1)

    def _rest(self, order):
        if order.side == "buy":
            heapq.heappush(self.bids, (-order.price, order.seq, order))  # <- hot 18
        else:
            heapq.heappush(self.asks, (order.price, order.seq, order))  # <- hot 17

    def _best(self, queue):
        return queue[0][-1]

    def _drop_best(self, queue):
        heapq.heappop(queue)  # <- hot 25

    def submit(self, side, price, qty):
        order = Order(side, price, qty, next(self._seq))
        other = self.asks if side == "buy" else self.bids
        while order.qty and other:
            best = self._best(other)
            crossed = best.price <= price if side == "buy" else best.price >= price
            if not crossed:
                break
            traded = min(order.qty, best.qty)
            order.qty -= traded
            best.qty -= traded
            self.fills.append((order.seq, best.seq, best.price, traded))  # <- hot 8
            if best.qty == 0:
                self._drop_best(other)
        if order.qty:
            self._rest(order)
        return order.seq


def replay(lines):
    book = Book()
    for line in lines:
        side, price, qty = line.split()
        book.submit(side, int(price), int(qty))
    return book.fills
