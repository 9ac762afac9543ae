"""Text of strangers on one line: nothing in it is hidden, and nothing else is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe: 10 µm, Σ = “1”", "Größe: 10 µm, Σ = “1”"),
        ("one\ntwo\r\tthree\x00", "one\\ntwo\\r\\tthree\\x00"),
        ("\x1b[31mred\x9b0m", "\\x1b[31mred\\x9b0m"),
        ("\u202egpj.exe\u2028\u200b\U000e0041", "\\u202egpj.exe\\u2028\\u200b\\U000e0041"),
        (b"caf\xe9".decode(errors="surrogateescape"), "caf\\udce9"),
    ],
    ids=["plain", "lines", "a terminal's commands", "direction and what has no width", "no UTF-8"],
)
def test_what_is_not_seen_becomes_its_escape(text, shown):
    assert visible(text) == shown


@given(st.text(st.characters(codec=None, categories=None)))
def test_every_text_becomes_one_printable_line_that_stays_as_it_is(text):
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    shown.encode()  # any file and any terminal can take it
