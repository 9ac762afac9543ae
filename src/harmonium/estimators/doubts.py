"""What makes a trained model doubtful, found after an epoch: each a sentence among the trainer's doubts."""

from __future__ import annotations

from typing import Any

from harmonium.exceptions import DeadUnitsWarning, PosteriorCollapseWarning
from harmonium.training.trainer import Trainer

_COLLAPSED = 0.01  # nats an example
_DEAD = 1e-4  # of the batches: the running mean of what a unit is used forgets what was some 900 steps before
_MOST, _EMPTY, _NO_ERROR = 0.5, 0.5, 0.01


def doubt_dead_units(trainer: Trainer) -> None:
    """Add a doubt to a trainer after an epoch where most units are never active, or hardly one is in an example."""
    row, n_features = trainer.history[-1], len(trainer.objective.module.centre)
    usage: Any = trainer.objective.usage
    dead = float((usage < _DEAD).float().mean())
    if row["squared_error"] < _NO_ERROR * n_features:  # as of constant rows, which need no unit
        return
    if dead > _MOST:
        how = f"{dead:.0%} of the units are never active"
    elif row["l0"] < min(_EMPTY, len(usage) / 100):
        how = f"of {len(usage)} units {row['l0']:.2g} are active in an example"
    else:
        return
    remedy = "a lower learning_rate, a smaller l1 or n_warmup_epochs may help"
    trainer.doubts.append(DeadUnitsWarning(f"units have died: {how}; {remedy}"))


def doubt_a_collapsed_posterior(trainer: Trainer) -> None:
    """Add a doubt where the codes of a variational autoencoder say next to nothing of the examples."""
    kl = trainer.history[-1]["kl"]
    if kl < _COLLAPSED:
        trainer.doubts.append(
            PosteriorCollapseWarning(
                f"the posterior has collapsed: its KL divergence from the prior is about {max(kl, 0):.2g} nats, so "
                "that codes say nothing of the examples; a lower learning_rate, a smaller beta or n_warmup_epochs may "
                "help"
            )
        )
