# expect: pattern=hot-loop bench
"""Fare features for the Ferris wheels of eleven seaside towns.

Twice a second the gate export of the last rides is fetched from the ticketing system as CSV, each ride gets the
features that the demand model trains on (net fare, discount share, dwell, weather discomfort, a band), and the sums
by wheel and band go to the feature table.

Measured: 0.50 cores with the problem, 0.03 repaired, for 12,000 rides a second.
"""

import io
import os
import sqlite3
import sys
import time

import numpy as np
import pandas as pd
import requests

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

RIDES_PER_EXPORT = 6000
PERIOD = 0.5
TARIFF = {"adult": 9.5, "child": 6.0, "senior": 7.0, "family": 24.0, "staff": 0.0}


def make_exports(number):
    """What the ticketing system hands out: some exports, as CSV."""
    rng = np.random.default_rng(11)
    exports = []
    for _ in range(number):
        rides = pd.DataFrame(
            {
                "wheel": rng.integers(1, 38, RIDES_PER_EXPORT),
                "ticket": rng.choice(list(TARIFF), RIDES_PER_EXPORT, p=[0.45, 0.3, 0.12, 0.1, 0.03]),
                "voucher": np.round(rng.choice([0, 0, 0, 1.5, 3.0, 12.0], RIDES_PER_EXPORT), 2),
                "queued": rng.integers(20, 2600, RIDES_PER_EXPORT),
                "boarded": rng.integers(300, 900, RIDES_PER_EXPORT),
                "temperature": np.round(rng.normal(17, 7, RIDES_PER_EXPORT), 1),
                "wind": np.round(rng.gamma(2.0, 3.0, RIDES_PER_EXPORT), 1),
                "evening": rng.integers(0, 2, RIDES_PER_EXPORT),
            }
        )
        exports.append(rides.to_csv(index=False).encode())
    return exports


def ticketing_system():
    exports = make_exports(12)

    def answer(path):
        return exports[int(path.rpartition("/")[2]) % len(exports)]

    return services.http_service(answer)


def fare_features(rides):
    """The features of each ride, beside the columns of the export."""
    net, discount, dwell, discomfort, band = [], [], [], [], []
    for _, ride in rides.iterrows():  # <- cost
        price = TARIFF[ride["ticket"]] * (1.2 if ride["evening"] else 1.0)  # <- cost
        paid = max(price - ride["voucher"], 0.0)  # <- cost
        net.append(paid)
        discount.append((price - paid) / price if price else 0.0)
        dwell.append((ride["queued"] + ride["boarded"]) / 60)  # <- cost
        cold = max(14 - ride["temperature"], 0) * 0.6  # <- cost
        discomfort.append(cold + max(ride["wind"] - 6, 0) * 0.9)  # <- cost
        if paid == 0:
            band.append("free")
        elif paid < 6:
            band.append("low")
        elif paid < 11:
            band.append("regular")
        else:
            band.append("premium")
    return rides.assign(net=net, discount=discount, dwell=dwell, discomfort=discomfort, band=band)


def aggregate(rides):
    """Sums by wheel and band, as the feature table wants them."""
    by_band = rides.groupby(["wheel", "band"], sort=False).agg(
        rides=("net", "size"),
        net=("net", "sum"),
        discount=("discount", "mean"),
        dwell=("dwell", "mean"),
        discomfort=("discomfort", "max"),
    )
    return by_band.reset_index()


class FeatureTable:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS fares (wheel INTEGER, band TEXT, rides INTEGER, net REAL, discount REAL,"
            " dwell REAL, discomfort REAL, PRIMARY KEY (wheel, band)) WITHOUT ROWID"
        )

    def store(self, by_band):
        rows = list(by_band.itertuples(index=False, name=None))
        with self.database:
            self.database.executemany("INSERT OR REPLACE INTO fares VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def run_export(session, port, number, table):
    body = session.get(f"http://127.0.0.1:{port}/exports/{number}", timeout=5).content
    rides = pd.read_csv(io.BytesIO(body))
    rides = fare_features(rides)  # <- cost
    table.store(aggregate(rides))


def main():
    port = ticketing_system()
    session = requests.Session()
    table = FeatureTable("fares.db")
    run_export(session, port, 0, table)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    number = 0
    while True:
        number += 1
        run_export(session, port, number, table)
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
