"""What an import costs, in fresh processes."""

from __future__ import annotations

import subprocess
import time
from statistics import median

from setting import OWN_PYTHON, Setting, environment
from tables import spread, table

TITLE = "Import"
_STATEMENTS = (
    "pass",
    "import torch",
    "import torch, sklearn.base",
    "import harmonium",
    "from harmonium import GaussianBernoulliRBM",
    "from harmonium import VAE, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder, load, load_dataset",
)


def measure(setting: Setting) -> str:
    seconds: dict[str, list[float]] = {statement: [] for statement in _STATEMENTS}
    for turn in range(-1, 1 if setting.quick else 5):  # the first fills the page cache
        for statement, values in seconds.items():
            begin = time.perf_counter()
            subprocess.run([OWN_PYTHON, "-c", statement], check=True, env=environment())
            if turn >= 0:
                values.append(time.perf_counter() - begin)
    torch = median(seconds["import torch"])
    rows = [
        (f"`{statement}`", spread(values), f"{median(values) / torch:.2f}") for statement, values in seconds.items()
    ]
    lead = (
        "A process from start to end, interleaved. `import harmonium` imports a name when it is first used; an "
        "estimator is one of scikit-learn's, whose import takes nearly as long as PyTorch's."
    )
    return lead + "\n\n" + table(("", "seconds", "/ `import torch`"), rows)
