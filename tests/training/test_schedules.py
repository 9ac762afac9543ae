"""How the learning rate falls, and that the optimiser is given it."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from harmonium import VAE
from harmonium.data.batches import Batches
from harmonium.data.scaling import Scaling
from harmonium.estimators.fitting import prepare
from harmonium.exceptions import InvalidInputError
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.training.schedules import make_schedule
from harmonium.training.trainer import Trainer


def test_the_cosine_is_one_at_the_beginning_a_half_in_the_middle_and_a_thousandth_from_the_end_on():
    cosine = make_schedule("cosine", 8)
    factors = [cosine(epochs) for epochs in (0, 2, 4, 6, 8, 8.5, 100)]
    expected = [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 1e-3, 1e-3, 1e-3]
    assert factors == pytest.approx(expected)


def test_the_cosine_falls_all_the_way():
    cosine = make_schedule("cosine", 3)
    assert np.all(np.diff([cosine(epochs) for epochs in np.linspace(0, 2.9, 100)]) < 0)


class Fall(Objective):
    """Of gradient one everywhere: a step of plain gradient descent is minus the learning rate."""

    def __init__(self):
        super().__init__(nn.ParameterList([nn.Parameter(torch.zeros((), dtype=torch.float64)) for _ in range(2)]))

    def forward(self, batch, labels=None):
        return LossOutput(sum(self.module), {})


@pytest.mark.parametrize("name", ["constant", "cosine"])
def test_every_step_has_its_own_rate_and_groups_keep_theirs(name):
    fall, rates = Fall(), (0.5, 0.02)
    groups = [{"params": [p], "lr": rate} for p, rate in zip(fall.module, rates, strict=True)]
    trainer = Trainer(fall, torch.optim.SGD(groups), torch.Generator(), make_schedule(name, 3))
    batches = Batches(np.zeros((10, 1)), Scaling(np.zeros(1), np.ones(1)), 4)  # three steps an epoch
    for n_epochs in (1, 3):
        trainer.train(batches, n_epochs)
        steps = np.arange(3 * n_epochs)
        factors = (1 + np.cos(np.pi * steps / 9)) / 2 if name == "cosine" else np.ones(len(steps))
        assert [-p.item() for p in fall.module] == pytest.approx([rate * factors.sum() for rate in rates])


def test_an_estimators_rate_falls_over_its_epochs(matrix):
    vae = VAE(2, hidden_sizes=(4,), likelihood="gaussian", scaling="global", learning_rate=0.01, random_state=0)
    vae.set_params(learning_rate_schedule="cosine", n_epochs=4, batch_size=100)
    prepared, rates = prepare(vae, matrix, None), []
    prepared.run(5, lambda trainer: rates.append(trainer.optimizer.param_groups[0]["lr"]))
    last_steps = np.array([2, 5, 8, 11]) / 12
    assert rates == pytest.approx([*(0.005 * (1 + np.cos(np.pi * last_steps))), 1e-5])


def test_an_unknown_schedule_is_named_with_what_is_allowed(matrix):
    sentence = "^learning_rate_schedule must be one of 'constant', 'cosine'; got 'linear'$"
    with pytest.raises(InvalidInputError, match=sentence):
        VAE(2, learning_rate_schedule="linear").fit(matrix)
