"""A small document tree, and the handler which builds it from parser events."""


class Node:
    parent_node = None
    owner_document = None

    def __init__(self):
        self.child_nodes = []  # <- hot 31
        self.previous_sibling = self.next_sibling = None

    @property
    def last_child(self):
        return self.child_nodes[-1] if self.child_nodes else None

    def append_child(self, node):
        if node.parent_node is not None:
            node.parent_node.remove_child(node)
        last = self.last_child
        if last is not None:
            node.previous_sibling = last
            last.next_sibling = node
        self.child_nodes.append(node)  # <- hot 12
        node.parent_node = self
        _clear_id_cache(self)
        return node

    def remove_child(self, node):
        self.child_nodes.remove(node)
        node.parent_node = None
        _clear_id_cache(self)


class Text(Node):
    def __init__(self, data):
        super().__init__()
        self.data = data


class Element(Node):
    def __init__(self, tag, attrs):
        super().__init__()
        self.tag = tag
        self.attrs = attrs


class Document(Node):
    def __init__(self):
        super().__init__()
        self.id_cache = {}
        self.owner_document = self

    def create(self, tag, attrs):
        element = Element(tag, dict(attrs))  # <- hot 20
        element.owner_document = self
        return element


def _clear_id_cache(node):
    document = node.owner_document
    if document is not None and document.id_cache:
        document.id_cache.clear()


class TreeHandler:
    def __init__(self):
        self.document = Document()
        self.current = self.document

    def start(self, tag, attrs):
        self.current = self.current.append_child(self.document.create(tag, attrs))  # <- hot 14

    def end(self, tag):
        self.current = self.current.parent_node

    def data(self, text):
        node = Text(text)
        node.owner_document = self.document
        self.current.append_child(node)
