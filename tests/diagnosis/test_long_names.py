"""Long names of C++ and Rust lose what their templates are of, and keep what they do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.schemas.long_names import fitting

TEXT = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"


@pytest.mark.parametrize(
    ("name", "limit", "shown"),
    [
        ("shop::Cart<int>::total() const", 60, "shop::Cart<int>::total() const"),
        (f"std::map<int, std::vector<{TEXT} > >::clear()", 60, "std::map<int, std::vector<…> >::clear()"),
        (f"std::vector<{TEXT}>::push_back({TEXT} const&)", 80,
         "std::vector<…>::push_back(std::__cxx11::basic_string<…> const&)"),
        ("Matrix<double, 1200, 1200>& operator<<(Matrix<double, 1200, 1200>&, int)", 50,
         "Matrix<…>& operator<<(Matrix<…>&, int)"),
        ("bool operator< <shop::Route, shop::Stop>(shop::Route const&)", 50, "bool operator< <…>(shop::Route const&)"),
        ("Handle<Row, Column>::operator->() const [clone .cold]", 45, "Handle<…>::operator->() const [clone .cold]"),
        ("<alloc::vec::Vec<shop::Stop, Global> as core::clone::Clone>::clone", 60,
         "<alloc::vec::Vec<…> as core::clone::Clone>::clone"),
        ("<core::iter::adapters::zip::Zip<A, B> as core::iter::traits::iterator::Iterator>::fold", 60,
         "<core::iter::adapters::zip::Zip<…> as core::iter::traits::iterator::Iterator>::fold"),
        ("a < b and not closed, which is no name of a template", 20,
         "a < b and not closed, which is no name of a template"),
        ("turned > round < a bit too long for it", 10, "turned > round < a bit too long for it"),
    ],
)  # fmt: skip
def test_what_templates_are_of_goes_first(name: str, limit: int, shown: str) -> None:
    assert fitting(name, limit) == shown


@given(st.text(alphabet="ab<>:-(), operat…", max_size=300), st.integers(1, 120))
def test_a_name_is_never_made_longer(name: str, limit: int) -> None:
    shown = fitting(name, limit)
    assert len(shown) <= max(limit, len(name))
    assert fitting(shown, limit) == shown or len(fitting(shown, limit)) <= len(shown)
