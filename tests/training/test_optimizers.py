"""An optimiser without PyTorch's wrappers takes PyTorch's steps."""

import subprocess
import sys

import pytest
import torch

from harmonium.training.optimizers import eager

SETTINGS = [
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "fused": True}),
    (torch.optim.Adam, {"lr": 0.1, "betas": (0.9, 0.999), "fused": True}),
]


def run(optimizer, parameter, steps):
    for step in steps:
        optimizer.zero_grad()
        (parameter.sin() * (step + 1)).sum().backward()
        optimizer.step()


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_the_same_steps_with_the_same_bits(kind, settings):
    parameters = [torch.linspace(-1, 2, 7).requires_grad_() for _ in range(2)]
    for make, parameter in zip((kind, eager(kind)), parameters, strict=True):
        run(make([parameter], **settings), parameter, range(5))
    assert torch.equal(*parameters)
    assert not torch.equal(parameters[0], torch.linspace(-1, 2, 7))


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_it_goes_on_from_the_state_of_the_other(kind, settings):
    whole, parameter = (torch.linspace(-1, 2, 7).requires_grad_() for _ in range(2))
    run(kind([whole], **settings), whole, range(6))
    first = kind([parameter], **settings)
    run(first, parameter, range(3))
    second = eager(kind)([parameter], **settings)
    second.load_state_dict(first.state_dict())
    run(second, parameter, range(3, 6))
    assert torch.equal(whole, parameter)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_fit_does_not_import_pytorchs_compiler(optimizer):
    program = (
        "import sys, numpy as np\n"
        "from harmonium import GaussianBernoulliRBM\n"
        f"GaussianBernoulliRBM(2, n_epochs=1, optimizer='{optimizer}').fit(np.eye(4))\n"
        "print('torch._dynamo' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
