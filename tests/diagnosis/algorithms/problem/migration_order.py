"""Orders database migrations of plug-ins so that requirements go first."""


class CycleError(Exception):
    pass


def requirements(migrations):
    return {m["id"]: set(m.get("after", ())) for m in migrations}


def ready(pending, applied):
    return [m for m, needs in pending.items() if needs <= applied]  # <- cost hot 86


def plan(migrations):
    pending = requirements(migrations)
    applied = set()
    order = []
    while pending:
        batch = ready(pending, applied)  # <- cost
        if not batch:
            raise CycleError(sorted(pending))
        first = min(batch)
        order.append(first)
        applied.add(first)
        del pending[first]
    return order


def describe(order, migrations):
    titles = {m["id"]: m.get("title", "") for m in migrations}
    for number, mid in enumerate(order, 1):
        yield f"{number:04d} {mid} {titles[mid]}"


def apply_all(connection, migrations):
    scripts = {m["id"]: m["sql"] for m in migrations}
    for mid in plan(migrations):
        connection.executescript(scripts[mid])
