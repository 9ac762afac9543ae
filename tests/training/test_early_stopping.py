"""Rows held back: which they are, which weights they choose, and when they end training."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

import harmonium
from harmonium import VAE, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.data.batches import Batches
from harmonium.data.scaling import Scaling
from harmonium.estimators.fitting import prepare
from harmonium.exceptions import DivergenceError, InvalidInputError
from harmonium.metrics.variational_bounds import elbo
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.random.seeding import spawn_generator
from harmonium.training.checkpoint import load_checkpoint, save_checkpoint
from harmonium.training.early_stopping import EarlyStopping
from harmonium.training.trainer import Trainer

SMALL = {"hidden_sizes": (8,), "likelihood": "gaussian", "scaling": "global", "batch_size": 50, "random_state": 0}
# restless enough that the lowest validation loss is not the last epoch's
RESTLESS = SMALL | {"batch_size": 120, "n_epochs": 12, "learning_rate": 0.3, "validation_fraction": 0.2}


class Count(Objective):
    """Its one weight is the number of steps done."""

    def __init__(self):
        super().__init__(nn.ParameterDict({"steps": nn.Parameter(torch.zeros(()))}))

    def forward(self, batch, labels=None):
        return LossOutput(-self.module["steps"], {})


ONE_STEP_AN_EPOCH = Batches(np.zeros((3, 1)), Scaling(np.zeros(1), np.ones(1)), 3)


def counter():
    count = Count()
    return Trainer(count, torch.optim.SGD(count.parameters(), lr=1.0), torch.Generator())


def stopping(losses, patience):
    return EarlyStopping(lambda module: losses[int(module["steps"]) - 1], patience)


COURSES = pytest.mark.parametrize(
    ("losses", "patience", "n_epochs", "best"),
    [
        ([3, 2, 1, 4, 5, 6, 7], 2, 5, 3),
        ([3, 2, 1, 4, 5, 6, 7], 1, 4, 3),
        ([3, 2, 1, 4, 5, 6, 7], None, 7, 3),
        ([3, 1, 2, 0.5, 2, 0.7, 0.6], 2, 6, 4),  # patience begins again with every improvement
        ([1, 1, 1, 1, 1, 1, 1], 3, 4, 1),  # as low is not lower
        ([7, 6, 5, 4, 3, 2, 1], 1, 7, 7),
        ([1, 2, 3, 4, 5, 6, 0], 6, 7, 7),
    ],
)


@COURSES
def test_training_ends_when_patience_does_and_the_best_weights_are_kept(losses, patience, n_epochs, best):
    trainer = counter()
    trainer.train(ONE_STEP_AN_EPOCH, 7, [stopping(losses, patience)])
    assert [row["validation_loss"] for row in trainer.history] == losses[:n_epochs]
    assert trainer.best_state["steps"] == best
    assert trainer.objective.module["steps"] == n_epochs
    trainer.train(ONE_STEP_AN_EPOCH, n_epochs + 1 if trainer.has_ended else 7, [stopping(losses, patience)])
    assert trainer.epoch == n_epochs  # what has ended does not go on


@COURSES
@pytest.mark.parametrize("stopped_at", [1, 4])
def test_a_checkpoint_keeps_the_best_weights_and_the_end(tmp_path, losses, patience, n_epochs, best, stopped_at):
    before, after = counter(), counter()
    before.train(ONE_STEP_AN_EPOCH, stopped_at, [stopping(losses, patience)])
    save_checkpoint(before, tmp_path / "checkpoint")
    load_checkpoint(after, tmp_path / "checkpoint")
    assert (after.epoch, after.has_ended) == (before.epoch, before.has_ended)
    after.train(ONE_STEP_AN_EPOCH, 7, [stopping(losses, patience)])
    assert (after.epoch, int(after.best_state["steps"])) == (n_epochs, best)


def test_a_checkpoint_without_best_weights_stays_without(tmp_path):
    before, after = counter(), counter()
    before.train(ONE_STEP_AN_EPOCH, 2)
    save_checkpoint(before, tmp_path / "checkpoint")
    load_checkpoint(after, tmp_path / "checkpoint")
    assert after.best_state is None
    assert not after.has_ended


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_divergence(loss):
    trainer = counter()
    sentence = "training diverged in epoch 2: the validation_loss is no longer finite; a learning_rate below 1 may help"
    with pytest.raises(DivergenceError, match=f"^{sentence}$"):
        trainer.train(ONE_STEP_AN_EPOCH, 3, [stopping([1.0, loss, 0.5], None)])
    assert trainer.best_state["steps"] == 1
    assert "validation_loss" not in trainer.history[-1]


def held_back(estimator, X, y=None):
    """The numbers of the rows that are not in an epoch's batches; X has them in its first column."""
    batches = prepare(estimator, X, y).batches.epoch(torch.Generator())
    kept = torch.cat([estimator.scaling_.invert(batch.double())[:, 0] for batch, _ in batches])
    kept = np.rint(kept.numpy()).astype(int)
    assert len(set(kept)) == len(kept)
    return sorted(set(range(len(X))) - set(kept))


