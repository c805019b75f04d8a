import json
import subprocess
import sys

import numpy as np
import pytest

from tenbin.files import read_json

SIZES = np.geomspace(1e6, 1e9, 8)


@pytest.fixture
def run(tmp_path, repository):
    def call(text, *arguments):
        table = tmp_path / "runs.csv"
        table.write_text(text, encoding="utf-8")
        command = [sys.executable, str(repository / "scripts" / "fit_law.py"), "--points", str(table)]
        out = ["--out", str(tmp_path / "fit.json")]
        return subprocess.run([*command, *arguments, *out], text=True, capture_output=True, check=False)

    return call


def _table(losses, header="params,val,run"):
    rows = [f"{n},{loss},a" for n, loss in zip(SIZES, losses, strict=True)]
    return "\n".join([header, *rows, "1e6,999,b"]) + "\n"


LAW = ("--form", "power_law_constant", "--columns", "n=params,loss=val", "--where", "run=a")


def test_fits_any_table_and_tells_all(run, tmp_path):
    done = run(_table(1.7 + 40 * SIZES**-0.3 * (1 + 0.001 * np.cos(np.arange(8)))), *LAW)
    assert done.returncode == 0, done.stderr
    assert "alpha" in done.stdout
    found = read_json(tmp_path / "fit.json")
    assert found["parameters"]["E"] == pytest.approx(1.7, abs=0.01)
    assert found["rows"] == {"used": 8, "lines": list(range(2, 10))}
    assert found["intervals"]["alpha"]["low"] < found["parameters"]["alpha"]
    assert found["intervals"]["alpha"]["high"] > found["parameters"]["alpha"]
    assert set(found["profiles"]) == {"E", "A", "alpha"}
    assert found["restart_agreement"] > 0.5
    assert len(found["residuals"]) == 8


def test_forecasts_are_printed_and_written(run, tmp_path):
    done = run(_table(LOSSES), *LAW, "--forecast", "n=1e10", "--forecast", "n=1e11", "--vocabulary", "50304")
    assert done.returncode == 0, done.stderr
    assert "forecast at n 1e+10: 1.7400 nats/token (no interval without --bootstrap)" in done.stdout
    assert [forecast["at"] for forecast in read_json(tmp_path / "fit.json")["forecasts"]] == [{"n": 1e10}, {"n": 1e11}]


def test_what_is_unidentified_has_no_digits(run):
    done = run(_table([3.0, 3.01, 2.99, 3.0, 3.01, 2.99, 3.0, 3.01]), *LAW)
    assert done.returncode == 0, done.stderr
    (alpha,) = (line for line in done.stdout.splitlines() if line.startswith("alpha"))
    assert alpha.split() == ["alpha", "unidentified", "does", "not", "close", "1"]


LOSSES = list(1.7 + 40 * SIZES**-0.3)


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (_table(LOSSES), ("--form", "power_law"), "line 1: no column n, loss; there are params, val, run"),
        (_table([-1, *LOSSES[1:]]), LAW, "line 2: val is '-1'; it must be a finite number above 0"),
        (_table(["nan", *LOSSES[1:]]), LAW, "line 2: val is 'nan'; it must be a finite number above 0"),
        (_table(["", *LOSSES[1:]]), LAW, "line 2: val is ''; it must be"),
        (_table(LOSSES), (*LAW[:-1], "run=c"), "has no row with run=c"),
        ("params,val,run\n1e6,3,a\n2e6,2,a\n", LAW, "2 points cannot decide the 3 parameters"),
        ("params,val,run\n" + "1e6,3,a\n" * 5, LAW, "params is 1e+06 in all 5 rows"),
        ('params,val,run\n"1e6,3,a\n', LAW, "after line 1: no CSV"),
        (_table(LOSSES), (*LAW, "--forecast", "n=1e9", "--vocabulary", "-1"), "--vocabulary -1: a vocabulary has"),
        ("", LAW, "runs.csv is empty; its first line must name the columns"),
        (_table(LOSSES).replace(",", ";"), LAW, "semicolons separate them here"),
        (_table(LOSSES).replace("1000000.0,", '"1,000,000",'), LAW, "line 2: params is '1,000,000'; it must be a"),
        (_table(LOSSES), (*LAW, "--bootstrap", "100"), "8 rows are too few to resample"),
        (_table(LOSSES), (*LAW, "--estimator", "huber"), "delta belongs to the huber estimator"),
        (_table(LOSSES), ("--form", "nothing"), "no form nothing; there are power_law"),
        (_table(LOSSES), ("--columns", "n"), "is not KEY=VALUE"),
        (_table(LOSSES), ("--form", "power_law", "--columns", "x=params"), "power_law reads no x; it reads n, loss"),
    ],
)
def test_mistakes_end_in_one_line_and_leave_nothing(run, tmp_path, text, arguments, message):
    done = run(text, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("tenbin: error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]


def test_lists_the_forms(repository):
    command = [sys.executable, str(repository / "scripts" / "fit_law.py"), "--list"]
    printed = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    assert "chinchilla" in printed
    assert "arXiv:2203.15556" in printed


@pytest.mark.golden
def test_the_published_chinchilla_fit_from_the_command_line(run, tmp_path, shared_data, published):
    rows = published("chinchilla_svg_extracted.csv")
    least = sorted(float(row["loss"]) for row in rows)[-5]
    kept = [row for row in rows if float(row["loss"]) < least]
    lines = [f"{r['Model Size']},{float(r['Training FLOP']) / 6 / float(r['Model Size'])},{r['loss']}" for r in kept]
    done = run("\n".join(["n,d,loss", *lines]), "--estimator", "huber", "--delta", "1e-3", "--bootstrap", "1000")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "fit.json").read_bytes())
    assert found["objective"] <= 1.018274019e-3
    assert set(found["parameters"]) == {"E", "A", "B", "alpha", "beta"}
