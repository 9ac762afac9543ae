"""The networks and the settings of problem 2, as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from optuna.distributions import BaseDistribution, CategoricalDistribution
from torch import nn

from harmonium.assignment.problem2.protocol import Problem2
from harmonium.estimators.variational_inference import VariationalInference
from harmonium.precision import SINGLE
from harmonium.report.display import Table

_KINDS = {nn.Linear: "fully connected", nn.Conv2d: "convolution", nn.ConvTranspose2d: "transposed convolution"}


def networks(models: Mapping[str, VariationalInference]) -> Table:
    """Tabulate the layers of the first model, and how many parameters every model has.

    Parameters
    ----------
    models : mapping of str to VAE or ConditionalVAE
        By title; fitted.

    Returns
    -------
    Table
        Per layer the shape of its weights (outputs, inputs, kernel; of a transposed convolution inputs first), the
        shape of what it makes of one example, and its parameters with the biases.
    """
    module = next(iter(models.values())).module_
    c = torch.zeros(1, module.n_conditions, **SINGLE)
    rows = {}
    with torch.no_grad():
        z = torch.zeros(1, module.n_latent, **SINGLE)
        n_features = module.decode(z, c).shape[1]
        parts = {
            "encoder": _shapes(module.encoder, lambda: module.encode(torch.zeros(1, n_features, **SINGLE), c)),
            "decoder": _shapes(module.decoder, lambda: module.decode(z, c)),
        }
    for part, shapes in parts.items():
        for number, (layer, shape) in enumerate(shapes, start=1):
            cells = [_times(layer.weight.shape), _times(shape), f"{_count(layer):,}"]
            rows[f"{part} {number}: {_KINDS[type(layer)]}"] = cells
    rows |= {f"{title} in all": ["–", "–", f"{_count(model.module_):,}"] for title, model in models.items()}
    return Table(["weights", "output", "parameters"], rows)


def search_space(problem: Problem2, chosen: Mapping[str, Any]) -> Table:
    """Tabulate what each parameter of the search could be, and what was chosen.

    Parameters
    ----------
    problem : Problem2
    chosen : mapping of str to object
        As `collect_problem2` gives it under ``tuning``.
    """
    space = problem.tuning().space
    rows = {name: [_range(distribution), _written(chosen[name])] for name, distribution in space.tuned.items()}
    rows |= {name: ["not searched", _written(value)] for name, value in space.fixed.items()}
    return Table(["searched", "chosen"], rows)


def _shapes(network: nn.Module, run: Any) -> list[tuple[Any, torch.Size]]:
    """Return the layers with weights and the shapes of their outputs, found by running the network once."""
    leaves = [leaf for leaf in network.modules() if not list(leaf.children())]
    inputs: dict[nn.Module, torch.Size] = {}
    last: list[torch.Size] = []

    def note(leaf: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        inputs[leaf] = given[0].shape[1:]
        last[:] = [output.shape[1:]]

    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    run()
    for hook in hooks:
        hook.remove()
    # an output is what the activation behind it takes in: the encoder applies its first convolution by parts
    outputs = [*(inputs.get(leaf) for leaf in leaves[1:]), last[0]]
    return [(leaf, shape) for leaf, shape in zip(leaves, outputs, strict=True) if type(leaf) in _KINDS and shape]


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _times(shape: torch.Size) -> str:
    return " × ".join(map(str, shape))


def _range(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return " or ".join(map(_written, distribution.choices))
    bounds: Any = distribution
    step = "logarithmic" if bounds.log else f"step {bounds.step}" if bounds.step else ""
    return f"{bounds.low:g} to {bounds.high:g}" + (f", {step}" if step else "")


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    sizes = json.loads(value) if isinstance(value, str) and value.startswith("[") else value
    return str(tuple(sizes)) if isinstance(sizes, list) else str(sizes)
