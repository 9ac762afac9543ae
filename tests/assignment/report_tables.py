"""What must stand in the report in every format: its tables, worked out from metrics.json, and its plain paragraphs."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from nbformat import NotebookNode

SETTINGS = [
    (model, setting) for setting in ("chosen", "bernoulli16", "latent2") for model in ("vae", "conditional_vae")
]
N_TABLES = 9


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
    rows["information in M bits at most, M log 2"] = ["2.1", "2.8"]
    for name in ("textbook", "generative"):
        rows[f"{name}: effective sample size of AIS"] = ["–" for _ in pca]  # log Z is summed exactly
    compared = {
        "exact maximum likelihood": "exact-likelihood",
        "CD-25, visible units integrated out (generative)": "generative",
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
        "−log p(x), 1,000 draws": ("negative_log_likelihood", 1),
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
        judged[f"{name}, drawn from the model"] = samples["model_samples"]
        judged[f"{name} bernoulli16, drawn from the model"] = results[model]["bernoulli16"]["model_samples"]
    rows |= _search(results["tuning"]) | _networks(results["tuning"])
    for title, cell in judged.items():  # the four classes of the assignment are not among these data's
        rows[title] = [
            "–",
            written(cell, "class_agreement_all", 3),
            written(cell, "frechet_distance", 2),
            written(cell, "recall", 3),
        ]
    return rows


def _search(chosen: dict[str, Any]) -> dict[str, list[str]]:
    searched = {
        "hidden_sizes": (
            "(16, 32, 128) or (16, 32, 256) or (16, 32, 512)",
            chosen["hidden_sizes"].replace("[", "(").replace("]", ")"),
        ),
        "learning_rate": ("0.001 to 0.003, logarithmic", f"{chosen['learning_rate']:.3g}"),
        "batch_size": ("64 or 128 or 256", str(chosen["batch_size"])),
    }
    fixed = {
        "image_shape": "(6, 5)",
        "architecture": "convolutional",
        "likelihood": "calibrated-gaussian",
        "prior": "mixture",
        "n_latent": "64",
        "learning_rate_schedule": "cosine",
        "scaling": "global",
    }
    rows = {name: list(cells) for name, cells in searched.items()}
    return rows | {name: ["not searched", value] for name, value in fixed.items()}


def _networks(chosen: dict[str, Any]) -> dict[str, list[str]]:
    """Of images of 6 x 5 pixels and three classes, which two halvings make 3 x 2 and 1 x 1."""
    first, second, width = json.loads(chosen["hidden_sizes"])
    n_latent, n_components = 64, 10
    layers = {  # weights, output, biases
        "encoder 1: convolution": ((first, 1 + 3, 4, 4), (first, 3, 2), first),
        "encoder 2: convolution": ((second, first, 4, 4), (second, 1, 1), second),
        "encoder 3: fully connected": ((width, second), (width,), width),
        "encoder 4: fully connected": ((2 * n_latent, width), (2 * n_latent,), 2 * n_latent),
        "decoder 1: fully connected": ((width, n_latent + 3), (width,), width),
        "decoder 2: fully connected": ((second, width), (second, 1, 1), second),
        "decoder 3: transposed convolution": ((second, first, 4, 4), (first, 3, 2), first),
        "decoder 4: transposed convolution": ((first, 1, 4, 4), (1, 6, 5), 1),
    }
    n = {name: math.prod(weights) + biases for name, (weights, _, biases) in layers.items()}
    rows = {
        name: [" × ".join(map(str, weights)), " × ".join(map(str, output)), f"{n[name]:,}"]
        for name, (weights, output, _) in layers.items()
    }
    # a weight, a mean and a matrix a component, and its weight for each class
    total = sum(n.values()) + n_components * (1 + n_latent + n_latent**2 + 3)
    # a plane a class into the encoder, a one-hot vector into the decoder and into the prior
    label = first * 3 * 16 + width * 3 + n_components * 3
    rows["cVAE in all"] = ["–", "–", f"{total:,}"]
    rows["VAE in all"] = ["–", "–", f"{total - label:,}"]
    return rows


def _problem3(results: dict[str, Any]) -> dict[str, list[str]]:
    strengths = ("0.25", "0.5", "1")
    methods = {
        "the noisy image itself": "identity",
        "PCA, components above the noise": "pca",
        "Wiener filter, the best linear map": "wiener",
        "total variation": "total_variation",
        "sparse autoencoder, one layer": "sparse_autoencoder",
        "sparse autoencoder, unrolled": "sparse_autoencoder_unrolled",
    }
    rows = {}
    for title, key in methods.items():
        cells = [results[sigma][key] for sigma in strengths]
        rows[title] = [f"{written(cell, 'test_mse', 5)} ({written(cell, 'psnr', 1)} dB)" for cell in cells] + ["100"]
    for sigma in strengths:
        for name, key in (("one layer", "sparse_autoencoder"), ("unrolled", "sparse_autoencoder_unrolled")):
            cell = results[sigma][key]
            counts = [written(cell, "l0", 1), written(cell, "dead", 0), written(cell, "rare", 0)]
            named = [written(cell, f"probe_accuracy_{k}", 3) for k in (1, 5, 20)]
            explained = written(cell, "explained_variance", 3)
            rows[f"σ = {sigma}, {name}"] = [*counts, explained, _seconds(cell, 2), *named]
    return rows


def _exact(cell: dict[str, Any]) -> str:
    return f"{written(cell, 'test_log_likelihood', 1)} (exact)"


def _seconds(cell: dict[str, Any], digits: int) -> str:
    return written(cell, "seconds_per_epoch", digits)
