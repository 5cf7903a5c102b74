from math import asin, cos, radians, sin, sqrt


def km(a, b):
    la, lo, lb, lp = map(radians, (a.lat, a.lon, b.lat, b.lon))
    h = sin((lb - la) / 2) ** 2 + cos(la) * cos(lb) * sin((lp - lo) / 2) ** 2  # <- 0
    return 12742 * asin(sqrt(h))


class Dispatcher:
    def __init__(self, lockers):
        self.lockers = lockers

    def closest(self, stop):
        return min(self.lockers, key=lambda locker: km(locker, stop))  # <- 1

    def assign(self, parcels):
        plan = {}
        for parcel in parcels:  # <- outer
            locker = self.closest(parcel.address)  # <- 2
            plan.setdefault(locker.code, []).append(parcel.number)
        return plan
