import csv


def read(path):
    with open(path, newline="") as f:
        return [(float(r["ts"]), float(r["px"])) for r in csv.DictReader(f)]


def slippage(trades, quotes):
    costs = []
    for ts, px in trades:  # <- outer
        last = None
        for qts, qpx in quotes:
            if qts > ts:  # <- 0
                break
            last = qpx
        if last is not None:
            costs.append(px - last)
    return sum(costs) / len(costs) if costs else 0.0


def main(day):
    print(day, slippage(read(f"{day}/trades.csv"), read(f"{day}/quotes.csv")))
