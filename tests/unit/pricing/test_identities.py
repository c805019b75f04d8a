"""A run's fingerprint before its spec is written."""

import pytest
from priced import MIX_E3, Config, MakeStudy, lay_out_records, lay_out_spec, planned

from tenbin.files import seal_of
from tenbin.pricing.counts import run_folder
from tenbin.pricing.identities import Identities, Identity
from tenbin.study.model import Run


def test_a_spec_that_is_up_to_date_is_the_identity(make_study: MakeStudy) -> None:
    study = make_study()
    fingerprint = lay_out_spec(study, MIX_E3)
    assert Identities(study, []).identity(MIX_E3) == Identity(fingerprint, certain=True)


def test_a_deleted_spec_is_known_from_what_it_is_made_from(make_study: MakeStudy) -> None:
    study = make_study()
    fingerprint = lay_out_spec(study, MIX_E3)
    (run_folder(study, MIX_E3) / "spec.json").unlink()
    assert Identities(study, [planned("write_spec", MIX_E3)]).identity(MIX_E3) == Identity(fingerprint, certain=True)
    assert not (run_folder(study, MIX_E3) / "spec.json").exists(), "a plan writes no spec"


def test_changed_settings_give_another_fingerprint(make_study: MakeStudy) -> None:
    former = lay_out_spec(make_study(), MIX_E3)
    study = make_study(lambda config: config["schedules"]["it200k"].update(peak_learning_rate=2e-4))
    identity = Identities(study, [planned("write_spec", MIX_E3)]).identity(MIX_E3)
    assert identity.certain
    assert identity.fingerprint not in (None, former)
    assert identity.fingerprint == lay_out_spec(study, MIX_E3)


MAKERS = [
    planned("write_mix", mix="pilemc4ja"),
    planned("order_corpus", mix="pilemc4ja", schedule="it200k", seed="1234", corpus="pile"),
    planned("blend_corpora", mix="pilemc4ja", schedule="it200k", seed="1234"),
    planned("draw_weights", size="e3", seed="1234"),
    planned("copy_tokenizer", tokenizer="neox20b"),
]
OTHERS = [
    planned("write_mix", mix="pile"),
    planned("order_corpus", mix="pilemc4ja", schedule="it200k", seed="1", corpus="pile"),
    planned("blend_corpora", mix="pilemc4ja", schedule="it100k", seed="1234"),
    planned("draw_weights", size="e4", seed="1234"),
    planned("train_tokenizer", tokenizer="bpe4096"),
    planned("score_run", MIX_E3, valid="mc4ja"),
]


@pytest.mark.parametrize("job", MAKERS, ids=lambda job: job.rule)
def test_while_its_inputs_are_made_anew_the_former_fingerprint_is_uncertain(make_study: MakeStudy, job) -> None:  # type: ignore[no-untyped-def]
    study = make_study()
    former = lay_out_spec(study, MIX_E3)
    assert Identities(study, [job, planned("write_spec", MIX_E3)]).identity(MIX_E3) == Identity(former, certain=False)
    (run_folder(study, MIX_E3) / "spec.json").unlink()
    assert Identities(study, [job, planned("write_spec", MIX_E3)]).identity(MIX_E3) == Identity(None, certain=True)


@pytest.mark.parametrize("job", OTHERS, ids=lambda job: job.rule)
def test_what_other_runs_are_made_from_changes_nothing(make_study: MakeStudy, job) -> None:  # type: ignore[no-untyped-def]
    study = make_study()
    fingerprint = lay_out_spec(study, MIX_E3)
    jobs = [job, planned("write_spec", MIX_E3)]
    assert Identities(study, jobs).identity(MIX_E3) == Identity(fingerprint, certain=True)


def test_a_run_of_which_nothing_exists_has_none(make_study: MakeStudy) -> None:
    jobs = [*MAKERS, planned("write_spec", MIX_E3)]
    assert Identities(make_study(), jobs).identity(MIX_E3) == Identity(None, certain=True)
    assert Identities(make_study(), jobs[-1:]).identity(MIX_E3) == Identity(None, certain=True)


def branch(config: Config) -> None:
    trunk = config["schedules"]["it100k"] | {"decay": "constant"}
    config["schedules"]["trunk"] = trunk
    config["schedules"]["branch"] = trunk | {"decay": "cosine", "branch_of": "trunk", "branch_step": 80_000}


def test_a_branch_takes_its_trunks_fingerprint_before_either_is_written(make_study: MakeStudy) -> None:
    study = make_study(branch)
    trunk, leaf = (Run("pile", "e3", schedule, 1234) for schedule in ("trunk", "branch"))
    base = lay_out_spec(study, trunk)
    written = Identities(study, [planned("write_spec", leaf)]).identity(leaf)
    assert written.fingerprint not in (None, base)
    (run_folder(study, trunk) / "spec.json").unlink()
    lay_out_records(study, leaf)
    both = Identities(study, [planned("write_spec", trunk), planned("write_spec", leaf)])
    assert both.identity(leaf) == written
    assert both.identity(trunk) == Identity(base, certain=True)


def test_the_order_of_the_trunk_makes_a_branch_uncertain(make_study: MakeStudy) -> None:
    study = make_study(branch)
    leaf = Run("pile", "e3", "branch", 1234)
    lay_out_records(study, leaf)
    job = planned("order_corpus", mix="pile", schedule="trunk", seed="1234", corpus="pile")
    assert Identities(study, [job, planned("write_spec", leaf)]).identity(leaf) == Identity(None, certain=True)


def test_seals_are_fingerprints(make_study: MakeStudy) -> None:
    study = make_study()
    assert lay_out_spec(study, MIX_E3) == seal_of(run_folder(study, MIX_E3) / "spec.json")