@pytest.fixture
def numbered(matrix):
    return np.column_stack([np.arange(300), matrix])


def test_the_loss_is_measured_on_just_the_rows_that_no_batch_holds(numbered, monkeypatch):
    measured = []

    def validation_losses(self, module, generator):
        def losses(rows, labels):
            measured.append(np.rint(self.scaling_.invert(rows.double())[:, 0].numpy()).astype(int).tolist())
            return rows[:, 0]

        return losses

    monkeypatch.setattr(VAE, "_validation_losses", validation_losses)
    vae = VAE(2, n_epochs=3, validation_fraction=0.2, **SMALL).fit(numbered)
    assert len(measured[0]) == 60
    assert measured == [held_back(clone(vae), numbered)] * 3


def test_the_rows_held_back_are_the_seeds_whatever_the_number_of_epochs(numbered):
    vae = VAE(2, validation_fraction=0.1, **SMALL)
    rows = held_back(vae.set_params(n_epochs=1), numbered)
    assert rows == held_back(vae.set_params(n_epochs=50, patience=3, batch_size=7, learning_rate=0.1), numbered)
    assert rows != held_back(vae.set_params(random_state=1), numbered)
    assert held_back(vae.set_params(validation_fraction=0, patience=None), numbered) == []


@pytest.mark.parametrize("kind", [VAE, ConditionalVAE])
@pytest.mark.parametrize("shape", [(300,), (300, 1)])
def test_classes_keep_their_proportions(numbered, kind, shape):
    y = np.repeat(["bag", "coat", "dress"], [200, 80, 20])
    held = held_back(kind(2, validation_fraction=0.2, **SMALL), numbered, y.reshape(shape))
    assert np.unique(y[held], return_counts=True)[1].tolist() == [40, 16, 4]


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X[:, 1],
        lambda X: X[:, :2],
        lambda X: np.array([None] * 300),
        lambda X: np.array([["a", 1.5]] * 300, dtype=object),
    ],
)
def test_a_target_that_is_no_class_is_passed_over(numbered, make):
    vae = VAE(2, validation_fraction=0.2, **SMALL)
    assert held_back(vae, numbered, make(numbered)) == held_back(vae, numbered)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_a_target_with_gaps_is_passed_over(numbered):
    vae = VAE(2, validation_fraction=0.2, **SMALL)
    y = np.where(np.arange(300) == 3, np.nan, numbered[:, 1])
    assert held_back(vae, numbered, y) == held_back(vae, numbered)


