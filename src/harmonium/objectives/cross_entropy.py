"""Cross-entropy of a classifier."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from harmonium.modules.classifier import ClassifierModule
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.precision import SINGLE


class CrossEntropy(Objective):
    r"""Mean of :math:`-\log p(c | x)` over a batch of which half the images, drawn at random, are mirrored.

    Parameters
    ----------
    module : ClassifierModule
    generator : torch.Generator
        Draws which images are mirrored.
    """

    def __init__(self, module: ClassifierModule, generator: torch.Generator) -> None:
        super().__init__(module, generator)

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return the cross-entropy, nats an example."""
        if labels is None:
            raise ValueError("a classifier is trained on labels")
        is_mirrored = torch.rand((len(batch), 1), generator=self.generator, **SINGLE) < 0.5
        loss = cross_entropy(self.module(torch.where(is_mirrored, self.module.mirror(batch), batch)), labels)
        return LossOutput(loss, {"cross_entropy": loss.detach()})
