"""What every restricted Boltzmann machine with binary hidden units has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import nn
from torch.nn.functional import softplus

from harmonium.exceptions import TrainingWarning
from harmonium.modules.enumeration import MAX_ENUMERABLE_UNITS, EnumerableSide
from harmonium.modules.hidden_marginal import HiddenMarginal
from harmonium.precision import SINGLE
from harmonium.random.draws import bernoulli

HIDDEN_CENTRE = 0.5
INITIAL_WEIGHT_SD = 0.01


class StandardisedRBM(ABC):
    r"""An RBM over visible units x in which W stands alone: :math:`E = -x^\top W (h - \tfrac12) - ...`.

    Made anew in every step of training by `RBMModule.standardised`; what it returns it writes to `out` if given.

    Parameters
    ----------
    module : RBMModule
        Whose :math:`W` and :math:`\alpha` these are.
    centre : Tensor of shape (n_visible,)
        What :math:`\sum_j W_{ij} (h_j - \tfrac12)` is added to.
    """

    def __init__(self, module: RBMModule, centre: torch.Tensor) -> None:
        self.weight = module.weight
        self.hidden_bias = module.hidden_bias
        self.centre = centre

    def hidden_probabilities(self, x: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`\operatorname{sigmoid}(\alpha_j + \sum_i W_{ij} x_i)`, shape (n, n_hidden).

        In memory a hidden unit is a row and a batch's rows are its columns: a product whose rows are as long as the
        batch, and not as the hidden units are many, is faster.
        """
        by_unit = None if out is None else out.T
        return torch.addmm(self.hidden_bias[:, None], self.weight, x.T, out=by_unit).sigmoid_().T

    @abstractmethod
    def standardise(self, v: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """Return x of v, shape (n, n_visible)."""

    @abstractmethod
    def mean(self, s: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`E[x | h]` of :math:`s = h - \tfrac12`, shape (n, n_visible)."""

    @abstractmethod
    def sample(self, s: torch.Tensor, generator: torch.Generator, out: torch.Tensor) -> torch.Tensor:
        r"""Draw x from :math:`p(x | h)` of :math:`s = h - \tfrac12`, shape (n, n_visible)."""

    @abstractmethod
    def finish_gradients(self, x: torch.Tensor, share: torch.Tensor, visible_variance: float) -> None:
        """Carry the module's ``.grad``, taken with respect to W, alpha and `centre`, over to its own parameters.

        Parameters
        ----------
        x : Tensor of shape (n, n_visible)
            The model's visible units and the data's; used up.
        share : Tensor of shape (n,)
            Of each row in the model's mean less the data's.
        visible_variance : float
            Of x given h, which the model's rows lack where they are means.
        """


class RBMModule(nn.Module, ABC):
    r"""Parameters and exact quantities of an RBM with binary hidden units.

    .. math:: E(v, h) = -\sum_{ij} W_{ij} h_j x_i(v_i) - \sum_j \alpha_j h_j + f(v), \qquad p(v, h) = e^{-E(v, h)} / Z

    A subclass says what its visible units are: x (`standardise`), f (`visible_energy`) and p(v | h).

    The visible bias is stored *centred*: the parameter `visible_centre` is the bias :math:`b'` of v when every hidden
    unit is half on, and `visible_bias`, :math:`b`, follows from it. The energy is the one above; only the coordinates
    in which an optimiser moves differ, so that a change of W no longer drags the mean of the data along [1]_.

    Parameters
    ----------
    n_visible, n_hidden : int
    generator : torch.Generator, optional
        Draws the initial weights, N(0, 0.01²); all biases start at zero.

    Attributes
    ----------
    weight : Parameter of shape (n_hidden, n_visible)
    hidden_bias : Parameter of shape (n_hidden,)
    visible_centre : Parameter of shape (n_visible,)
    visible_mean_is_linear : bool
        Whether E[v | h] is linear in h.

    References
    ----------
    .. [1] J. Melchior, A. Fischer, L. Wiskott, "How to Center Deep Boltzmann Machines", JMLR 17 (2016), eq. 6-8.
    """

    visible_mean_is_linear: bool = False

    def __init__(self, n_visible: int, n_hidden: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(INITIAL_WEIGHT_SD * torch.randn(n_hidden, n_visible, generator=generator, **SINGLE))
        self.hidden_bias = nn.Parameter(torch.zeros(n_hidden, **SINGLE))
        self.visible_centre = nn.Parameter(torch.zeros(n_visible, **SINGLE))

    @property
    def n_visible(self) -> int:
        """Number of visible units."""
        return self.weight.shape[1]

    @property
    def n_hidden(self) -> int:
        """Number of hidden units, M."""
        return self.weight.shape[0]

    @property
    @abstractmethod
    def visible_bias(self) -> torch.Tensor:
        """b, shape (n_visible,)."""

    @property
    def learns_scale(self) -> bool:
        """Whether what `standardise` divides by takes gradients."""
        return False

    def scale_range(self) -> dict[str, float]:
        """Return the smallest and the largest of what `standardise` divides by, where it takes gradients."""
        return {}

    def doubt_of_scale(self, spread: torch.Tensor) -> TrainingWarning | None:
        """Return what is to be said against what `standardise` divides by, given the data's standard deviations."""
        return None

    @abstractmethod
    def standardise(self, v: torch.Tensor) -> torch.Tensor:
        """Return x of v."""

    @abstractmethod
    def unstandardise(self, x: torch.Tensor) -> torch.Tensor:
        """Return v of x."""

    @abstractmethod
    def standardised(self) -> StandardisedRBM:
        """Return the RBM over x."""

    @abstractmethod
    def visible_energy(self, v: torch.Tensor) -> torch.Tensor:
        """Return f(v), the part of the energy that does not depend on h; shape (n,)."""

    @abstractmethod
    def sample_visible(self, h: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw v from p(v | h); shape (n, n_visible)."""

    @abstractmethod
    def hidden_free_energy(self, h: torch.Tensor) -> torch.Tensor:
        """G(h) = -log ∫ exp(-E(v, h)) dv, the counterpart of `free_energy`; shape (n,)."""

    def hidden_marginal(self) -> HiddenMarginal | None:
        """Return -G(h) as a quadratic form, where it is one; None where it is not."""
        return None

    def tempered(self, beta: float) -> Self:
        """Return the RBM whose energy is beta E(v, h); needed where `hidden_marginal` is None."""
        raise NotImplementedError

    def enumerable_side(self) -> EnumerableSide | None:
        """Return the units whose states can all be visited; None where there are more than 20 of them."""
        if self.n_hidden > MAX_ENUMERABLE_UNITS:
            return None
        return EnumerableSide(self.n_hidden, self.hidden_free_energy, is_hidden=True)

    def energy(self, v: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """E(v, h) of every row, as in the class docstring; shape (n,)."""
        interaction = (self.standardise(v) @ self.weight.T * h).sum(-1)
        return -interaction + self.visible_energy(v) - h @ self.hidden_bias

    def hidden_preactivation(self, v: torch.Tensor) -> torch.Tensor:
        r""":math:`\alpha_j + \sum_i W_{ij} x_i`, shape (n, n_hidden)."""
        return self.hidden_bias + self.standardise(v) @ self.weight.T

    def hidden_probabilities(self, v: torch.Tensor) -> torch.Tensor:
        r""":math:`p(h_j = 1 | v) = \operatorname{sigmoid}(\alpha_j + \sum_i W_{ij} x_i)`."""
        return self.hidden_preactivation(v).sigmoid()

    def visible_mean(self, h: torch.Tensor) -> torch.Tensor:
        """Return E[v | h], shape (n, n_visible)."""
        return self.unstandardise(self.standardised().mean(h - HIDDEN_CENTRE))

    def reconstruct(self, v: torch.Tensor) -> torch.Tensor:
        """Return the deterministic mean-field pass v -> p(h | v) -> E[v | h], shape (n, n_visible)."""
        return self.visible_mean(self.hidden_probabilities(v))

    @abstractmethod
    def reconstruction_loss(self, v: torch.Tensor) -> torch.Tensor:
        """Return how far v is from its `reconstruct`, shape (n,)."""

    def sample_hidden(self, v: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw h from p(h | v), as 0.0 and 1.0; shape (n, n_hidden)."""
        return bernoulli(self.hidden_probabilities(v), generator)

    def free_energy(self, v: torch.Tensor) -> torch.Tensor:
        r"""F(v) = -log Σ_h exp(-E(v, h)), shape (n,).

        .. math:: F(v) = f(v) - \sum_j \log\bigl(1 + e^{\alpha_j + \sum_i W_{ij} x_i}\bigr)
        """
        return self.visible_energy(v) - softplus(self.hidden_preactivation(v)).sum(-1)

    def project(self) -> None:
        """Bring the parameters back to where they are allowed to be."""


def gradient_of(parameter: torch.Tensor) -> torch.Tensor:
    """Return the memory of a parameter's gradient, to be written to."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return parameter.grad
