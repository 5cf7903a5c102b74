"""Chooses parcels for a truck: value within a weight limit."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Parcel:
    ref: str
    kilos: int
    fee: int


def best_fees(parcels, capacity):
    best = [0] * (capacity + 1)
    taken = []
    for parcel in parcels:
        used = bytearray(capacity + 1)
        kilos, fee = parcel.kilos, parcel.fee
        for room in range(capacity, kilos - 1, -1):  # <- hot 21
            cand = best[room - kilos] + fee  # <- hot 33
            if cand > best[room]:  # <- hot 25
                best[room] = cand
                used[room] = 1  # <- hot 8
        taken.append(used)
    return best, taken


def load(parcels, capacity):
    best, taken = best_fees(parcels, capacity)
    room = capacity
    chosen = []
    for parcel, used in zip(reversed(parcels), reversed(taken)):
        if used[room]:
            chosen.append(parcel)
            room -= parcel.kilos
    return chosen[::-1], best[capacity]


def dispatch(parcels, trucks):
    rest = sorted(parcels, key=lambda p: p.ref)
    plan = {}
    for plate, capacity in trucks:
        chosen, fees = load(rest, capacity)
        gone = {p.ref for p in chosen}
        rest = [p for p in rest if p.ref not in gone]
        plan[plate] = (chosen, fees)
    return plan, rest
