"""Order in which pending rows are written, so that foreign keys hold."""
from collections import defaultdict


class CircularDependency(Exception):
    def __init__(self, nodes):
        super().__init__(f"circular dependency among {len(nodes)} nodes")
        self.nodes = nodes


def sort_as_subsets(pairs, allitems):
    """Yields lists of items; each rests only upon items of earlier lists."""
    parents_of = defaultdict(set)
    for parent, child in pairs:
        parents_of[child].add(parent)
    todo = list(allitems)
    open_items = set(todo)
    while open_items:
        ready = [item for item in todo if open_items.isdisjoint(parents_of[item])]  # <- cost hot 68
        if not ready:
            raise CircularDependency(open_items)
        open_items.difference_update(ready)
        todo = [item for item in todo if item in open_items]  # <- cost hot 26
        yield ready


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
                parent = self.rows.get((table, row.parent_ident))
                if parent is not None and parent is not row:
                    yield parent, row

    def execute(self, connection):
        for row in sort(list(self._pairs()), self.rows.values()):
            connection.insert(row.table, row.ident, row.parent_ident)
        self.rows.clear()
