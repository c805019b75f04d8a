"""Fitted curves of a table: parameters, intervals, choice of form, and what is refused."""

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.scaling.curves import fit_curves

Writer = Callable[..., Any]


def with_constant(n: float) -> float:
    return float(2.0 + 12 * n**-0.25)


def power_law(n: float) -> float:
    return float(9 * n**-0.07)


def fit_table(table: Any, folder: Path, *, documents: bool = True) -> dict[str, Any]:
    out = folder / "scaling" / "en.json"
    fit_curves(table.csv, table.record, "en", table.documents if documents else [], out)
    return read_json(out)


def test_parameters_of_the_law_lie_in_their_intervals(write_table: Writer, tmp_path: Path) -> None:
    content = fit_table(write_table({"en": with_constant, "enja": power_law}, seeds=3), tmp_path)
    english, mixed = (curve["fits"]["n_nonembedding"] for curve in content["curves"])
    assert english["chosen_form"] == "power_law_with_constant"
    assert mixed["chosen_form"] in ("power_law", "power_law_with_constant")
    for fit, form, name, truth in (
        (english, "power_law_with_constant", "exponent", 0.25),
        (english, "power_law_with_constant", "constant", 2.0),
        (mixed, "power_law", "exponent", 0.07),
        (mixed, "power_law", "amplitude_at_one_parameter", 9.0),
    ):
        low, high = fit["forms"][form]["intervals"][name]
        # Documents shift all losses alike by up to a few percent; truth is that of the whole set.
        assert low <= truth <= high, (form, name)


def test_both_counts_of_parameters_are_fitted_and_sampled(write_table: Writer, tmp_path: Path) -> None:
    curve = fit_table(write_table({"en": with_constant}), tmp_path)["curves"][0]
    for definition in ("n_nonembedding", "n_total"):
        fit = curve["fits"][definition]
        sizes = [point[definition] for point in curve["points"]]
        grid = fit["curve"]
        assert (grid["n"][0], grid["n"][-1]) == (pytest.approx(sizes[0]), pytest.approx(sizes[-1]))
        rows = zip(grid["low"], grid["loss"], grid["high"], strict=True)
        assert all(low <= loss <= high for low, loss, high in rows)
        assert fit["n0"] == pytest.approx(np.exp(np.log(sizes).mean()))


def test_seed_noise_widens_intervals(write_table: Writer, tmp_path: Path) -> None:
    def width(noise: float) -> float:
        curve = fit_table(write_table({"en": with_constant}, seeds=4, seed_noise=noise), tmp_path)["curves"][0]
        low, high = curve["fits"]["n_nonembedding"]["forms"]["power_law"]["intervals"]["exponent"]
        return float(high - low)

    assert width(0.01) > 3 * width(0.0)


def test_one_seed_leaves_documents_and_says_so(write_table: Writer, tmp_path: Path) -> None:
    curve = fit_table(write_table({"en": with_constant}, seeds=1), tmp_path)["curves"][0]
    assert curve["document_noise"] == "documents"
    assert curve["num_documents"] == 200
    assert any("one seed" in note for note in curve["notes"])
    assert curve["points"][0]["interval"] is not None


def test_two_seeds_are_called_few(write_table: Writer, tmp_path: Path) -> None:
    curve = fit_table(write_table({"en": with_constant}, seeds=2), tmp_path)["curves"][0]
    assert any("intervals are narrow" in note for note in curve["notes"])


def test_document_intervals_agree_with_the_standard_error(write_table: Writer, tmp_path: Path) -> None:
    curve = fit_table(write_table({"en": with_constant}, seeds=1), tmp_path)["curves"][0]
    for point in curve["points"]:
        low, high = point["interval"]
        assert (high - low) / (2 * 1.96) == pytest.approx(point["seeds"][0]["loss_stderr"], rel=0.12)


def test_a_bare_table_fits_with_noise_from_its_standard_errors(tmp_path: Path) -> None:
    table = tmp_path / "theirs.csv"
    rows = [f"{n},{5 * n**-0.05},theirs,wiki,0.01" for n in (1e6, 1e7, 1e8, 1e9)]
    table.write_text("\n".join(["n_total,loss_nats_per_token,mix,valid,loss_stderr", *rows]))
    fit_curves(table, None, "wiki", [], tmp_path / "wiki.json")
    curve = read_json(tmp_path / "wiki.json")["curves"][0]
    form = curve["fits"]["n_total"]["forms"]["power_law"]
    assert form["parameters"]["exponent"] == pytest.approx(0.05, rel=1e-9)
    low, high = form["intervals"]["exponent"]
    assert low < 0.05 < high
    assert curve["document_noise"] == "loss_stderr"
    assert not curve["fits"]["n_nonembedding"]["fitted"]


