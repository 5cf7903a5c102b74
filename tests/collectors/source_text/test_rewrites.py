"""Lines that put a text together of itself and a piece more, by a format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.source_text.shapes.rewrites import rewrites


@pytest.mark.parametrize(
    "line",
    [
        'text = f"{text}{line}\\n"',
        "self.page = f'{self.page}<li>{item}</li>'",
        'page = rf"<ul>{page}"',
        's = "%s%s" % (s, x)',
        's = "{}{}".format(s, x)',
        r'body = format!("{body}{report}\r\n");',
        'self.body = format!("{}{}", self.body, x);',
        r'.fold(String::new(), |body, report| format!("{body}{report}\r\r\n"))',
        r'text = fmt.Sprintf("%s%s\n", text, line)',
        "text = fmt.Sprint(text, line)",
        'text = strings.Join([]string{text, line}, "\\n")',
        'text = String.format("%s%s", text, x);',
        'out = std::format("{}{}", out, x);',
    ],
)
def test_a_text_that_is_made_anew_of_itself(line: str) -> None:
    assert rewrites(line)


@pytest.mark.parametrize(
    "line",
    [
        'name = f"{first} {last}"',
        'key = f"{prefix}:{key2}"',
        'x = format!("{y}{z}")',
        'text = fmt.Sprintf("%s%s", a, text2)',
        's = "%d" % n',
        ".fold(0, |a, b| a + b)",
        'if page == f"{page}": pass  # no assignment',
        "text = `${text}${line}`",
    ],
)
def test_other_texts(line: str) -> None:
    assert not rewrites(line)


@given(st.text(max_size=2000))
def test_any_text_is_read_to_an_end(line: str) -> None:
    assert rewrites(line) in (True, False)
