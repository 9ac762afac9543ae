"""Autoencoders with a learned prior: one density in the bound and in the draws."""

import warnings

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

import harmonium
from harmonium import VAE, ConditionalVAE
from harmonium.exceptions import InvalidInputError, PosteriorCollapseWarning, TrainingWarning
from harmonium.modules.mixture_prior import MixturePrior
from harmonium.training.early_stopping import EarlyStopping

SMALL = {"hidden_sizes": (32,), "likelihood": "calibrated-gaussian", "scaling": "global", "random_state": 0}
SETTINGS = SMALL | {"n_epochs": 12, "learning_rate": 5e-3, "batch_size": 32}
LEARNED = pytest.mark.parametrize("prior", ["mixture", "flow"])


@pytest.fixture(scope="module")
def ring():
    """Points on five of the corners of a hexagon, each with its own name, around an empty middle."""
    generator = np.random.default_rng(0)
    corner = generator.choice(5, 1500, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    angle = corner * np.pi / 3
    centres = np.column_stack([6 * np.cos(angle), 6 * np.sin(angle), np.zeros(1500), angle])
    return centres + generator.normal(size=(1500, 4)) * 0.3, np.array(list("abcde"))[corner]


def distance_to_data(drawn, X):
    return np.sort(cdist(drawn, X).min(1))[int(0.9 * len(drawn))]


@LEARNED
def test_a_learned_prior_raises_the_bound_and_the_mixture_draws_where_the_data_are(ring, prior):
    X, _ = ring
    standard, learned = (VAE(2, prior=name, **SETTINGS).fit(X[:1200]) for name in ("standard", prior))
    assert learned.elbo(X[1200:], n_samples=20).mean() > standard.elbo(X[1200:], n_samples=20).mean() + 0.1
    if prior == "mixture":
        far = [distance_to_data(vae.sample(1000), X) for vae in (standard, learned)]
        assert far[1] < 0.7 * far[0]


@LEARNED
def test_draws_are_of_the_condition_asked_for(ring, prior):
    X, y = ring
    vae = ConditionalVAE(2, prior=prior, **SETTINGS).fit(X, y)
    for name in "abcde":
        assert np.linalg.norm(vae.sample(200, name, random_state=0).mean(0) - X[y == name].mean(0)) < 1, name


@LEARNED
def test_bound_and_divergence_belong_together(ring, prior):
    X, y = ring
    vae = ConditionalVAE(2, prior=prior, **SETTINGS).fit(X, y)
    assert vae.elbo(X, y, n_samples=20).mean() <= vae.iwae(X, y, n_importance=50).mean()
    assert vae.kl(X, y).mean() == pytest.approx(vae.history_[-1]["kl"], abs=0.5)


@LEARNED
def test_it_is_saved_and_loaded_and_goes_on_as_if_not_stopped(ring, prior, tmp_path):
    X, y = ring
    whole = ConditionalVAE(2, prior=prior, **SETTINGS | {"n_epochs": 4}).fit(X, y)
    stepwise = ConditionalVAE(2, prior=prior, **SETTINGS | {"n_epochs": 4})
    for _ in range(4):
        stepwise.partial_fit(X, y)
    np.testing.assert_array_equal(whole.sample(20, "b", random_state=0), stepwise.sample(20, "b", random_state=0))
    whole.save(tmp_path)
    np.testing.assert_array_equal(
        harmonium.load(tmp_path).sample(20, "b", random_state=0), whole.sample(20, "b", random_state=0)
    )


@pytest.mark.parametrize("settings", [{"n_epochs": 1}, {"n_components": 1}, {"n_components": 3}])
def test_the_mixture_is_placed_in_short_trainings_and_with_few_components(ring, settings):
    X, y = ring
    vae = ConditionalVAE(2, prior="mixture", **SMALL | {"n_epochs": 2} | settings).fit(X, y)
    assert bool(vae.module_.prior.is_placed)
    assert np.isfinite(vae.sample(5, "a")).all()


def test_the_mixture_learns_a_weight_for_a_continuous_condition(ring):
    X, _ = ring
    vae = ConditionalVAE(2, prior="mixture", **SETTINGS).fit(X, X[:, 3])
    assert float(vae.module_.prior.gate.detach().abs().max()) > 0.01


def test_rows_held_back_do_not_place_the_mixture(ring, monkeypatch):
    X, y = ring
    settings = SETTINGS | {"n_epochs": 2, "validation_fraction": 0.2, "n_components": 5}
    placed_on = []
    place = MixturePrior.place
    monkeypatch.setattr(MixturePrior, "place", lambda self, z, *rest: placed_on.append(len(z)) or place(self, z, *rest))
    vae = ConditionalVAE(2, prior="mixture", **settings).fit(X, y)
    assert placed_on == [1200]
    assert vae.history_[1]["validation_loss"] < vae.history_[0]["validation_loss"]


@pytest.mark.parametrize(("labels", "patience"), [(None, 1), ("classes", 2), ("numbers", 1)])
def test_patience_places_the_mixture_before_it_ends_training(ring, patience, labels, tmp_path):
    X, y = ring
    settings = SETTINGS | {"n_epochs": 200, "learning_rate": 0.05, "batch_size": 100, "validation_fraction": 0.2}
    kind, given = (VAE, ()) if labels is None else (ConditionalVAE, (y if labels == "classes" else X[:, 3],))
    vae = kind(2, prior="mixture", patience=patience, **settings).fit(X, *given)
    preliminary = np.array([row["preliminary"] for row in vae.history_])
    losses = np.array([row["validation_loss"] for row in vae.history_])
    n_before = int(preliminary.sum())
    assert 0 < n_before < 100 > len(losses) - n_before  # neither half was waited for
    assert np.all(np.diff(preliminary) <= 0)
    assert bool(vae.module_.prior.is_placed)
    kept = n_before + int(np.argmin(losses[n_before:]))
    assert len(losses) - 1 - kept == patience
    # what is kept is what was measured there, also from a file
    vae.save(tmp_path)
    assert bool(harmonium.load(tmp_path).module_.prior.is_placed)
    only = kind(2, prior="mixture", patience=patience, **settings)
    for _ in range(kept + 1):
        only.partial_fit(X, *given)
    np.testing.assert_array_equal(vae.transform(X, *given), only.transform(X, *given))


def test_the_mixture_is_placed_on_the_best_weights_where_patience_has_run_out(ring, monkeypatch):
    X, _ = ring
    placed_at = []
    place = MixturePrior.place
    monkeypatch.setattr(MixturePrior, "place", lambda self, z, *rest: placed_at.append(z) or place(self, z, *rest))
    settings = SETTINGS | {"n_epochs": 200, "learning_rate": 0.05, "validation_fraction": 0.2, "patience": 1}
    vae = VAE(2, prior="mixture", **settings).fit(X)
    losses = [row["validation_loss"] for row in vae.history_ if row["preliminary"]]
    best = int(np.argmin(losses)) + 1
    assert best < len(losses)
    VAE(2, prior="mixture", **settings | {"n_epochs": 2 * best, "patience": None}).fit(
        X
    )  # half of them: as far as best
    np.testing.assert_array_equal(*placed_at)


def test_rows_held_back_choose_among_the_weights_of_a_placed_mixture(ring, monkeypatch):
    """Here the loss is lower before it is placed than ever after."""
    rising = iter(range(100))
    monkeypatch.setattr(VAE, "_validation_losses", lambda *_: lambda v, c: torch.full((len(v),), float(next(rising))))
    vae = VAE(2, prior="mixture", **SETTINGS | {"n_epochs": 6, "validation_fraction": 0.2}).fit(ring[0])
    assert [row["validation_loss"] for row in vae.history_] == [0, 1, 2, 3, 4, 5]
    assert [row["preliminary"] for row in vae.history_] == [1, 1, 0, 0, 0, 0]
    assert bool(vae.module_.prior.is_placed)


def test_draws_from_a_mixture_that_is_not_placed_yet_are_warned_of(ring):
    X, _ = ring
    vae = VAE(2, prior="mixture", **SETTINGS)
    for _ in range(5):
        vae.partial_fit(X)
    for draw in (lambda: vae.sample(3), lambda: vae.manifold(3)):
        with pytest.warns(TrainingWarning, match=r"still N\(0, I\): it is placed after half of n_epochs=12, and 5 are"):
            draw()
    vae.partial_fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vae.sample(3)


def test_the_manifold_follows_the_mixture(ring):
    X, _ = ring
    vae = VAE(2, prior="mixture", **SETTINGS).fit(X)
    assert distance_to_data(vae.manifold(8), X) < 3


def test_old_calls_for_an_ex_post_density_are_told_of_the_prior(ring):
    vae = VAE(2, **SMALL | {"n_epochs": 1}).fit(ring[0])
    for call in (lambda: vae.fit_latent_density(ring[0]), lambda: vae.sample(3, density="ex-post")):
        with pytest.raises(InvalidInputError, match="prior='mixture'"):
            call()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"prior": "vamp"}, "'standard', 'mixture', 'flow'"), ({"prior": "flow", "n_latent": 1}, "2 or more; got 1")],
)
def test_priors_that_cannot_be_are_refused(ring, parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        VAE(**SMALL | parameters).fit(ring[0])


@pytest.mark.parametrize("temperature", [0, -1, "hot"])
def test_a_temperature_is_a_positive_number(ring, temperature):
    vae = VAE(2, **SMALL | {"n_epochs": 1}).fit(ring[0])
    with pytest.raises(InvalidInputError, match="temperature"):
        vae.sample(3, temperature=temperature)


def test_a_collapse_is_said_of_the_weights_that_are_kept_where_patience_ends_training():
    X = np.random.default_rng(0).uniform(size=(600, 20))
    settings = {"n_epochs": 200, "hidden_sizes": (8,), "validation_fraction": 0.2, "patience": 3, "random_state": 0}
    with pytest.warns(PosteriorCollapseWarning, match="about 0.00"):
        vae = VAE(2, beta=30.0, learning_rate=0.01, **settings).fit(X)
    assert len(vae.history_) < 200


@pytest.mark.parametrize(("kls", "losses", "is_said"), [([0.001, 2.0], [1, 2], True), ([2.0, 0.001], [1, 2], False)])
@pytest.mark.parametrize("in_parts", [False, True])
def test_doubts_are_those_of_the_epoch_whose_weights_are_kept(ring, monkeypatch, kls, losses, is_said, in_parts):
    """Here the first of two epochs is kept, whatever the second says."""
    X, _ = ring

    def validation_losses(self, module, generator):
        return lambda rows, c: torch.full((len(rows),), float(losses[int(module.epoch)]))

    done = []
    measure = EarlyStopping.__call__

    def measured(self, trainer):
        trainer.history[-1]["kl"] = kls[trainer.epoch - 1]
        trainer.objective.module.epoch = trainer.epoch - 1
        done.append(trainer.epoch)
        measure(self, trainer)

    monkeypatch.setattr(EarlyStopping, "__call__", measured)
    monkeypatch.setattr(VAE, "_validation_losses", validation_losses)
    vae = VAE(2, **SMALL | {"n_epochs": 2, "validation_fraction": 0.2})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2 if in_parts else 1):
            vae.partial_fit(X) if in_parts else vae.fit(X)
    assert done == [1, 2]
    assert any(w.category is PosteriorCollapseWarning for w in caught) == is_said


def test_an_estimated_divergence_below_zero_is_said_as_about_zero(ring, monkeypatch):
    monkeypatch.setattr(VAE, "_make_objective", lambda *args, make=VAE._make_objective: below_zero(make(*args)))
    with pytest.warns(PosteriorCollapseWarning, match="is about 0 nats"):
        VAE(2, prior="flow", **SMALL | {"n_epochs": 1}).fit(ring[0])


def below_zero(objective):
    set_gradients = objective.set_gradients
    objective.set_gradients = lambda *batch: set_gradients(*batch) | {"kl": torch.tensor(-0.93)}
    return objective


def test_a_collapsed_posterior_is_said(ring):
    with pytest.warns(PosteriorCollapseWarning, match="posterior has collapsed"):
        VAE(2, beta=500, **SETTINGS).fit(ring[0])
