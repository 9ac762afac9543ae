"""The order in which an epoch takes its rows."""

from __future__ import annotations

import torch

from harmonium.precision import DOUBLE, INTEGER

RUNS_PER_WINDOW = 256


def drawn_by_weight(weights: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    r"""Return as many row indices as there are rows, in ascending order: row i as often as its weight says.

    Row i is drawn :math:`n w_i / \sum_k w_k` times on average, rounded down or up (systematic resampling).

    Parameters
    ----------
    weights : Tensor of shape (n_samples,), float64
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_samples,), int64
    """
    n = len(weights)
    ends = weights.cumsum(0)
    points = (torch.arange(n, **DOUBLE) + torch.rand((), **DOUBLE, generator=generator)) / n
    return torch.searchsorted(ends, points * ends[-1], right=True).clamp_(max=n - 1)


def shuffled(n_samples: int, rows_per_run: int, generator: torch.Generator) -> torch.Tensor:
    """Return the index of every row once, in random order.

    Where a run is one row, or there are no more rows than a window holds, every order is as likely as another. Else
    runs of neighbouring rows, which are read from a file at once, are put in random order, and so are the rows of
    every window of 256 runs: a batch has its rows from places all over the file, whatever the file's own order is.

    Parameters
    ----------
    n_samples : int
    rows_per_run : int
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_samples,), int64
    """
    rows_per_window = rows_per_run * RUNS_PER_WINDOW
    if rows_per_run == 1 or n_samples <= rows_per_window:
        return torch.randperm(n_samples, generator=generator, **INTEGER)
    first = torch.randperm(-(-n_samples // rows_per_run), generator=generator, **INTEGER) * rows_per_run
    rows = (first[:, None] + torch.arange(rows_per_run, **INTEGER)).view(-1)
    rows = rows[rows < n_samples]
    windows = torch.split(rows, rows_per_window)
    return torch.cat([window[torch.randperm(len(window), generator=generator, **INTEGER)] for window in windows])
