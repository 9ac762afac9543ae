"""openTSNE against scikit-learn's t-SNE."""

from __future__ import annotations

from contest import Contest
from setting import Setting
from tables import ratio, spread, table
from tasks import MAP

from sections.training import find

TITLE = "t-SNE"


def measure(setting: Setting) -> str:
    with Contest(setting.scratch) as contest:
        results = contest.run(MAP, n_rounds=1 if setting.quick else 2)
    own = find(results, "opentsne")
    rows = [
        (result.label, spread(result.seconds), ratio(result.ratio_to(own)), f"{result.quality:.4f}")
        for result in results
        if result.quality is not None
    ]
    failures = [f"Left out: {result.label}: {result.failure}." for result in results if result.failure]
    n = "1000" if setting.quick else "5000"
    lead = f"{n} points of 16 dimensions, the first principal components of Fashion-MNIST's test images."
    header = ("", "seconds", "/ openTSNE", "trustworthiness (15 neighbours)")
    return "\n\n".join([lead, table(header, rows), *failures])
