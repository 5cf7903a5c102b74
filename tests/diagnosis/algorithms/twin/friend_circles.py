"""Groups marketplace accounts that share devices, cards or addresses."""
from itertools import pairwise


class Circles:
    def __init__(self, members):
        self.parent = {m: m for m in members}
        self.size = dict.fromkeys(self.parent, 1)

    def join(self, a, b):
        a, b = self.find(a), self.find(b)  # <- hot 18
        if a == b:
            return
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]

    def find(self, member):
        parent = self.parent
        while parent[member] != member:  # <- hot 30
            parent[member] = parent[parent[member]]  # <- hot 25
            member = parent[member]
        return member

    def groups(self):
        out = {}
        for member in self.parent:
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
