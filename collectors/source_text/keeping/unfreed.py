"""Of C: where is what was made lost without being freed?

A member is given something new, and what it had is not freed before; or a function frees what it was given, but has
another way out.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax

if TYPE_CHECKING:
    from tree_sitter import Node


def lost_at(function: "Node", made: "Node") -> int:
    """The line of a function that gives what is made there to a member, or a name, which loses it; 0 for none."""
    own = syntax.assigned_in(function)
    for each in syntax.around(made):
        if each.type in grammar.FUNCTIONS:
            break
        target = syntax.target_of(each) if each.type in grammar.ASSIGNMENTS and each != made else None
        if target is None:
            continue
        if target.type not in grammar.MEMBERS:
            lost = _leaves_often(function) and any(is_freed(function, name) for name in syntax.targets_in(target))
        else:
            text = syntax.text_of(target)
            # (what an object that is made here has from its beginning was nothing before, and what grows is the same)
            of_another = not any(own.get(name) for name in syntax.names_in(target))
            lost = of_another and text not in syntax.text_of(made) and not is_freed(function, text)
        if lost:
            return each.start_point[0] + 1
    return 0


def is_freed(function: "Node", text: str) -> bool:
    """Whether a function frees what is written so."""
    calls = (each for each in syntax.calls_in(function) if "free" in syntax.called_name(each).lower())
    return any(syntax.text_of(given) == text for each in calls for given in syntax.arguments_of(each))


def _leaves_often(function: "Node") -> bool:
    """Whether a function has more than one way out."""
    return sum(each.type == "return_statement" for each in syntax.within(function)) > 1
