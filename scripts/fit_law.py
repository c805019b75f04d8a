"""Fit a scaling law to any CSV of losses; print its parameters and write them as JSON."""

import argparse
from pathlib import Path

from tenbin.errors import UserError, command
from tenbin.scaling.laws.catalogue import FORMS, list_forms
from tenbin.scaling.laws.estimators import KINDS, Estimator
from tenbin.scaling.laws.forecasts import parse_point
from tenbin.scaling.laws.points import parse_pairs
from tenbin.scaling.laws.report import fit_law


def main() -> None:
    """Parse the command line and fit the law."""
    given = _parser().parse_args()
    if given.list:
        print(list_forms())
        return
    if given.points is None:
        raise UserError("--points is missing; name a CSV with one row a run, or ask for --list")
    where = parse_pairs(",".join(given.where), "--where")
    names = parse_pairs(given.columns, "--columns")
    estimator = Estimator(given.estimator, given.delta)
    asked = {"forecasts": [parse_point(text) for text in given.forecast], "vocabulary": given.vocabulary}
    drawn = {"resamples": given.bootstrap, "seed": given.seed}
    print(fit_law(given.points, given.form, estimator, names=names, where=where, out=given.out, **drawn, **asked))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="list the forms and leave")
    parser.add_argument("--points", type=Path, metavar="FILE", help="CSV with one row a run")
    parser.add_argument(
        "--form",
        default="chinchilla",
        metavar="NAME",
        help=f"one of {', '.join(FORMS)} (chinchilla); --list tells more",
    )
    parser.add_argument("--estimator", choices=KINDS, default="log", help="what is minimised (log)")
    parser.add_argument("--delta", type=float, metavar="X", help="of huber, in units of ln(loss); 0.001 is usual")
    parser.add_argument(
        "--columns",
        default="",
        metavar="KEY=COLUMN,...",
        help="n=params,d=tokens,loss=val_loss says where the table has a variable; one of its own name needs no entry",
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="keep these rows; repeatable"
    )
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N", help="resamples (0: profile intervals)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the resamples (0)")
    parser.add_argument(
        "--forecast", action="append", default=[], metavar="n=1e9,d=2e10", help="say the loss there; repeatable"
    )
    parser.add_argument("--vocabulary", type=int, metavar="N", help="refuse forecasts above ln(N), what guessing costs")
    parser.add_argument("--out", type=Path, default=Path("fit.json"), metavar="FILE", help="JSON to write (fit.json)")
    return parser


if __name__ == "__main__":
    command(main)
