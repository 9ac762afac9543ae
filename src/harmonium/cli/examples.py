"""An example or two of each command, shown below its help."""

from __future__ import annotations

EXAMPLES = {
    "train": (
        "harmonium train vae --data fashion-mnist --n-latent 16",
        "harmonium train gaussian-bernoulli-rbm --data own.npz --test-fraction 0.2 --run-dir runs/own",
        "harmonium train --config runs/own/config.toml --run-dir runs/again",
        "harmonium train runs/own --continue --n-epochs 50",
    ),
    "tune": ("harmonium tune conditional-vae --data fashion-mnist --n-trials 40",),
    "evaluate": ("harmonium evaluate runs/own", "harmonium evaluate runs/own --data other.npz --json"),
    "sample": (
        "harmonium sample runs/own -n 1000 --out rows.csv",
        "harmonium sample runs/own --class Dress -n 10 --out dress.png",
    ),
    "reconstruct": (
        "harmonium reconstruct runs/own --out reconstructed.npy",
        "harmonium reconstruct runs/own --data other.npz --out reconstructed.png",
    ),
    "denoise": ("harmonium denoise runs/own --data noisy.npy --out clean.npy",),
    "embed": ("harmonium embed runs/own --data other.npz --out z.parquet",),
    "score": (
        "harmonium score runs/own --data other.npz --quantile 0.01",
        "harmonium score runs/own --data other.npz --out scores.csv",
    ),
    "runs": ("harmonium runs list runs", "harmonium runs compare runs/own runs/again --out curves.png"),
    "data": ("harmonium data list", "harmonium data fetch mnist"),
    "reproduce": (
        "harmonium reproduce --quick --runs runs/quick --report report/quick",
        "harmonium reproduce --seeds 3",
    ),
    "report": ("harmonium report --run-dir runs --to ipynb,html,pdf",),
}


def examples_of(command: str) -> str:
    """Return the examples of a command as the end of its help."""
    return "\n\n".join(("Examples", *EXAMPLES[command]))