def test_without_any_noise_there_is_no_interval(tmp_path: Path) -> None:
    table = tmp_path / "theirs.csv"
    rows = [f"{n},{5 * n**-0.05},theirs,wiki" for n in (1e6, 1e7, 1e8, 1e9)]
    table.write_text("\n".join(["n_total,loss_nats_per_token,mix,valid", *rows]))
    fit_curves(table, None, "wiki", [], tmp_path / "wiki.json")
    fit = read_json(tmp_path / "wiki.json")["curves"][0]["fits"]["n_total"]
    assert fit["forms"]["power_law"]["intervals"]["exponent"] is None
    assert fit["curve"]["low"][0] is None


def test_three_sizes_give_the_pure_power_law(write_table: Writer, tmp_path: Path) -> None:
    fit = fit_table(write_table({"en": with_constant}, sizes=3), tmp_path)["curves"][0]["fits"]["n_nonembedding"]
    assert fit["chosen_form"] == "power_law"
    assert "fewer than 4 sizes" in fit["chosen_because"]
    assert fit["forms"]["power_law"]["leave_largest_out_error"] is None


def test_two_sizes_are_not_fitted_and_say_why(write_table: Writer, tmp_path: Path) -> None:
    fit = fit_table(write_table({"en": with_constant}, sizes=2), tmp_path)["curves"][0]["fits"]["n_nonembedding"]
    assert fit == {"fitted": False, "reason": "2 sizes; a curve needs at least 3"}


def test_equal_forms_tie_for_the_power_law(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": lambda n: 8 - 0.3 * np.log(n)}, seed_noise=0.0)
    fit = fit_table(table, tmp_path)["curves"][0]["fits"]["n_nonembedding"]
    assert fit["chosen_form"] == "power_law"
    assert "a tie" in fit["chosen_because"]


def test_the_same_table_gives_the_same_bytes(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": with_constant})
    fit_table(table, tmp_path)
    first = (tmp_path / "scaling" / "en.json").read_bytes()
    fit_table(table, tmp_path)
    assert (tmp_path / "scaling" / "en.json").read_bytes() == first


def test_a_further_curve_changes_no_other(write_table: Writer, tmp_path: Path) -> None:
    alone = fit_table(write_table({"en": with_constant}), tmp_path)["curves"][0]
    both = fit_table(write_table({"en": with_constant, "enja": power_law}), tmp_path)["curves"][0]
    assert both["fits"] == alone["fits"]


def edit_csv(path: Path, column: str, value: str) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[1][column] = value
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("value", ["0", "-1.5", "nan", "inf", "", "loss"])
def test_an_impossible_loss_is_refused_with_its_line(write_table: Writer, tmp_path: Path, value: str) -> None:
    table = write_table({"en": with_constant})
    edit_csv(table.csv, "loss_nats_per_token", value)
    with pytest.raises(UserError, match=r"losses\.csv, line 3: loss_nats_per_token"):
        fit_curves(table.csv, None, "en", [], tmp_path / "en.json")
    assert not (tmp_path / "en.json").exists()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("mix,valid,loss\nen,en,3\n")
    with pytest.raises(UserError, match="line 1: no column loss_nats_per_token"):
        fit_curves(tmp_path / "t.csv", None, "en", [], tmp_path / "en.json")


def test_constant_n_is_not_fitted(tmp_path: Path) -> None:
    rows = [f"en,en,3.{seed},{seed},1000" for seed in range(4)]
    (tmp_path / "t.csv").write_text("\n".join(["mix,valid,loss_nats_per_token,size,n_total", *rows]))
    fit_curves(tmp_path / "t.csv", None, "en", [], tmp_path / "en.json")
    fit = read_json(tmp_path / "en.json")["curves"][0]["fits"]["n_total"]
    assert not fit["fitted"]
    assert "n_total is constant" in fit["reason"]


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("mix,valid,loss_nats_per_token,n_total\nen,en,3,10\nen,en,4,10\n")
    with pytest.raises(UserError, match="two rows for en"):
        fit_curves(tmp_path / "t.csv", None, "en", [], tmp_path / "en.json")


def test_an_unknown_validation_set_is_refused(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": with_constant})
    with pytest.raises(UserError, match="no validation set ja; it has en"):
        fit_curves(table.csv, table.record, "ja", [], tmp_path / "ja.json")


def test_a_changed_table_is_refused(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": with_constant})
    edit_csv(table.csv, "loss_nats_per_token", "3.5")
    with pytest.raises(UserError, match=r"losses\.csv is damaged"):
        fit_curves(table.csv, table.record, "en", [], tmp_path / "en.json")


def test_documents_of_another_table_are_refused(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": with_constant})
    record = table.documents[0].with_name("en.json")
    write_json(record, read_json(record) | {"seed": 9})
    with pytest.raises(UserError, match="is not in the losses table"):
        fit_curves(table.csv, table.record, "en", table.documents, tmp_path / "en.json")


def test_four_curves_take_little_time(write_table: Writer, tmp_path: Path) -> None:
    laws = {f"mix{i}": with_constant for i in range(4)}
    table = write_table(laws, seeds=2)
    start = time.process_time()
    fit_table(table, tmp_path)
    print(f"four curves, two counts of N, 1,000 replicates: {time.process_time() - start:.2f} CPU seconds")
