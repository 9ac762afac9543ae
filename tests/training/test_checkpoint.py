"""A checkpoint keeps the generators that the objective declares."""

import pytest
import torch

from harmonium.objectives.objective import LossOutput, Objective
from harmonium.training.checkpoint import load_checkpoint, save_checkpoint
from harmonium.training.trainer import Trainer


class TwoStreams(Objective):
    """An objective that draws from two generators, under names of its own."""

    def __init__(self, seed):
        super().__init__(torch.nn.Linear(2, 1))
        self.noise, self.mask = (torch.Generator().manual_seed(seed + k) for k in range(2))

    def generators(self):
        return {"noise": self.noise, "mask": self.mask}

    def forward(self, batch, labels=None):
        return LossOutput(self.module(batch).mean(), {})


class NoStream(TwoStreams):
    def generators(self):
        return Objective.generators(self)


def trainer(kind, seed):
    objective = kind(seed)
    return Trainer(objective, torch.optim.SGD(objective.parameters(), 0.1), torch.Generator().manual_seed(seed + 5))


@pytest.mark.parametrize("kind", [TwoStreams, NoStream])
def test_a_checkpoint_keeps_the_generators_that_the_objective_declares(kind, tmp_path):
    before, after = trainer(kind, 0), trainer(kind, 10)
    save_checkpoint(before, tmp_path / "checkpoint")
    load_checkpoint(after, tmp_path / "checkpoint")
    assert torch.equal(before.generator.get_state(), after.generator.get_state())
    for name in ("noise", "mask"):
        ours, others = (getattr(t.objective, name).get_state() for t in (before, after))
        assert torch.equal(ours, others) == (kind is TwoStreams)
