"""Files damaged at random, the same from a seed: what fuzzing tests give to what reads files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

_TELLING = (0, 1, 0x7F, 0x80, 0xFF)


def mutations(corpus: Sequence[bytes], words: Sequence[bytes], n: int, seed: int = 0) -> Iterator[bytes]:
    """Yield n files, each one of the corpus after one to four changes.

    Parameters
    ----------
    corpus : sequence of bytes
        Whole files.
    words : sequence of bytes
        What is put in here and there, as it is hard to come upon by chance.
    """
    generator = np.random.default_rng(seed)
    for _ in range(n):
        content = bytearray(corpus[generator.integers(len(corpus))])
        for _ in range(generator.integers(1, 5)):
            _change(content, corpus, words, generator)
        yield bytes(content)


def _change(
    content: bytearray, corpus: Sequence[bytes], words: Sequence[bytes], generator: np.random.Generator
) -> None:
    at = int(generator.integers(len(content) + 1))
    to = min(len(content), at + int(generator.integers(1, 17)))
    kind = generator.integers(8)
    if kind == 0 and at < len(content):
        content[at] ^= 1 << int(generator.integers(8))
    elif kind == 1 and at < len(content):
        content[at] = _TELLING[generator.integers(len(_TELLING))]
    elif kind == 2:
        del content[at:to]
    elif kind == 3:
        content[at:at] = content[at:to] * int(generator.integers(1, 9))
    elif kind == 4:
        content[at:to] = generator.bytes(to - at)
    elif kind == 5:
        del content[at:]
    elif kind == 6:
        other = corpus[generator.integers(len(corpus))]
        content[at:] = other[int(generator.integers(len(other))) :]
    else:
        content[at : at + int(generator.integers(2)) * (to - at)] = words[generator.integers(len(words))]
