"""Names of functions: what they mean, and what is no name."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.demangle import demangled
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.functions import find_functions, must_be_a_name, near_names
from perfdoctor.schemas.problem import ProblemError

HOST = LocalHost()


def test_names_that_people_write() -> None:
    for name in ("malloc", "libz.so.1:deflate", "ns::Cart::total(int)", "json_*", "Cart.total", "operator new[]"):
        must_be_a_name(name)


@given(st.text(max_size=250))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        must_be_a_name(text)
    except ProblemError:
        return
    assert len(text) <= 200 and "/" not in text and "\n" not in text and "`" not in text


def test_a_function_of_this_process() -> None:
    (place,) = find_functions(HOST, os.getpid(), "libc.so:qsort")
    assert place.name == "qsort" and place.module.endswith("libc.so.6") and place.returns
    assert not find_functions(HOST, os.getpid(), "no_such_function_anywhere")
    assert any("qsort" in name for name in near_names(HOST, os.getpid(), "qsor"))
    jumps = find_functions(HOST, os.getpid(), "libc.so:_longjmp")
    assert jumps and not any(place.returns for place in jumps)
    with pytest.raises(ProblemError, match="more than 32"):
        find_functions(HOST, os.getpid(), "str*")


def test_demangling() -> None:
    assert demangled("_ZNK4shop4Cart5totalEi") == "shop::Cart::total(int) const"
    assert demangled("_ZN4core3fmt5write17h0123456789abcdefE") == "core::fmt::write"
    assert demangled("_RNvNtCs1234_7mycrate3foo3bar") == "mycrate::foo::bar"
    trait = "_$LT$shop..Clerk$u20$as$u20$shop..Rests$GT$"
    assert demangled(f"_ZN{len(trait)}{trait}3nap17h0123456789abcdefE") == "<shop::Clerk as shop::Rests>::nap"
    for other in ("malloc", "_Zno", "_Z" + "x" * 5000, "_Z\u00e9"):
        assert demangled(other) == other


def test_go_programs_keep_their_returns(tmp_path: Path) -> None:
    """A program with Go's own table of functions is taken for one."""
    source = tmp_path / "g.c"
    source.write_text(
        '__attribute__((section(".gopclntab"))) int table = 1;\nint work(void) { return table; }\n'
        "int main(void) { return work(); }\n"
    )
    program = tmp_path / "g"
    subprocess.run(["cc", str(source), "-o", str(program)], check=True)
    elf = Elf(str(program))
    assert elf.section(".gopclntab") is not None
    assert "work" in dict(elf.function_symbols())
    elf.close()
