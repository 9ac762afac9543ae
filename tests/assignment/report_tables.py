"""What must stand in the report in every format: its tables, worked out from metrics.json, and its plain paragraphs."""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

SETTINGS = [
    (model, setting) for setting in ("chosen", "bernoulli16", "latent2") for model in ("vae", "conditional_vae")
]
N_TABLES = 7


def written(cell: dict[str, Any], key: str, digits: int) -> str:
    """A figure as a reader meets it: a real minus sign, and behind ± its deviation over the seeds."""
    if key not in cell or cell[key] is None:
        return "–"
    figure = f"{cell[key]:.{digits}f}".replace("-", "−")
    return f"{figure} ± {cell[f'{key}_sd']:.{digits}f}" if f"{key}_sd" in cell else figure


def plain_paragraphs(notebook: NotebookNode) -> list[str]:
    """The paragraphs and captions that hold a number and no markup, so that they read the same in every format."""
    return [
        re.sub(r"^(Figure|Table): ", "", " ".join(paragraph.split()))
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for paragraph in cell.source.split("\n\n")
        if re.search(r"\d\.\d|\d%", paragraph) and not re.search(r"[$`*#_\\<>]|^- ", paragraph)
    ]


def expected_rows(metrics: dict[str, Any]) -> dict[str, list[str]]:
    """Every row of every table, by its name."""
    return _problem1(metrics["problem1"]) | _problem2(metrics["problem2"]) | _problem3(metrics["problem3"])


def _problem1(results: dict[str, Any]) -> dict[str, list[str]]:
    swept, pca = ("textbook", "generative", "reconstruction"), results["pca"]
    rows = {f"{name}: test error": [written(results[name][m], "test_mse", 5) for m in pca] for name in swept}
    rows |= {f"{name}: log-likelihood": [_exact(results[name][m]) for m in pca] for name in swept}
    rows |= {f"{name}: seconds an epoch": [_seconds(results[name][m], 2) for m in pca] for name in swept}
    for name, error, density in (
        ("pca", "PCA", "probabilistic PCA"),
        ("factor_analysis", "factor analysis", "factor analysis"),
    ):
        rows[f"{error}: test error"] = [written(cell, "test_mse", 5) for cell in results[name].values()]
        rows[f"{density}: log-likelihood"] = [
            written(cell, "test_log_likelihood", 1) for cell in results[name].values()
        ]
    rows["the most that M bits can carry, M log 2"] = ["2.1", "2.8"]
    for name in ("textbook", "generative"):
        rows[f"{name}: effective sample size of AIS"] = ["–" for _ in pca]  # log Z is summed exactly
    compared = {
        "exact maximum likelihood": "exact-likelihood",
        "CD-5, visible units integrated out (generative)": "generative",
        "CD-1, block Gibbs, σ = 1 (textbook)": "textbook",
        "CD-1, mean field, σ = 40 (reconstruction)": "reconstruction",
    }
    for title, recipe in compared.items():
        cell = results[recipe]["10"]
        rows[title] = [written(cell, "test_mse", 5), _exact(cell), _seconds(cell, 2)]
    draws = [results["generative"][m] for m in pca]
    for name in ("0", "1", "2"):
        cells = [results["test_images"], *draws]
        rows[f"taken for {name}"] = [written(cell["class_shares"], name, 3) for cell in cells]
    for title, key, digits in (
        ("distance in total variation", "total_variation", 3),
        ("Fréchet distance", "frechet_distance", 1),
    ):
        rows[f"{title}, draws"] = [written(cell, key, digits) for cell in [results["test_images"], *draws]]
        rows[f"{title}, reconstructions"] = ["–", *(written(cell["reconstructions"], key, digits) for cell in draws)]
    return rows


def _problem2(results: dict[str, Any]) -> dict[str, list[str]]:
    measures = {
        "−ELBO": ("negative_elbo", 1),
        "−IWAE bound": ("negative_iwae", 1),
        "KL divergence": ("kl", 1),
        "active units": ("active_units", 0),
        "test error": ("test_mse", 5),
        "15 neighbours": ("knn_accuracy", 3),
        "linear probe": ("probe_accuracy", 3),
        "silhouette": ("silhouette", 3),
        "seconds an epoch": ("seconds_per_epoch", 1),
    }
    rows = {
        title: [written(results[model][setting], key, digits) for model, setting in SETTINGS]
        for title, (key, digits) in measures.items()
    }
    judged = {"real test images": results["judge"]["test_images"]}
    for model, name in (("conditional_vae", "cVAE"), ("vae", "VAE")):
        samples = results[model]["chosen"]
        judged[f"{name}, reconstructed test images"] = samples["reconstructions"]
        judged[f"{name}, drawn from the ex-post density"] = samples
        judged[f"{name}, drawn from N(0, I)"] = samples["prior_samples"]
    for title, cell in judged.items():  # the four classes of the assignment are not among these data's
        rows[title] = ["–", written(cell, "class_agreement_all", 3), written(cell, "frechet_distance", 2)]
    return rows


def _problem3(results: dict[str, Any]) -> dict[str, list[str]]:
    strengths = ("0.25", "0.5", "1")
    methods = {
        "the noisy image itself": "identity",
        "PCA, components above the noise": "pca",
        "Wiener filter, the best linear map": "wiener",
        "total variation": "total_variation",
        "sparse autoencoder": "sparse_autoencoder",
    }
    rows = {}
    for title, key in methods.items():
        cells = [results[sigma][key] for sigma in strengths]
        rows[title] = [f"{written(cell, 'test_mse', 5)} ({written(cell, 'psnr', 1)} dB)" for cell in cells] + ["100"]
    for sigma in strengths:
        cell = results[sigma]["sparse_autoencoder"]
        counts = [written(cell, "l0", 1), written(cell, "dead", 0), written(cell, "rare", 0)]
        rows[f"σ = {sigma}"] = [*counts, written(cell, "explained_variance", 3), _seconds(cell, 2)]
    return rows


def _exact(cell: dict[str, Any]) -> str:
    return f"{written(cell, 'test_log_likelihood', 1)} (exact)"


def _seconds(cell: dict[str, Any], digits: int) -> str:
    return written(cell, "seconds_per_epoch", digits)
