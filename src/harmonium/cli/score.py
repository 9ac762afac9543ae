"""``harmonium score``: how typical each row is, and which are outliers."""

from __future__ import annotations

from pathlib import Path

from harmonium.cli.checks import check_data
from harmonium.cli.printing import AsJson, print_found, print_remark
from harmonium.cli.rows_out import Data, Run

_N_NAMED = 20


def score_rows(
    run: Run, *, data: Data = None, quantile: float | None = None, out: Path | None = None, json: AsJson = False
) -> None:
    """Score rows one by one: their log-likelihood, or a bound on it, in nats; larger is more typical.

    Parameters
    ----------
    quantile
        Flag this share of the rows, those with the lowest scores, as outliers.
    out
        The file to write, a row each: .npy (the scores), .csv or .parquet (with the row's number, and whether it is
        flagged).
    """
    if out is not None:
        from harmonium.experiments.output_files import TABLES, check_output

        check_output(out, TABLES)
    if data is not None:
        check_data(data)

    # these take seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.run_directory import RunDirectory
    from harmonium.experiments.score import score

    directory = RunDirectory(run)
    found = score(directory, data, quantile, out)
    lines = [f"{found['score']}, in nats, of {found['n_rows']} rows"]
    lines += [f"{name:12s} {found[name]:.6g}" for name in ("mean", "median", "least", "greatest")]
    if quantile is not None:
        outliers = found["outliers"]
        lines.append(f"{len(outliers)} outliers, of at most {found['threshold']:.6g}:")
        lines += [f"row {one['row']:<8d} {one['score']:.6g}" for one in outliers[:_N_NAMED]]
        if len(outliers) > _N_NAMED:
            lines.append(f"and {len(outliers) - _N_NAMED} more; --out writes them all")
    if out is not None:
        found = {**found, "out": str(out)}
        lines.append(f"written: {out}")
    print_found(found, lines, as_json=json)
    print_remark(found["remark"], as_json=json)
