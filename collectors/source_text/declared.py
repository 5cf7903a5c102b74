"""What the text of a file declares names and members to be: ``std::deque<Turn> turns_;``, ``meters []Meter``."""

import re
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMED = ("name", "declarator", "pattern", "left")
"""the fields of a node with a type in which it has what is of that type"""
_IDENTIFIERS = grammar.NAMES | grammar.words("field_identifier property_identifier")
_HOLDS_ONE = re.compile(
    r"(?:\w+(?:::|\.))*(?:unique_ptr|shared_ptr|reference_wrapper|optional|Option|Optional|Arc|Rc|Box|Mutex|RwLock|RefCell)\b"
    r"\s*[<\[]"
)
"""types whose value is one of another type"""
_BEFORE = re.compile(r"(?:(?:const|mut|dyn|final|static|struct|class)\b|[&*\s]|'\w+)+")
_NAME = re.compile(r"(?:\w+(?:::|\.))*(\w+)")
_MAPS = re.compile(r"map\[|\{\s*\[")
"""of Go and TypeScript"""


def types_in(root: "Node") -> dict[str, set[str]]:
    """The types, as they are written, that names and members are declared to have anywhere in a file."""
    found: dict[str, set[str]] = {}
    for each in syntax.within(root, functions=True):
        kind = each.child_by_field_name("type")
        if kind is None or each.type in grammar.CALLS | grammar.FUNCTIONS:
            continue
        for field in _NAMED:
            for named in each.children_by_field_name(field):
                # (of C and Java, brackets may stand behind the name)
                behind = "[]" if "[" in syntax.text_of(named).partition("=")[0] else ""
                text = f"{syntax.text_of(kind)}{behind}"
                for name in _declared(named):
                    found.setdefault(name, set()).add(text.strip(" :"))
        if each.type == "typed_parameter":  # (Python)
            found.setdefault(syntax.text_of(each.named_children[0]), set()).add(syntax.text_of(kind))
    return found


def _declared(named: "Node") -> set[str]:
    """The names in a declarator, without those of its value or its parameters."""
    for _ in range(syntax.DEEPEST):
        inner = syntax.first_field(named, "declarator", "name")
        if inner is None:
            break
        named = inner
    if named.type in grammar.MEMBERS:
        return {syntax.member_name(named)}
    if named.type in _IDENTIFIERS:
        return {syntax.text_of(named)}
    return {syntax.text_of(each) for each in named.named_children if each.type in _IDENTIFIERS}


def class_in(kind: str) -> str:
    """The class of what a type says: ``deque`` of ``std::deque<Turn>``, ``Line`` of ``const Line &`` and of
    ``Arc<Mutex<Line>>``; empty for one without a name, as an array is."""
    for _ in range(syntax.DEEPEST):
        kind = kind[held.end() :] if (held := _BEFORE.match(kind)) else kind
        if not (held := _HOLDS_ONE.match(kind)):
            break
        kind = kind[held.end() :]
    return "" if (name := _NAME.match(kind)) is None or kind.rstrip().endswith("[]") else name[1]


def is_map(kind: str) -> bool:
    """Whether a type says that what it is of finds values by any key, so that it grows with each new one."""
    return bool(_MAPS.search(kind)) or bool(re.search(r"map|dict|record|counter", class_in(kind), re.IGNORECASE))
