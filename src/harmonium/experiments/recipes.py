"""Named settings of the Gaussian-Bernoulli RBM, chosen on a validation part of the training set.

``benchmarks/choose_rbm_recipes.py`` repeats the choice.
"""

from __future__ import annotations

from typing import Any

RECIPES: dict[str, dict[str, Any]] = {
    # a density: sigma learned, chains that mix
    "generative": {"objective": "cd", "negative_phase": "collapsed", "n_gibbs_steps": 5, "sigma": "learned"},
    # the lowest error: so wide a sigma that every hidden unit stays in its linear range
    "reconstruction": {"objective": "cd", "negative_phase": "mean-field", "sigma": 40.0},
    # the textbook's CD-1 with block Gibbs, to be compared with "generative"
    "block-cd": {"objective": "cd", "negative_phase": "sampled", "n_gibbs_steps": 1, "sigma": "learned"},
    # what the model can do, for at most 20 hidden units
    "exact-likelihood": {"objective": "likelihood", "sigma": "learned"},
}
