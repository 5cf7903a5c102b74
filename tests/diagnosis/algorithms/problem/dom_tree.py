"""A small document tree, and the handler which builds it from parser events."""


class Node:
    parent_node = None
    owner_document = None

    def __init__(self):
        self.child_nodes = []
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
        self.child_nodes.append(node)
        node.parent_node = self
        _clear_id_cache(self)  # <- cost
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
        element = Element(tag, dict(attrs))
        element.owner_document = self
        return element


def _in_document(node):
    while node is not None:
        if isinstance(node, Document):  # <- hot 46
            return True
        node = node.parent_node  # <- cost hot 41
    return False


def _clear_id_cache(node):
    if _in_document(node):  # <- cost
        node.owner_document.id_cache.clear()


class TreeHandler:
    def __init__(self):
        self.document = Document()
        self.current = self.document

    def start(self, tag, attrs):
        self.current = self.current.append_child(self.document.create(tag, attrs))

    def end(self, tag):
        self.current = self.current.parent_node

    def data(self, text):
        node = Text(text)
        node.owner_document = self.document
        self.current.append_child(node)
