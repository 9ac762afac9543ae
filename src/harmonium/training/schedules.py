"""How the learning rate falls while training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

ScheduleName = Literal["constant", "cosine"]
SCHEDULES: tuple[str, ...] = ("constant", "cosine")
_FLOOR = 1e-3


def make_schedule(name: str, n_epochs: int) -> Callable[[float], float] | None:
    r"""Return the factor on the learning rate after t epochs, or None where it is constant.

    ``"cosine"`` is :math:`\tfrac12 (1 + \cos \pi t / T)` over T = `n_epochs`, from then on a thousandth (I. Loshchilov,
    F. Hutter, "SGDR", ICLR 2017, eq. 5, without restarts).
    """
    if name == "constant":
        return None
    return lambda epochs: max(_FLOOR, 0.5 * (1 + math.cos(math.pi * min(1.0, epochs / n_epochs))))
