import copy
import json
from pathlib import Path


class Layer:
    def __init__(self, name):
        self.name = name
        self.strokes = []

    def add(self, stroke):
        self.strokes.append(stroke)

    def erase(self, predicate):
        self.strokes = [s for s in self.strokes if not predicate(s)]


class Document:
    def __init__(self, title):
        self.title = title
        self.layers = [Layer("base")]
        self.guides = []

    def snapshot(self):
        return copy.deepcopy(self.layers)  # <- made 100

    def restore(self, layers):
        self.layers = layers


class History:
    def __init__(self, doc):
        self.doc = doc
        self.undo_steps = []  # <- cost
        self.redo_steps = []
        self._group = None

    def begin(self, label):
        if self._group is None:
            self._group = (label, self.doc.snapshot())

    def commit(self):
        if self._group is None:
            return
        self.undo_steps.append(self._group)  # <- cost
        self.redo_steps.clear()
        self._group = None

    def rollback(self):
        if self._group is not None:
            _, layers = self._group
            self.doc.restore(layers)
            self._group = None

    def undo(self):
        if not self.undo_steps:
            return None
        label, layers = self.undo_steps.pop()
        self.redo_steps.append((label, self.doc.layers))
        self.doc.restore(layers)
        return label

    def redo(self):
        if not self.redo_steps:
            return None
        label, layers = self.redo_steps.pop()
        self.undo_steps.append((label, self.doc.layers))
        self.doc.restore(layers)
        return label


class Editor:
    def __init__(self, doc, autosave: Path):
        self.doc = doc
        self.history = History(doc)
        self.autosave = autosave
        self.recent_colors = []

    def stroke(self, layer_index, points, color):
        self.history.begin("stroke")
        self.doc.layers[layer_index].add({"points": points, "color": color})
        self.history.commit()
        if color not in self.recent_colors:
            self.recent_colors.insert(0, color)
            del self.recent_colors[12:]

    def nudge(self, layer_index, dx, dy):
        self.history.begin("nudge")
        for s in self.doc.layers[layer_index].strokes:
            s["points"] = [(x + dx, y + dy) for x, y in s["points"]]
        self.history.commit()

    def save(self):
        data = [{"name": l.name, "strokes": l.strokes} for l in self.doc.layers]
        self.autosave.write_text(json.dumps(data))
