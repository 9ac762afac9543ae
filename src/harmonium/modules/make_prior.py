"""The priors by name."""

from __future__ import annotations

from typing import Literal

import torch

from harmonium.modules.flow_prior import FlowPrior
from harmonium.modules.mixture_prior import MixturePrior
from harmonium.modules.priors import Prior, StandardNormal

PriorName = Literal["standard", "mixture", "flow"]
PRIORS: tuple[str, ...] = ("standard", "mixture", "flow")


def make_prior(
    name: PriorName, n_latent: int, n_components: int, n_conditions: int, generator: torch.Generator
) -> Prior:
    """Return the prior of a name in `PRIORS`.

    Parameters
    ----------
    name : {"standard", "mixture", "flow"}
    n_latent : int
    n_components : int
        Of a mixture.
    n_conditions : int
        Length of c; 0 without.
    generator : torch.Generator
        Draws a flow's weights.
    """
    if name == "mixture":
        return MixturePrior(n_latent, n_components, n_conditions)
    return FlowPrior(n_latent, n_conditions, generator) if name == "flow" else StandardNormal(n_latent)
