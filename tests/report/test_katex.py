"""Formulas: rendered when the report is built, or refused by their name."""

import re

import pytest

from harmonium.report.katex import FormulaError, render, stylesheet


@pytest.mark.parametrize("display", [True, False], ids=["on its own line", "in a line"])
def test_a_formula_becomes_html_for_the_eye_and_mathml_for_the_ear(display):
    html = render(r"\sigma_i^2", display=display)
    assert ('class="katex-display"' in html) == display
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML"' in html
    assert "<msubsup>" in html
    assert "$" not in html


def test_an_align_without_a_display_around_it_is_rendered():
    assert "mtable" in render(r"\begin{align} a &= b \\ &= c \end{align}", display=True)


@pytest.mark.parametrize(
    "formula",
    [r"a + \sigmma_i", r"\frac{1}{2", "a_b_c", r"\left( x", r"\begin{aligned} a", "x ξ\u0000"],
    ids=["unknown command", "open brace", "double index", "open bracket", "open environment", "unknown letter"],
)
def test_a_bad_formula_is_refused_in_one_sentence_that_names_it(formula):
    with pytest.raises(FormulaError) as caught:
        render(formula, display=True)
    sentence = str(caught.value)
    assert repr(formula) in sentence
    assert "cannot be rendered: " in sentence
    assert "\n" not in sentence
    assert "    at " not in sentence  # no stack of the engine


def test_after_a_bad_formula_the_next_is_rendered():
    with pytest.raises(FormulaError):
        render(r"\nonsense", display=False)
    assert "katex" in render("x", display=False)


def test_the_style_sheet_holds_its_fonts_and_asks_for_nothing():
    addresses = re.findall(r"url\((.{0,30})", stylesheet())
    assert len(addresses) == 20  # every face of KaTeX
    assert all(address.startswith("data:font/woff2;base64,") for address in addresses)
    assert "@import" not in stylesheet()
