"""Which function of a library holds the time below a line of the user's code."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.concentration import Holder, holder
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, library, native, python, window
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame

SITE = "/srv/.venv/lib/python3.11/site-packages/"
LINE = python(18, "count")


def site(file: str, function: str, line: int = 7) -> Frame:
    return python(line, function, SITE + file)


def held(*rows: CpuRow) -> Holder | None:
    return holder(Account(window(samples=rows)), rows)


def test_the_innermost_function_that_holds_most_is_named() -> None:
    outer, repaired = site("tornado/httputil.py", "parse_cookie"), site("tornado/httputil.py", "_unquote_cookie")
    found = held(
        cpu((repaired, outer, LINE), 3.0),
        cpu((library("re/__init__.py", "match"), repaired, outer, LINE), 5.0),
        cpu((outer, LINE), 1.0),
        cpu((LINE,), 1.0),
    )
    assert found is not None
    assert (found.function, found.file, found.package) == ("_unquote_cookie", "tornado/httputil.py", "tornado")
    assert found.share == 0.8


def test_a_function_is_not_named_where_none_holds_most() -> None:
    parts = [site("shop/steps.py", f"step_{number}") for number in range(4)]
    outer = site("shop/steps.py", "run")
    found = held(*(cpu((part, outer, LINE), 1.0) for part in parts))
    assert found is not None and found.function == "run"
    assert held(cpu((LINE,), 6.0), cpu((parts[0], LINE), 4.0)) is None


def test_what_a_function_builds_on_the_way_is_its_own() -> None:
    inner = site("networkx/tournament.py", "is_reachable.<locals>.two_neighborhood.<locals>.<genexpr>")
    middle = site("networkx/tournament.py", "is_reachable.<locals>.two_neighborhood")
    found = held(cpu((inner, middle, LINE), 1.0), cpu((middle, LINE), 1.0))
    assert found is not None and found.function == "is_reachable.two_neighborhood" and found.share == 1.0


def test_the_standard_library_is_named_where_nothing_else_holds_most() -> None:
    found = held(cpu((library("textwrap.py", "TextWrapper.wrap"), LINE), 5.0))
    assert found is not None and str(found) == "`TextWrapper.wrap` (`textwrap.py`)"
    assert found.package == "" and found.advice == ""


def test_generated_code_is_passed_over() -> None:
    generated = python(3, "argmap_find", "<class 'networkx.utils.decorators.argmap'> compilation 4")
    real = site("networkx/paths.py", "find")
    found = held(cpu((generated, real, LINE), 2.0))
    assert found is not None and found.function == "find"


def test_a_finding_says_which_function_of_the_library_it_is() -> None:
    regex = native("sre_ucs1_match")
    stack = (library("re/__init__.py", "match"), site("jinja2/utils.py", "urlize"), LINE)
    (finding,) = diagnose(window(samples=(cpu(stack, 9.0, leaf=(regex,)),))).findings
    assert "`urlize` (`jinja2/utils.py`)" in finding.title
    assert "`jinja2`" in finding.fix
    assert finding.location is not None and finding.location.line == 18