@pytest.mark.parametrize("patience", [None, 2])
def test_the_weights_fitted_and_saved_are_those_of_the_lowest_validation_loss(numbered, patience, tmp_path):
    X = numbered[:, 1:]
    vae = VAE(2, patience=patience, **RESTLESS).fit(X)
    losses = [row["validation_loss"] for row in vae.history_]
    held = held_back(VAE(2, **RESTLESS), numbered)
    rows = vae.scaling_.apply(torch.from_numpy(X[held])).float()
    bound = elbo(vae.module_, rows, None, spawn_generator(vae.seed_, "validation"))
    best = int(np.argmin(losses))
    assert best < len(losses) - 1  # or the last weights would do
    assert len(losses) == (12 if patience is None else best + 3)
    assert -float(bound.mean()) == pytest.approx(losses[best], rel=1e-5)
    vae.save(tmp_path)
    np.testing.assert_array_equal(harmonium.load(tmp_path).transform(X), vae.transform(X))


def test_partial_fits_equal_one_fit_bit_for_bit(matrix):
    vae = VAE(2, learning_rate_schedule="cosine", **RESTLESS)
    whole, parts = clone(vae).fit(matrix), clone(vae)
    for _ in range(12):
        parts.partial_fit(matrix)
    np.testing.assert_array_equal(parts.transform(matrix), whole.transform(matrix))
    assert [row["validation_loss"] for row in parts.history_] == [row["validation_loss"] for row in whole.history_]


def test_partial_fit_goes_on_where_patience_ends_a_fit(matrix, tmp_path):
    vae = VAE(2, patience=2, **RESTLESS)
    fitted = clone(vae).fit(matrix)
    n_done = len(fitted.history_)
    assert n_done < 12
    fitted.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    for one in (fitted, loaded):
        for _ in range(3):
            one.partial_fit(matrix)
        assert len(one.history_) == n_done + 3


def test_holding_rows_back_draws_from_streams_of_its_own(matrix):
    """The epoch's order and the model's noise do not move when the validation loss is measured."""
    vae = VAE(2, validation_fraction=0.2, n_epochs=2, **SMALL)
    trainers = [clone(vae), clone(vae)]
    for k, estimator in enumerate(trainers):
        prepared = prepare(estimator, matrix, None)
        trainers[k] = prepared.trainer
        prepared.trainer.train(prepared.batches, 2, prepared.callbacks if k else [])
    watched, unwatched = (dict(trainer.objective.named_parameters()) for trainer in trainers)
    assert all(torch.equal(value, unwatched[name]) for name, value in watched.items())


def test_the_warm_up_takes_as_many_epochs_with_rows_held_back(matrix):
    vae = VAE(2, validation_fraction=0.5, n_warmup_epochs=2, **SMALL)
    prepared = prepare(vae, matrix, None)
    assert prepared.trainer.objective.n_warmup_steps == 2 * len(prepared.batches)


