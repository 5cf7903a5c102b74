"""Orders database migrations of plug-ins so that requirements go first."""
from collections import defaultdict
from heapq import heapify, heappop, heappush


class CycleError(Exception):
    pass


def requirements(migrations):
    return {m["id"]: set(m.get("after", ())) for m in migrations}


def plan(migrations):
    needs = requirements(migrations)
    dependants = defaultdict(list)
    missing = {}
    for m, reqs in needs.items():
        missing[m] = len(reqs)
        for req in reqs:
            dependants[req].append(m)  # <- hot 22
    queue = [m for m, n in missing.items() if n == 0]
    heapify(queue)
    order = []
    while queue:
        current = heappop(queue)  # <- hot 15
        order.append(current)
        for dep in dependants[current]:  # <- hot 16
            missing[dep] -= 1  # <- hot 21
            if missing[dep] == 0:
                heappush(queue, dep)
    if len(order) < len(needs):
        raise CycleError(sorted(set(needs) - set(order)))
    return order


def describe(order, migrations):
    titles = {m["id"]: m.get("title", "") for m in migrations}
    for number, mid in enumerate(order, 1):
        yield f"{number:04d} {mid} {titles[mid]}"


def apply_all(connection, migrations):
    scripts = {m["id"]: m["sql"] for m in migrations}
    for mid in plan(migrations):
        connection.executescript(scripts[mid])
