import subprocess
import sys
from html import escape, unescape
from pathlib import Path

import pandas as pd
import pytest

from tenbin.errors import UserError
from tenbin.figures.summary import write_summary
from tenbin.figures.summary_tables import GivenTokens
from tenbin.files import read_json, record_file, write_json


def write(inputs, out: Path, **changed) -> str:
    given = {
        "comparison": inputs.comparison_record,
        "losses": inputs.losses,
        "losses_record": inputs.losses_record,
        "scaling": inputs.scaling,
        "mixes": inputs.mixes,
        "corpora": inputs.corpora,
        "given_tokens": [],
    }
    write_summary(**(given | changed), out=out)
    return out.read_text(encoding="utf-8")


def test_the_page_holds_every_sentence_of_the_comparison(inputs_with_controls, tmp_path: Path) -> None:
    text = unescape(write(inputs_with_controls, tmp_path / "summary.html")).replace("\N{NO-BREAK SPACE}", " ")
    sentences = [entry["sentence"] for entry in read_json(inputs_with_controls.comparison_record)["comparisons"]]
    assert len(sentences) == 8
    assert all(sentence in text for sentence in sentences)


def test_the_page_needs_nothing_from_elsewhere_and_is_the_same_each_time(inputs, tmp_path: Path) -> None:
    html = write(inputs, tmp_path / "summary.html")
    assert html == write(inputs, tmp_path / "again.html")
    assert not [word for word in ("http", "src=", "href=", "<script", "url(") if word in html]


def test_losses_are_means_over_seeds(inputs, tmp_path: Path) -> None:
    html = write(inputs, tmp_path / "summary.html")
    table = pd.read_csv(inputs.losses)
    for _, rows in table.groupby(["mix", "size", "valid"]):
        assert f"{rows['loss_nats_per_token'].mean():.4f} ({rows['bits_per_byte'].mean():.3f})" in html


def test_fits_are_those_of_the_scaling_files_for_both_counts(inputs, tmp_path: Path) -> None:
    html = write(inputs, tmp_path / "summary.html")
    curve = next(curve for curve in read_json(inputs.scaling[1])["curves"] if curve["mix"] == "enja")
    for fit in curve["fits"].values():
        chosen = fit["forms"][fit["chosen_form"]]
        low, high = chosen["profile_intervals"]["exponent"]
        assert f"{chosen['parameters']['exponent']:.3f} [{low:.3f}, {high:.3f}]" in html
        assert f"{100 * chosen['leave_largest_out_error']:.2f} %" in html


def test_every_text_is_named_with_source_and_licence_and_shards_are_added_up(inputs, tmp_path: Path) -> None:
    html = write(inputs, tmp_path / "summary.html")
    assert html.count(escape("Sentences (example.org), written by <contributors> & friends")) == 4
    assert html.count("CC BY 2.0 FR") == 4
    assert ">120,000<" in html
    assert ">8.00<" in html


def test_a_corpus_given_as_tokens_is_named_too(inputs, tmp_path: Path) -> None:
    given = GivenTokens(corpus="pile", language="en", source="The Pile, EleutherAI", licence="of its parts")
    html = write(inputs, tmp_path / "summary.html", given_tokens=[given])
    assert "The Pile, EleutherAI" in html
    assert "given as tokens" in html


def test_a_study_without_comparison_says_so(inputs, tmp_path: Path) -> None:
    empty = tmp_path / "comparison.json"
    write_json(empty, {"comparisons": []})
    assert "nothing was compared" in write(inputs, tmp_path / "summary.html", comparison=empty)


def test_losses_without_bytes_leave_the_second_unit_out(own_inputs, tmp_path: Path) -> None:
    pd.read_csv(own_inputs.losses).assign(bits_per_byte=None).to_csv(own_inputs.losses, index=False)
    write_json(own_inputs.losses_record, {"recipe": 1, "files": {"table": record_file(own_inputs.losses)}})
    html = write(own_inputs, tmp_path / "summary.html")
    assert "(–)" in html
    assert "nan" not in html


def test_a_mix_without_record_is_a_user_error(inputs, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"speaks of mix enja, but no record"):
        write(inputs, tmp_path / "summary.html", mixes=inputs.mixes[:2])
    assert not (tmp_path / "summary.html").exists()


def test_the_script_ends_in_one_line_on_a_damaged_input(own_inputs, tmp_path: Path, repository: Path) -> None:
    own_inputs.corpora[0].write_text("{}")
    command = [
        sys.executable,
        repository / "scripts" / "write_summary.py",
        "--comparison",
        own_inputs.comparison_record,
    ]
    command += [
        "--losses",
        own_inputs.losses,
        "--losses-record",
        own_inputs.losses_record,
        "--scaling",
        *own_inputs.scaling,
    ]
    command += [
        "--mixes",
        *own_inputs.mixes,
        "--corpora-record",
        *own_inputs.corpora,
        "--out",
        tmp_path / "summary.html",
    ]
    environment = {"PYTHONPATH": str(repository / "src")}
    run = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("tenbin: error: ")
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "summary.html").exists()
