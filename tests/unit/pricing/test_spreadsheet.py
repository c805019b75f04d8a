"""plan.csv."""

import csv
import io

import pytest
from priced import Config, MakeStudy, on_torch

from tenbin.pricing.cost import Prices
from tenbin.pricing.rows import other_rows, selected_rows
from tenbin.pricing.spreadsheet import write_csv
from tenbin.study.model import Study


def read(study: Study) -> list[dict[str, str]]:
    prices = Prices(study)
    return list(csv.DictReader(io.StringIO(write_csv([*selected_rows(prices, []), *other_rows(prices)]))))


def test_every_run_is_a_line_with_all_numbers_in_full(make_study: MakeStudy) -> None:
    lines = read(make_study())
    assert len(lines) == 18 + 15
    line = next(line for line in lines if (line["mix"], line["size"]) == ("pilemc4ja", "e7"))
    expected = {"n_nonembedding": "18915328", "n_total": "70426624", "steps": "200000", "published_days": "4.9"}
    assert {key: line[key] for key in expected} == expected
    assert int(line["tokens"]) == int(line["tokens_pile"]) + int(line["tokens_mc4ja"]) == 629_145_600_000
    assert float(line["epochs_mc4ja"]) == pytest.approx(1.0018, abs=1e-4)
    assert float(line["gpu_hours"]) == pytest.approx(8 * 24 * float(line["days"]))
    small = next(line for line in lines if (line["mix"], line["size"]) == ("pilemc4ja", "e3"))
    assert float(small["packed_gpu_hours"]) == pytest.approx(float(small["gpu_hours"]))
    assert (small["packed_queue"], line["packed_queue"]) == ("share", "")
    assert float(line["charge"]) == pytest.approx(3 * float(line["gpu_hours"]))


def test_what_a_run_does_not_read_is_empty(make_study: MakeStudy) -> None:
    line = next(line for line in read(make_study()) if line["mix"] == "pile")
    assert line["tokens_mc4ja"] == line["epochs_mc4ja"] == ""
    assert line["tokens_pile"] == "314572800000"


def test_sizes_not_selected_say_so_and_whether_they_fit(make_study: MakeStudy) -> None:
    others = [line for line in read(make_study()) if line["selected"] == "False"]
    assert {line["size"] for line in others if line["fits_memory"] == "False"} == {"d4096l32", "d5120l36"}
    assert {line["state"] for line in others} == {"not selected"}


def test_on_the_cpu_gpu_numbers_are_empty(make_study: MakeStudy) -> None:
    def alone(config: Config) -> None:
        on_torch(config)

    line = read(make_study(alone))[0]
    assert (line["gpu_hours"], line["charge"], line["memory_bytes"], line["queue"]) == ("", "", "", "")
    assert line["gpus"] == "0"
