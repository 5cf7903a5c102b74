"""Which grammar of tree-sitter is a file's, and what the nodes of these grammars are: one table for all languages,
since nodes of the same name mean the same."""

import importlib
import time
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PATIENCE = 5.0
"""seconds; 4 MiB of code take half of it"""
_CHUNK = 64 << 10
_CPP = (".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".inl")
_JS = (".js", ".mjs", ".cjs", ".jsx")
_TS = (".ts", ".mts", ".cts")
_GRAMMARS = {
    **dict.fromkeys((".py", ".pyw"), ("tree_sitter_python", "language")),
    **dict.fromkeys(_JS, ("tree_sitter_javascript", "language")),
    **dict.fromkeys(_TS, ("tree_sitter_typescript", "language_typescript")),
    ".tsx": ("tree_sitter_typescript", "language_tsx"),
    ".go": ("tree_sitter_go", "language"),
    ".java": ("tree_sitter_java", "language"),
    ".rs": ("tree_sitter_rust", "language"),
    ".c": ("tree_sitter_c", "language"),
    **dict.fromkeys(_CPP, ("tree_sitter_cpp", "language")),
}
FUNCTIONS = words(
    "function_definition function_item function_declaration generator_function_declaration generator_function"
    " method_declaration constructor_declaration method_definition arrow_function function_expression lambda"
    " lambda_expression closure_expression func_literal"
)
CLASSES = words("class_definition class_declaration class_specifier class")
TYPES = CLASSES | words("struct_specifier struct_item type_spec record_declaration")
COMPREHENSIONS = words("list_comprehension set_comprehension dictionary_comprehension generator_expression")
LOOPS = COMPREHENSIONS | words(
    "for_statement for_in_statement enhanced_for_statement for_range_loop for_expression while_statement"
    " while_expression do_statement loop_expression"
)
IFS = words("if_statement if_expression")
BLOCKS = words("block statement_block compound_statement statement_list")
LEAVES = words(
    "return_statement return_expression break_statement break_expression continue_statement continue_expression"
    " raise_statement throw_statement pass_statement"
)
COMPARISONS = words("binary_expression comparison_operator binary_operator boolean_operator")
COMPARES_BY = words("== === != !== < > <= >= <=>") | {"is not", "is"}
JOINS_ANSWERS = words("&& || and or + | &")
NOTHING = words("nil null None NULL nullptr undefined")
WRAPS = words("parenthesized_expression type_cast_expression cast_expression as_expression")
CONDITIONALS = words("conditional_expression ternary_expression")
CALLS = words("call call_expression method_invocation object_creation_expression new_expression")
MEMBERS = words("attribute member_expression field_access selector_expression field_expression")
POINTED = words("pointer_expression")
INDEXED = words("subscript subscript_expression index_expression array_access")
NAMES = words("identifier self this shorthand_property_identifier_pattern shorthand_field_identifier")
REFERENCES = NAMES | MEMBERS | words("method_reference scoped_identifier")
"""a function that is named, and not called"""
LISTS = words(
    "list tuple dictionary set array array_expression object initializer_list array_initializer literal_value"
)
ASSIGNMENTS = words(
    "assignment named_expression variable_declarator assignment_expression short_var_declaration assignment_statement"
    " var_spec const_spec let_declaration let_condition init_declarator const_item static_item"
)
STEPS = words(
    "update_expression inc_statement dec_statement augmented_assignment augmented_assignment_expression"
    " compound_assignment_expr"
)
TARGETS = ("left", "name", "pattern", "declarator", "argument")
"""the fields in which assignments and steps have what they give a value"""

TAKES_BY_INDEX = words("get at charAt charCodeAt codePointAt nth elementAt get_unchecked byteAt")
BEGINS = words("begin data iter_mut as_mut_slice")
"""methods that hand out the elements of something to be changed"""
TAKES_OUT = words(
    "pop popleft pop_front pop_back popFirst shift poll pollFirst front remove removeFirst dequeue take get recv next"
)
"""methods that take the next piece of work out of a line"""
SEEKS = words(
    "find findIndex findLast findLastIndex filter some every any all position rposition find_map min_by min_by_key"
    " max_by max_by_key anyMatch allMatch noneMatch find_if count_if any_of none_of all_of min max removeIf retain"
    " remove_if IndexFunc ContainsFunc min_element max_element take_while skip_while takeWhile dropWhile next"
)
"""functions and methods that ask what they are handed of one element after the other"""
ASKS_OF_EACH = words("any all sum")
"""functions of Python that are handed an answer, or a number, of each element"""
RANKS = words("min max min_by max_by min_by_key max_by_key")
CALLS_FOR_EACH = SEEKS | words(
    "forEach map flatMap flat_map for_each filter_map fold reduce mapToInt mapToLong mapToDouble transform"
)
ADDS = words(
    "append appendleft extend extend_from_slice add addAll addFirst addLast push push_back push_front emplace"
    " emplace_back insert put putIfAbsent computeIfAbsent set setdefault update offer unshift store Store Set Add"
    " PushBack PushFront"
)
"""methods that put something into a collection"""
LITERALS = words("array object list dictionary set") | COMPREHENSIONS
LISTENS = words("on addListener prependListener addEventListener subscribe")
"""methods that keep a function until it is taken out again"""
SCHEDULES = words("schedule scheduleAtFixedRate scheduleWithFixedDelay")
"""methods of Java that keep what they are given until its time has come"""
COLLECTIONS = words(
    "list dict set deque defaultdict OrderedDict Counter Map Set WeakMap WeakSet Array HashMap TreeMap LinkedHashMap"
    " ConcurrentHashMap ArrayList LinkedList HashSet TreeSet ArrayDeque"
)
"""classes of collections"""
REMOVES = words(
    "clear delete remove removeAll removeIf removeFirst removeLast pop popleft popitem pop_back pop_front poll shift"
    " splice discard erase evict retain truncate drain take Delete Remove off removeListener removeAllListeners"
    " removeEventListener unsubscribe"
)
"""methods that take something out of one"""
TAKES_WORK = words("get take recv receive accept")
"""methods that wait for the next piece of work, where they are given nothing"""
SLEEPS = words("sleep usleep nanosleep clock_nanosleep parkNanos parkUntil sleep_for sleep_until park_timeout Sleep")
COMPARES = words(
    "equals equalsIgnoreCase contentEquals Equal EqualFold eq ne compare compareTo cmp strcmp strncmp strcasecmp memcmp"
    " startsWith endsWith startswith endswith HasPrefix HasSuffix starts_with ends_with isSame is_same"
)
SELF = frozenset(("self", "this"))
"""the object whose method it is, in languages in which this name is a word of theirs, or always the same"""
HOLDS = words(
    "Contains contains holds Holds covers Covers encloses includes Includes overlaps Overlaps intersects Intersects"
    " supernet_of subnet_of isInside is_inside"
)
"""methods by which an element that is a range of something is asked about one thing"""
ORDERS = words("After Before isAfter isBefore after before")
"""methods that ask which of two comes first"""


def is_known(file: str) -> bool:
    """Whether a file is in a language that is known here, by its name."""
    return _suffix(file) in _GRAMMARS


def is_javascript(file: str) -> bool:
    """Whether it is JavaScript or TypeScript."""
    return _suffix(file) in (*_JS, *_TS, ".tsx")


def leaves_out_this(file: str) -> bool:
    """Whether methods name what belongs to their object without naming the object."""
    return file.endswith((".java", *_CPP))


def fills_arguments(file: str) -> bool:
    """Whether a function puts what it finds into an argument."""
    return file.endswith((".c", ".rs", *_CPP))


def makes_by_index(file: str) -> bool:
    """Whether a map that is asked for a key makes what is not there."""
    return file.endswith(_CPP)


def has_channels(file: str) -> bool:
    """Whether a language sends through channels by methods: Rust."""
    return file.endswith(".rs")


def frees(file: str) -> bool:
    """Whether a language frees what it has made by calls: C."""
    return file.endswith((".c", ".h"))


def parse(file: str, text: bytes) -> "Node | None":
    """The root of a tree of a file that is known; None where that takes too long, as text that is no code does."""
    from tree_sitter import Parser

    until = time.monotonic() + _PATIENCE
    with suppress(ValueError):
        tree = Parser(_language(*_GRAMMARS[_suffix(file)])).parse(
            lambda at, _: text[at : at + _CHUNK], progress_callback=lambda _at, _has_error: time.monotonic() > until
        )
        return tree.root_node
    return None


def _suffix(file: str) -> str:
    return PurePosixPath(file).suffix.lower()


@cache
def _language(module: str, function: str) -> "Language":
    from tree_sitter import Language

    return Language(getattr(importlib.import_module(module), function)())
