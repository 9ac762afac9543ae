"""What was tried for speed and dropped, each beside what is used, in turns: ratios of medians, above 1 is slower.

    python benchmarks/tried_and_dropped.py

Products in half precision and by NumPy's BLAS, on the shapes of contrastive divergence with 250 hidden units; a step of
an autoencoder 784-512-16-512-784 with Adam, compiled, and shared by two processes with half the batch each.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.distributed as dist
from torch import multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

BATCH, N_VISIBLE, N_HIDDEN = 128, 784, 250
N_ROUNDS, N_STEPS = 7, 50
SHAPES = ((BATCH, N_VISIBLE, N_HIDDEN), (BATCH, N_HIDDEN, N_VISIBLE), (N_HIDDEN, 2 * BATCH, N_VISIBLE))


def milliseconds(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median time of a call, the ways taking turns after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(N_ROUNDS + 1):
        for name, call in ways.items():
            begin = time.perf_counter()
            for _ in range(N_STEPS):
                call()
            if turn > 0:
                times[name].append(1000 * (time.perf_counter() - begin) / N_STEPS)
    return {name: statistics.median(values) for name, values in times.items()}


def products(dtype: torch.dtype) -> Callable[[], object]:
    """Return the products of float32 matrices in another precision, the casts included."""
    pairs = [(torch.randn(n, k), torch.randn(k, m)) for n, k, m in SHAPES]
    return lambda: [(a.to(dtype) @ b.to(dtype)).float() for a, b in pairs]


def numpy_products() -> Callable[[], object]:
    generator = np.random.default_rng(0)
    pairs = [tuple(generator.normal(size=s).astype(np.float32) for s in ((n, k), (k, m))) for n, k, m in SHAPES]
    return lambda: [a @ b for a, b in pairs]


def autoencoder() -> nn.Module:
    torch.manual_seed(0)
    sizes = (N_VISIBLE, 512, 16, 512, N_VISIBLE)
    layers = [layer for n, m in itertools.pairwise(sizes) for layer in (nn.Linear(n, m), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def stepper(module: nn.Module, n_rows: int) -> Callable[[], None]:
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    rows = torch.rand(n_rows, N_VISIBLE)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.mse_loss(module(rows), rows).backward()
        optimizer.step()

    return step


def share_a_step(rank: int, times: multiprocessing.SimpleQueue) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    found = milliseconds({"DDP": stepper(DistributedDataParallel(autoencoder()), BATCH // 2)})
    if rank == 0:
        times.put(found["DDP"])
    dist.destroy_process_group()


def main() -> None:
    torch.set_num_threads(2)
    ways = {
        "float32 products": products(torch.float32),
        "bfloat16 products": products(torch.bfloat16),
        "float16 products": products(torch.float16),
    }
    of_products = milliseconds(ways)
    of_libraries = milliseconds({"PyTorch's, NumPy's in turn": ways["float32 products"], "NumPy's": numpy_products()})
    of_steps = milliseconds(
        {
            "a step": stepper(autoencoder(), BATCH),
            "a step, torch.compile": stepper(torch.compile(autoencoder()), BATCH),
        }
    )
    os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": "29517"}
    times = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(share_a_step, args=(times,), nprocs=2)
    of_steps["a step, two processes (DDP)"] = times.get()
    for found in (of_products, of_libraries, of_steps):
        first = next(iter(found.values()))
        for name, value in found.items():
            print(f"{name:30} {value:7.3f} ms  {value / first:.2f}")


if __name__ == "__main__":
    main()
