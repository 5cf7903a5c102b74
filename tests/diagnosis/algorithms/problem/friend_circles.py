"""Groups marketplace accounts that share devices, cards or addresses."""
from itertools import pairwise


class Circles:
    def __init__(self, members):
        self.label = {m: i for i, m in enumerate(members)}

    def join(self, a, b):
        keep, drop = self.label[a], self.label[b]
        if keep == drop:
            return
        for member, label in self.label.items():  # <- cost hot 55
            if label == drop:  # <- hot 40
                self.label[member] = keep

    def find(self, member):
        return self.label[member]

    def groups(self):
        out = {}
        for member in self.label:
            out.setdefault(self.find(member), []).append(member)
        return [g for g in out.values() if len(g) > 1]


def shared(accounts, attribute):
    owners = {}
    for account in accounts:
        for value in account[attribute]:
            owners.setdefault(value, []).append(account["id"])
    return owners.values()


def suspicious_rings(accounts, attributes=("devices", "cards", "addresses")):
    circles = Circles(a["id"] for a in accounts)
    for attribute in attributes:
        for ids in shared(accounts, attribute):
            for left, right in pairwise(ids):
                circles.join(left, right)
    return sorted(circles.groups(), key=len, reverse=True)
