"""The core stands alone, a missing extra is named, and everything that is imported is declared."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

WITHOUT = """
import sys
from importlib.metadata import Prepared

NAMES, MODULES = (set(sys.argv.pop(1).split(",")) for _ in range(2))

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in MODULES else self.finder.find_spec(name, path, target)

    def find_distributions(self, context):
        is_hidden = context.name and Prepared(context.name).normalized.replace("_", "-") in NAMES
        found = getattr(self.finder, "find_distributions", lambda context: [])
        return [] if is_hidden else found(context)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
"""


def canonical(requirement):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def distributions(*groups):
    """The distributions of some extras, or of the core."""
    requirements = [r for group in groups for r in (PROJECT["dependencies"] if group == "core" else EXTRAS[group])]
    return {canonical(requirement) for requirement in requirements}


def modules_of(names):
    return {module for module, owners in packages_distributions().items() if names & set(map(canonical, owners))}


def run_without(names, code, folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code, ",".join(names), ",".join(modules_of(names)), *arguments],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip


ALL_EXTRAS = set(EXTRAS) - {"all", "dev"}
NOT_CORE = distributions(*ALL_EXTRAS) - distributions("core")


@pytest.mark.parametrize("estimator", ["GaussianBernoulliRBM", "VAE", "ConditionalVAE", "SparseAutoencoder"])
def test_the_core_alone_fits_saves_loads_and_samples(tmp_path, estimator):
    code = """
import numpy as np
import harmonium
X, y = np.random.default_rng(0).normal(size=(60, 5)), np.arange(60) % 3
few = {"likelihood": "gaussian", "hidden_sizes": (4,)} if sys.argv[1].endswith("VAE") else {}
model = getattr(harmonium, sys.argv[1])(n_epochs=2, random_state=0, verbose=True, **few).fit(X, y)
model.save("here")
again = harmonium.load("here")
np.testing.assert_array_equal(model.transform(X), again.transform(X))
if hasattr(model, "sample"):
    labels = {"y": 1} if sys.argv[1] == "ConditionalVAE" else {}
    assert again.sample(3, **labels).shape == (3, 5)
print("done")
"""
    done = run_without(NOT_CORE, code, tmp_path, estimator)
    assert done.stdout.endswith("done\n"), done.stderr


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("cli", "from harmonium.__main__ import main; sys.exit(main(['--help']))"),
        ("tune", "from harmonium.__main__ import main; sys.exit(main(['tune', 'vae', '--data', 'mnist']))"),
        ("tables", "from harmonium.__main__ import main; sys.exit(main(['embed', '.', '--out', 'z.parquet']))"),
        ("maps", "import numpy as np\nfrom harmonium.metrics.latent_space import tsne\n"
                 "tsne(np.eye(9), np.eye(9), perplexity=3, seed=0)"),
        ("figures", "import harmonium.figures.curves"),
        ("report", "from harmonium.__main__ import main; sys.exit(main(['report', '--run-dir', '.']))"),
    ],
)  # fmt: skip
def test_a_missing_extra_is_answered_with_what_brings_it(tmp_path, extra, code):
    others = distributions("core", *({"cli"} - {extra}))
    done = run_without(distributions(extra) - others, code, tmp_path)
    assert done.returncode == 1
    assert re.search(rf"is not installed; pip install 'harmonium\[{extra}\]' brings it", done.stderr)
    assert ("Traceback" in done.stderr) == (extra in ("maps", "figures"))  # these two are called from Python


def test_the_command_line_trains_and_measures_with_its_own_extra_alone(images_file):
    code = """
from harmonium.__main__ import main
assert main(["train", "gaussian-bernoulli-rbm", "--data", "own.npz", "--n-hidden", "3", "--n-epochs", "1",
             "--run-dir", "here"]) == 0
assert main(["evaluate", "here"]) == 0
assert main(["data", "list"]) == 0
print("done")
"""
    done = run_without(NOT_CORE - distributions("cli"), code, images_file.parent)
    assert done.stdout.endswith("done\n"), done.stderr


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_everything_imported_is_declared():
    sources = (ROOT / "src" / "harmonium").rglob("*.py")
    modules = {module for path in sources for module in imported(path)} - set(sys.stdlib_module_names) - {"harmonium"}
    declared = modules_of(distributions("core", *ALL_EXTRAS))
    assert modules - declared == set()


def test_all_is_every_extra():
    (itself,) = EXTRAS["all"]
    assert set(re.fullmatch(r"harmonium\[(.*)\]", itself)[1].split(",")) == ALL_EXTRAS
