"""What a person reads of a page or of a PDF."""

import re
from html.parser import HTMLParser

QUIET = {"script", "style", "code", "pre", "annotation"}  # their text is not prose
VOID = {"img", "meta", "br", "hr", "link", "input", "source"}


class Page(HTMLParser):
    """What a page is made of, with its prose apart from its code."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.prose, self.rows = [], [], "", {}
        self._open, self._cells = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("td", "th"):
            self._cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass
        if tag == "tr":
            if "tbody" in self._open:
                name, *cells = (cell.strip() for cell in self._cells)
                self.rows[name] = cells
            self._cells = []

    def handle_data(self, data):
        if not QUIET & set(self._open):
            self.prose += data
        if self._cells and not QUIET & set(self._open):
            self._cells[-1] += data

    def values(self, *names):
        return [value for _, name, value in self.attributes if name in names]


def text_of(pdf):
    """Text without the pages' numbers, which would stand in the middle of a paragraph."""
    pages = [re.sub(r"\n\d+$", "", page.extract_text().rstrip()) for page in pdf.pages]
    return "\n".join(pages)


def right_ends_of_code(pdf):
    """How far right each piece of code ends, in points, by its text; its letters are all 0.602 of their size wide."""
    ends = {}

    def visit(text, outer, inner, font, size):
        if font and "DejaVuSansMono" in font["/BaseFont"] and text.strip():
            ends[text.strip()] = outer[0] * inner[4] + outer[4] + 0.602 * size * len(text.strip())

    for page in pdf.pages:
        page.extract_text(visitor_text=visit)
    return ends


def close(text):
    """Text without blanks: lines are broken where there is room."""
    return re.sub(r"\s+", "", text)
