"""Order in which pending rows are written, so that foreign keys hold."""
from collections import defaultdict


class CircularDependency(Exception):
    def __init__(self, nodes):
        super().__init__(f"circular dependency among {len(nodes)} nodes")
        self.nodes = nodes


def sort_as_subsets(pairs, allitems):
    """Yields lists of items; each rests only upon items of earlier lists."""
    todo = list(allitems)
    known = set(todo)
    children_of = defaultdict(list)
    missing = dict.fromkeys(todo, 0)
    for parent, child in set(pairs):  # <- hot 15
        if parent in known and child in known:
            children_of[parent].append(child)  # <- hot 16
            missing[child] += 1
    ready = [item for item in todo if not missing[item]]
    left = len(missing)
    while ready:
        yield ready
        left -= len(ready)
        following = []
        for item in ready:
            for child in children_of[item]:
                missing[child] -= 1  # <- hot 13
                if not missing[child]:
                    following.append(child)
        ready = following
    if left:
        raise CircularDependency({item for item, n in missing.items() if n})


def sort(pairs, allitems):
    for subset in sort_as_subsets(pairs, allitems):
        yield from subset


class SaveRow:
    __slots__ = ("table", "ident", "parent_ident")

    def __init__(self, table, ident, parent_ident=None):
        self.table = table
        self.ident = ident
        self.parent_ident = parent_ident


class FlushContext:
    def __init__(self):
        self.rows = {}

    def register(self, row):
        self.rows[row.table, row.ident] = row

    def _pairs(self):
        for (table, _), row in self.rows.items():
            if row.parent_ident is not None:
                parent = self.rows.get((table, row.parent_ident))  # <- hot 29
                if parent is not None and parent is not row:
                    yield parent, row

    def execute(self, connection):
        for row in sort(list(self._pairs()), self.rows.values()):
            connection.insert(row.table, row.ident, row.parent_ident)
        self.rows.clear()
