import csv

import pytest

from tenbin.errors import UserError
from tenbin.scaling.importing import COLUMNS, import_losses
from tenbin.scaling.points import read_points

SET = {"mix": "theirs", "valid": "c4"}
NAMES = {"n_total": "N", "flops": "C", "loss_nats_per_token": "loss"}


@pytest.fixture
def convert(tmp_path):
    def run(text, columns=NAMES, constants=SET):
        table, out = tmp_path / "theirs.csv", tmp_path / "losses.csv"
        table.write_text(text, encoding="utf-8")
        import_losses(table, columns, constants, out)
        return list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))

    return run


def test_flops_become_tokens_and_the_rest_stays_empty(convert, tmp_path):
    (row,) = convert("C,N,loss,note\n6e18,1e9,3.5,x\n")
    assert tuple(row) == COLUMNS
    assert {key: value for key, value in row.items() if value} == {
        **SET, "n_total": "1e9", "flops": "6e18", "tokens": "1000000000", "loss_nats_per_token": "3.5"
    }  # fmt: skip
    (point,) = read_points(tmp_path / "losses.csv", None)
    assert (point.n["n_total"], point.loss, point.valid) == (1e9, 3.5, "c4")


def test_tokens_that_are_given_are_kept(convert):
    names = NAMES | {"tokens": "D"}
    assert convert("C,N,D,loss\n6e18,1e9,5e8,3.5\n", names)[0]["tokens"] == "5e8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C,N,loss\n6e18,70,3.5\n", "line 2: n_total is '70'; it must be a finite number of parameters above 100"),
        ("C,N,loss\n6e18,1e9,-1\n", "line 2: loss_nats_per_token is '-1'"),
        ("C,N,loss\n6e18,,3\n", "no row has both a loss and a number of parameters"),
        ("C,M,loss\n6e18,1e9,3\n", "line 1: no column N; there are C, M, loss"),
        ('C,N,loss\n"6e18,1e9,3\n', "after line 1: no CSV"),
    ],
)
def test_mistakes_leave_nothing(convert, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        convert(text)
    assert not (tmp_path / "losses.csv").exists()


@pytest.mark.parametrize(
    ("columns", "constants", "message"),
    [
        (NAMES, {"mix": "a"}, "nothing given for valid"),
        ({"loss_nats_per_token": "loss"}, SET, "nothing given for n_nonembedding or n_total"),
        (NAMES | {"size_m": "N"}, SET, "losses.csv has no column size_m"),
    ],
)
def test_requests_that_cannot_make_a_losses_table(convert, columns, constants, message):
    with pytest.raises(UserError, match=message):
        convert("C,N,loss\n6e18,1e9,3.5\n", columns, constants)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "columns", "counts"),
    [
        ("chinchilla_svg_extracted", NAMES | {"n_total": "Model Size", "flops": "Training FLOP"}, (245, 0)),
        ("chinchilla_kyotakano_subset", NAMES | {"tokens": "D"}, (234, 0)),
        ("gadre_testbed_c4_rw", {"mix": "dataset_name", "n_total": "N", "tokens": "D", "flops": "flops"}, (69, 0)),
        (
            "porian_optimal_pairs_rw",
            {"mix": "hparams", "n_nonembedding": "n", "tokens": "t", "flops": "flops"},
            (58, 1),
        ),
        (
            "gemstones_fineweb_edu_losses",
            {"n_total": "params_active_precise", "tokens": "tokens", "steps": "step"},
            (770, 0),
        ),
    ],
)
def test_published_layouts(shared_data, tmp_path, name, columns, counts):
    loss = {"gadre_testbed_c4_rw": "loss_c4_val", "gemstones_fineweb_edu_losses": "final_loss"}.get(name, "loss")
    constants = {key: value for key, value in SET.items() if key not in columns}
    table, out = shared_data / "published_fits" / f"{name}.csv", tmp_path / "losses.csv"
    assert import_losses(table, columns | {"loss_nats_per_token": loss}, constants, out) == counts
