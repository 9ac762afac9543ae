"""Text of strangers on one line that can be read: names of files, classes and settings, and errors that hold them."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""Return a text with an escape in the place of each character that is not seen: ``\n``, ``\x1b``, ``\u202e``.

    These are the control and format characters, the separators other than a blank, and what stands for the bytes of a
    file name that are not UTF-8. A text without them stays as it is.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
