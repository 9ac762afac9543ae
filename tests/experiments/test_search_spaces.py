"""Search spaces: the models' own, and a TOML file in their place."""

import json
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from harmonium.data.datasets import Dataset
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.search_spaces import SearchSpace
from harmonium.experiments.search_spaces import search_space as search_space_of
from harmonium.families.registry import family_names, find_family

TUNABLE = [name for name in family_names() if find_family(name).spaces]


def search_space(model, image_shape, path=None):
    return search_space_of(model, Dataset("own", "train", np.zeros((2, 3)), None, (), image_shape, ""), path)


def overridden(tmp_path, text, image_shape=(28, 28)):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return search_space("vae", image_shape, path)


@pytest.mark.parametrize("model", ["vae", "conditional-vae"])
def test_images_are_tuned_as_images_and_all_else_as_tables(model):
    images, table = search_space(model, (28, 20)), search_space(model, None)
    assert images.fixed["architecture"] == "convolutional"
    assert images.fixed["image_shape"] == (28, 20)
    assert not {"architecture", "image_shape"} & set(table.fixed)
    assert search_space(model, (28, 28, 3)) == table  # colour images: a row is a vector
    assert images.tuned != table.tuned


@pytest.mark.parametrize("model", TUNABLE)
@pytest.mark.parametrize("image_shape", [(28, 28), None])
def test_every_corner_of_a_models_own_space_is_a_setting_that_it_takes(model, image_shape):
    space = search_space(model, image_shape)
    for pick in (0, -1):
        drawn = {k: d.choices[pick] if hasattr(d, "choices") else (d.low, d.high)[pick] for k, d in space.tuned.items()}
        parameters = TrainConfig.resolve(model, "mnist", 0, **space.parameters(drawn)).parameters
        for name, value in drawn.items():
            assert parameters[name] == (json.loads(value) if isinstance(value, str) and value[0] == "[" else value)


def test_a_file_takes_the_place_of_what_it_names_and_leaves_the_rest(tmp_path):
    space = overridden(
        tmp_path,
        """
        [fixed]
        momentum = 0.5
        [tuned.learning_rate]
        low = 1e-4
        high = 1e-1
        log = true
        [tuned.n_latent]
        low = 1
        high = 9
        step = 4
        [tuned.beta]
        low = 0.5
        high = 2.0
        step = 0.5
        [tuned.hidden_sizes]
        choices = [[8, 16], [4, 4]]
        [tuned.likelihood]
        choices = ["gaussian", "calibrated-gaussian"]
        """,
    )
    own = search_space("vae", (28, 28))
    assert space.tuned == own.tuned | {
        "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
        "n_latent": IntDistribution(1, 9, step=4),
        "beta": FloatDistribution(0.5, 2, step=0.5),
        "hidden_sizes": CategoricalDistribution(["[8, 16]", "[4, 4]"]),
        "likelihood": CategoricalDistribution(["gaussian", "calibrated-gaussian"]),
    }
    assert space.fixed == {k: v for k, v in own.fixed.items() if k not in ("likelihood", "n_latent")} | {
        "momentum": 0.5
    }


def test_what_a_file_fixes_is_not_tuned(tmp_path):
    text = "[fixed]\nn_latent = 3\nhidden_sizes = [4, 8]\nbatch_size = 32"
    space = overridden(tmp_path, text)
    assert set(space.tuned) == {"learning_rate"}
    assert space.fixed.items() >= {"n_latent": 3, "hidden_sizes": [4, 8], "batch_size": 32}.items()


def test_a_drawn_list_becomes_a_sequence_and_a_fixed_value_stays():
    space = SearchSpace({"likelihood": "gaussian"}, {"hidden_sizes": CategoricalDistribution(["[8, 16]", "[4]"])})
    assert space.parameters({"hidden_sizes": "[8, 16]"}) == {"likelihood": "gaussian", "hidden_sizes": (8, 16)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[fixd]\nn_latent = 3", r"tables must be \[fixed\] or \[tuned.NAME\]; found \[fixd\]"),
        ("[fixed\n", "is not TOML: "),
        (
            "[tuned.learning_rate]\nlow = 2.0\nhigh = 1.0",
            r"\[tuned.learning_rate\] must have low and high.*low <= high",
        ),
        ("[tuned.learning_rate]\nlow = 2.0", r"\[tuned.learning_rate\] must have low and high.*'high'"),
        ("[tuned.learning_rate]\nhigh = 2.0", r"\[tuned.learning_rate\] must have low and high.*'low'"),
        ("[tuned.learning_rate]\nlow = 0.0\nhigh = 1.0\nlog = true", "must have low and high.*low > 0"),
        ("[tuned.n_latent]\nlow = 1\nhigh = 2\nlogg = true", "must have low and high.*logg"),
        ("[tuned.n_latent]\nlow = 'a'\nhigh = 'b'", "must have low and high"),
        ("[tuned.n_latent]\nchoices = []", r"\[tuned.n_latent\] must have low and high .*, or choices"),
        ("[tuned.n_latent]\nchoices = 3", r"\[tuned.n_latent\] must have low and high .*, or choices"),
        ("[tuned]\nn_latent = 3", r"\[tuned.n_latent\] must have low and high .*, or choices; got 3"),
        ("fixed = 3", "fixed"),
        ("[fixed]\nbatch_size = 3\n[tuned.batch_size]\nchoices = [4]", "batch_size is both fixed and tuned"),
        ("tuned = 3", "tuned"),
        (
            "[fixed]\nn_latent = 3\nhidden_sizes = [4, 8]\nbatch_size = 32\nlearning_rate = 1e-3",
            "the search space has no parameter to tune",
        ),
    ],
)
def test_a_wrong_file_is_said_in_one_sentence(tmp_path, text, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        overridden(tmp_path, text)


@pytest.mark.parametrize("model", ["image-classifier", "rbm"])
def test_a_model_that_cannot_be_tuned_is_refused_with_those_that_can(model):
    with pytest.raises(InvalidInputError, match=f"one of {', '.join(TUNABLE)}, to be tuned; got '{model}'"):
        search_space(model, None)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.toml"):
        search_space("vae", None, Path("nowhere.toml"))
