class Order:
    def __init__(self, number, lines, discount=0.0):
        self.number = number
        self.lines = lines
        self.discount = discount

    def total(self):
        s = 0.0
        for line in self.lines:
            s += line.quantity * line.unit_price * (1 + line.vat)  # <- 0
        return s * (1 - self.discount)


def revenue(orders):
    result = {}
    for o in orders:
        result[o.number] = o.total()  # <- 1
    return result