def test_rows_can_be_held_back_from_an_estimator_that_is_fitted(matrix):
    vae = VAE(2, n_epochs=1, **SMALL).fit(matrix)
    vae.set_params(validation_fraction=0.2).partial_fit(matrix)
    assert vae.history_[-1]["validation_loss"] > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"patience": 3}, "patience needs a validation_fraction above 0, of rows to measure the loss on; got 0"),
        ({"patience": 0, "validation_fraction": 0.1}, "patience must be a positive integer; got 0"),
        ({"validation_fraction": 1.0}, r"validation_fraction must be a number in \[0, 1\); got 1.0"),
        ({"validation_fraction": -0.1}, r"validation_fraction must be a number in \[0, 1\); got -0.1"),
        ({"validation_fraction": 0.999}, "a fraction of 0.999 of 300 rows cannot be held back: .*"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(matrix, settings, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}$"):
        VAE(2, **(SMALL | settings)).fit(matrix)


def test_a_class_of_one_row_cannot_be_in_both_parts_and_the_rows_are_drawn_blindly(numbered):
    y = np.repeat(["common", "rare", "usual"], [100, 1, 199])
    conditional = ConditionalVAE(2, validation_fraction=0.2, **SMALL)
    held = held_back(conditional, numbered, y)
    assert len(conditional.classes_) == 3
    assert len(held) == 60
    # blindly: as a model without labels draws them, and the same whichever rows have which label
    assert held == held_back(VAE(2, validation_fraction=0.2, **SMALL), numbered)
    assert held == held_back(conditional, numbered, y[::-1])
    others = [held_back(clone(conditional).set_params(random_state=k), numbered, y) for k in range(1, 6)]
    assert len({np.sum(y[rows] == "common") for rows in others}) > 1  # no proportion is forced
    # classes of two rows or more are in their proportions, and that is another draw
    y_proportional = np.repeat(["common", "rare", "usual"], [100, 5, 195])
    proportional = held_back(conditional, numbered, y_proportional)
    assert np.unique(y_proportional[proportional], return_counts=True)[1].tolist() == [20, 1, 39]
    assert proportional != held
    # what fit measures its loss on can be drawn so
    assert conditional.fit(numbered, y).history_[-1]["validation_loss"] > 0


def test_a_boltzmann_machine_is_measured_by_the_likelihood_of_the_rows_held_back(matrix):
    rbm = GaussianBernoulliRBM(4, n_epochs=1, validation_fraction=0.2, random_state=0).fit(matrix)
    rows = matrix[held_back(clone(rbm), np.column_stack([np.arange(300), matrix[:, 1:]]))]
    of_model = -rbm.score_samples(rows) - rbm.scaling_.log_volume  # in the units of the scaled rows
    assert rbm.history_[-1]["validation_loss"] == pytest.approx(of_model.mean(), rel=1e-5)


def test_a_large_boltzmann_machines_loss_is_near_what_its_long_annealing_says(matrix):
    rbm = GaussianBernoulliRBM(25, n_epochs=5, validation_fraction=0.2, random_state=0).fit(matrix)
    held = held_back(clone(rbm), np.column_stack([np.arange(300), matrix[:, 1:]]))
    of_model = -rbm.score_samples(matrix[held]) - rbm.scaling_.log_volume
    assert min(row["validation_loss"] for row in rbm.history_) == pytest.approx(of_model.mean(), abs=0.1)


@pytest.mark.parametrize("encoder", ["linear-relu", "unrolled"])
def test_a_sparse_autoencoder_is_measured_by_how_well_it_denoises_the_rows_held_back(matrix, encoder):
    """With noise of its own: of a fit without noise the loss is the reconstruction's error itself."""
    settings = {"encoder": encoder, "n_epochs": 2, "validation_fraction": 0.2, "l1": 0.1, "random_state": 0}
    plain, noisy = (SparseAutoencoder(2, noise=noise, **settings).fit(matrix) for noise in (0.0, 5.0))
    rows = matrix[held_back(clone(plain), np.column_stack([np.arange(300), matrix[:, 1:]]))]
    errors = np.square((plain.reconstruct(rows) - rows) / plain.scaling_.scale).sum(1)
    best = min(row["validation_loss"] for row in plain.history_)
    assert best == pytest.approx(errors.mean(), rel=1e-5)
    assert min(row["validation_loss"] for row in noisy.history_) > best


def test_a_stop_while_the_rows_held_back_are_measured_undoes_the_epoch(matrix, monkeypatch):
    vae = VAE(2, n_epochs=2, validation_fraction=0.2, **SMALL).fit(matrix)
    before, history = vae.transform(matrix), [dict(row) for row in vae.history_]

    def stopped(self, module, generator):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(VAE, "_validation_losses", stopped)
        with pytest.raises(KeyboardInterrupt):
            vae.partial_fit(matrix)
    np.testing.assert_array_equal(vae.transform(matrix), before)
    assert vae.history_ == history
    assert vae.partial_fit(matrix).history_[-1]["epoch"] == 3
