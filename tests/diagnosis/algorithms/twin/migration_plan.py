"""Orders database migrations so that each runs after what it depends on."""
import tomllib
from collections import defaultdict, deque
from pathlib import Path


class CycleError(RuntimeError):
    pass


class Migration:
    def __init__(self, ident, requires, statements):
        self.ident = ident
        self.requires = frozenset(requires)
        self.statements = statements

    @classmethod
    def read(cls, path):
        data = tomllib.loads(path.read_text())
        return cls(data["id"], data.get("requires", []), data["sql"])


def plan(migrations):
    migrations = list(migrations)
    waiting = {m.ident: len(m.requires) for m in migrations}
    followers = defaultdict(list)
    for m in migrations:
        for need in m.requires:  # <- hot 20
            followers[need].append(m)  # <- hot 18
    ready = deque(m for m in migrations if not m.requires)
    ordered = []
    while ready:
        m = ready.popleft()
        ordered.append(m)
        for other in followers[m.ident]:  # <- hot 20
            waiting[other.ident] -= 1  # <- hot 25
            if waiting[other.ident] == 0:
                ready.append(other)
    if len(ordered) < len(migrations):
        raise CycleError(", ".join(k for k, n in waiting.items() if n))
    return ordered


def load_all(folder):
    return [Migration.read(p) for p in sorted(Path(folder).glob("*.toml"))]


def apply_all(connection, folder, already=()):
    applied = set(already)
    for migration in plan(load_all(folder)):
        if migration.ident in applied:
            continue
        with connection:
            for statement in migration.statements:
                connection.execute(statement)
        applied.add(migration.ident)
    return applied
