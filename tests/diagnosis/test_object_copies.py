"""Whole objects that are copied are known by what makes the copy, and by what lets go of it."""

import pytest

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, native, window
from perfdoctor.diagnosis.object_copies import copied
from perfdoctor.schemas.frame import Frame

BINARY = "/srv/routes"
INNER = native("std::vector<int>::vector(std::vector<int> const&)", BINARY)
MALLOC = native("malloc", "/lib/x86_64-linux-gnu/libc.so.6")


def line(number: int, function: str = "plan") -> Frame:
    return native(function, BINARY, "/srv/routes.cpp", number)


@pytest.mark.parametrize(
    ("copy", "name"),
    [
        ("Route::Route(Route const&)", "Route"),
        ("shop::Route::operator=(shop::Route const&)", "shop::Route"),
        ("Tree<int>::Tree(Tree<int> const&)", "Tree"),
        ("std::map<int, Stop>::map(std::map<int, Stop> const&)", "std::map"),
        ("std::unordered_map<…>::unordered_map(std::unordered_map<…> const&)", "std::unordered_map"),
        ("std::vector<Stop>::operator=(std::vector<Stop> const&)", "std::vector"),
        ("<shop::Tenant as core::clone::Clone>::clone", "shop::Tenant"),
        ("<alloc::vec::Vec<T,A> as core::clone::Clone>::clone", "alloc::vec::Vec"),
    ],
)
def test_copies(copy: str, name: str) -> None:
    rows = (cpu((MALLOC, INNER, native(copy, BINARY), line(8)), 2.0), cpu((native(copy, BINARY), line(9)), 0.5))
    (found,) = copied(Account(window(samples=rows)))
    assert (found.type, found.place.line, sum(row.seconds for row in found.rows)) == (name, 8, 2.5)


@pytest.mark.parametrize(
    "function",
    [
        "Route::Route(Route&&)",
        "Route::Route(int, Stop const&)",
        "Route::same(Route const&)",
        "std::__cxx11::basic_string<char>::basic_string(std::__cxx11::basic_string<char> const&)",
        "<alloc::string::String as core::clone::Clone>::clone",
        "<alloc::sync::Arc<shop::Tenant> as core::clone::Clone>::clone",
        "std::vector<Route>::push_back(Route const&)",
        "clone",
    ],
)
def test_near_misses(function: str) -> None:
    rows = (cpu((MALLOC, INNER, INNER, native(function, BINARY), line(8)), 2.0),)
    assert not copied(Account(window(samples=rows)))


def test_a_copy_that_a_library_hands_on_is_the_lines() -> None:
    between = (native("core::option::Option<T>::map", BINARY), native("core::option::Option<&T>::cloned", BINARY))
    inner = native("<alloc::string::String as core::clone::Clone>::clone", BINARY)
    clone = native("<shop::Tenant as core::clone::Clone>::clone", BINARY)
    (found,) = copied(Account(window(samples=(cpu((MALLOC, inner, clone, *between, line(8)), 2.0),))))
    assert found.type == "shop::Tenant"


def test_what_lets_go_is_added_to_the_function_that_copies_most() -> None:
    copy = native("Route::Route(Route const&)", BINARY)
    rows = (
        cpu((MALLOC, INNER, copy, line(8)), 2.0),
        cpu((MALLOC, INNER, copy, line(31, "report")), 0.5),
        cpu(
            (native("free", "/lib/x86_64-linux-gnu/libc.so.6"), native("Route::~Route()", BINARY), line(12, "main")),
            0.7,
        ),
        cpu((native("Stop::~Stop()", BINARY), line(14, "main")), 0.4),
    )
    first, second = copied(Account(window(samples=rows)))
    assert (first.place.line, sum(row.seconds for row in first.all_rows)) == (8, pytest.approx(2.7))
    assert (second.place.line, sum(row.seconds for row in second.all_rows)) == (31, pytest.approx(0.5))


def test_a_copy_without_copies_in_it_is_no_deep_one() -> None:
    rows = (cpu((native("memmove", "/lib/libc.so.6"), native("Pixel::Pixel(Pixel const&)", BINARY), line(8)), 2.0),)
    assert not copied(Account(window(samples=rows)))
