"""How far a denoiser gets that is bound to no dictionary: a small U-Net, trained about as long as the autoencoder.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/denoising_ceiling.py [--sigma 0.5] [--seconds 160]

It trains on the MNIST training images, with fresh noise at every step, for so many seconds of the processor, and is
measured once, at the end, on the noisy test images of `make reproduce` (seed 0). Nothing is chosen by what it finds.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu

from harmonium import load_dataset
from harmonium.data.noise import add_noise
from harmonium.families.sparse_autoencoder import TEST_NOISE_SEED

BATCH, RATE = 128, 2e-3


class UNet(nn.Module):
    """Convolutions at 28, 14 and 7 pixels a side; each size is also handed to its like on the way up."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        n = (width, 2 * width, 4 * width)
        self.first = nn.Conv2d(1, n[0], 3, padding=1)
        self.down = nn.ModuleList([nn.Conv2d(n[k], n[k + 1], 4, stride=2, padding=1) for k in (0, 1)])
        self.within = nn.ModuleList([nn.Conv2d(c, c, 3, padding=1) for c in (n[1], n[2], n[2])])
        self.up = nn.ModuleList([nn.ConvTranspose2d(n[k + 1], n[k], 4, stride=2, padding=1) for k in (1, 0)])
        self.joined = nn.ModuleList([nn.Conv2d(2 * n[k], n[k], 3, padding=1) for k in (1, 0)])
        self.last = nn.Conv2d(n[0], 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        large = relu(self.first(x))
        middle = relu(self.down[0](large))
        middle = relu(self.within[0](middle))
        small = relu(self.down[1](middle))
        small = small + relu(self.within[1](small))
        small = small + relu(self.within[2](small))
        middle = relu(self.joined[0](torch.cat([middle, relu(self.up[0](small))], 1)))
        large = relu(self.joined[1](torch.cat([large, relu(self.up[1](middle))], 1)))
        denoised: torch.Tensor = self.last(large)
        return denoised


def train(X: torch.Tensor, sigma: float, seconds: float) -> UNet:
    torch.manual_seed(0)
    network = UNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    start = time.process_time()
    while (share := (time.process_time() - start) / seconds) < 1:
        optimizer.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * share))
        x = X[torch.randint(len(X), (BATCH,))]
        loss = (network(x + sigma * torch.randn_like(x)) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sigma", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--seconds", type=float, default=160)
    arguments = parser.parse_args()
    X, test = (load_dataset("mnist", split).X for split in ("train", "test"))
    images = torch.from_numpy(X).float().view(-1, 1, 28, 28)
    print("| σ | test MSE |\n|---|---|", flush=True)
    for sigma in arguments.sigma:
        network = train(images, sigma, arguments.seconds)
        noisy = torch.from_numpy(add_noise(test, sigma, TEST_NOISE_SEED)).float().view(-1, 1, 28, 28)
        with torch.no_grad():
            denoised = torch.cat([network(x) for x in noisy.split(500)]).view(len(test), -1).numpy()
        print(f"| {sigma:g} | {np.square(denoised - test, dtype=np.float64).mean():.5f} |", flush=True)


if __name__ == "__main__":
    main()
