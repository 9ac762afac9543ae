"""The Python of README and docs runs, as a reader would type it: from top to bottom, on the data it names."""

import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest

import harmonium
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# so few rows that a page takes seconds; every class of the data has some
N_ROWS = 400


def python_of(page):
    """The page's Python blocks at the lines where they stand, all else as empty lines."""
    kept, language = [], None
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = re.match(r"```(\w*)", line)
        kept.append(line if language == "python" and not fence else "")
        if fence:
            language = fence[1] if language is None else None
    return "\n".join(kept)


def first_rows(name, split="train", load=harmonium.load_dataset):
    dataset = load(name, split)
    return dataclasses.replace(dataset, X=dataset.X[:N_ROWS], y=dataset.y[:N_ROWS])


def pages_with_python():
    for page in PAGES:
        code = python_of(page).strip()
        if code and "{{" not in code:  # a notebook's template is no Python before it is filled in: a report builds it
            marks = [pytest.mark.data] if "load_dataset" in code else []
            yield pytest.param(page, id=page.name, marks=marks)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a page in an empty folder, once, and return the names that it leaves."""

    @cache
    def run(page):
        names = {"__name__": page.stem}
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.chdir(tmp_path_factory.mktemp(page.stem))
            monkeypatch.setitem(vars(harmonium), "load_dataset", first_rows)
            exec(compile(python_of(page), page, "exec"), names)
        return names

    return run


@pytest.mark.parametrize("page", list(pages_with_python()))
def test_the_python_of_a_page_runs_from_top_to_bottom(page, run):
    run(page)


@pytest.mark.data
def test_what_the_readme_says_beside_its_python_is_so(run):
    names = run(ROOT / "README.md")
    train, test, rbm, vae, model = (names[name] for name in ("train", "test", "rbm", "vae", "model"))
    assert (train.X.dtype, train.X.min(), train.X.max()) == ("float32", 0, 1)
    assert rbm.transform(test.X).shape == (N_ROWS, 10)
    assert rbm.reconstruct(test.X).shape == test.X.shape
    assert rbm.score_samples(test.X).shape == (N_ROWS,)
    assert rbm.log_partition_estimate().standard_error == 0  # exact
    assert rbm.sample(16).shape == (16, 784)
    assert names["mean"].shape == names["sd"].shape == (N_ROWS, 32)
    assert vae.iwae(test.X[:9], test.labels[:9]).mean() > vae.elbo(test.X[:9], test.labels[:9]).mean()
    assert vae.sample(10, "Dress").shape == (10, 784)
    assert len(model.dictionary_) == 1.5 * 784  # 1.5 atoms a pixel
    indices, intensities = names["indices"], names["intensities"]
    assert indices.shape == (5, 5)
    codes = model.transform(names["noisy"])
    for row, chosen, h in zip(codes, indices, intensities, strict=True):
        assert sorted(row, reverse=True)[:5] == list(row[chosen]) == list(h)
    assert names["grid"].shape == (4 * 28, 10 * 28)
    assert names["points"].shape == (N_ROWS, 2)


@pytest.mark.parametrize("name", ["textbook", "generative", "reconstruction"])
def test_the_readmes_keywords_of_a_recipe_are_the_recipe(name):
    keywords = re.search(rf"^\| `{name}` \| .* \| `(.*)` \|$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    found = harmonium.GaussianBernoulliRBM(**eval(f"dict({keywords[1]})")).get_params()
    assert found == harmonium.GaussianBernoulliRBM(**RECIPES[name]).get_params()
