"""One run.yml says everything in GPT-NeoX's keys: as the recorded runs did, and as GPT-NeoX itself accepts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from recordings import schedule_of, shape_of

import tenbin
from tenbin.errors import UserError
from tenbin.neox.config import RunPaths, render, spell, split_batch
from tenbin.neox.links import NeoxData
from tenbin.specs import describe_architecture
from tenbin.study.catalogue import Schedule
from tenbin.study.execution import Placement
from tenbin.study.model import Study
from tenbin.study.reading import load_yaml, read_study
from tenbin.training.spec import RunSpec

VOCABULARY = 50_304
PATHS = RunPaths(Path("/run/saves"), Path("/run/initial"), True, Path("/run/tokenizer.json"), Path("/run/kernels"))
GPU, CPU = Placement(gpus_per_node=8, micro_batch=16), Placement(micro_batch=4)


def spec_of(schedule: Schedule, architecture: dict[str, int], **chosen: Any) -> RunSpec:
    corpus = {"language": "en", "bin_sha256": "0" * 64, "idx_sha256": "0" * 64, "order_sha256": "0" * 64}
    content = {
        "recipe": 1,
        "engine": "neox",
        "numerics": "fp32",
        "mix": "enja",
        "size": "e3",
        "schedule_id": "it60",
        "seed": 1234,
        "architecture": architecture,
        "schedule": schedule,
        "corpora": {"en": corpus | {"weight": 0.5}, "ja": corpus | {"weight": 0.5, "language": "ja"}},
        "blend_sha256": "0" * 64,
        "init_sha256": "0" * 64,
        "tokenizer_sha256": "0" * 64,
        "end_of_text_id": 0,
    }
    return RunSpec.model_validate(content | chosen)


def data_of(schedule: Schedule, weights: dict[str, float] | None = None) -> NeoxData:
    return NeoxData(Path("/run/data"), weights or {"en": 0.5, "ja": 0.5}, schedule.samples)


@pytest.fixture(scope="module")
def published(repository: Path) -> Study:
    config = load_yaml(repository / "config.yaml")
    overlay = load_yaml(repository / "config" / "published.yaml")
    for key, value in overlay.items():
        config[key] = {**config.get(key, {}), **value} if isinstance(value, dict) else value
    return read_study(config, [])


def render_published(study: Study, size: str, numerics: str) -> dict[str, Any]:
    schedule = study.schedules["it100k"]
    architecture = describe_architecture(study.sizes[size], VOCABULARY, schedule.sequence_length)
    spec = spec_of(schedule, architecture, numerics=numerics, size=size)
    return render(spec, study.execution.placement(size), data_of(schedule), PATHS)


# What a rendered run has beyond a recorded one, and what the recorded ones set otherwise, each for a reason.
ELSEWHERE = {"vocab_file", "train_data_paths", "valid_data_paths", "test_data_paths", "save", "extra_save_iters"}
EVALUATION = {"eval_iters", "eval_interval"}
NOT_OURS = {"checkpoint_factor"}


@pytest.mark.golden
@pytest.mark.parametrize("name", ["A1", "A2", "A3", "A4", "A5"])
def test_rendered_runs_agree_with_recorded_ones_key_by_key(shared_data: Path, name: str) -> None:
    recorded = yaml.safe_load((shared_data / "neox_golden" / "runs" / name / "run.yml").read_text())
    schedule, shape = schedule_of(recorded), shape_of(recorded)
    ids = ["en", "ja"][: len(recorded["train_data_paths"])]
    weights = dict(zip(ids, recorded["train_data_weights"], strict=True))
    spec = spec_of(schedule, shape.model_dump())
    rendered = yaml.safe_load(spell(render(spec, CPU, data_of(schedule, weights), PATHS)))
    compared = recorded.keys() - ELSEWHERE - EVALUATION - NOT_OURS
    assert {key: rendered[key] for key in compared} == {key: recorded[key] for key in compared}
    assert rendered.keys() >= recorded.keys() - NOT_OURS


def test_published_sizes_have_the_published_batch(published: Study) -> None:
    for size in ("e3", "e4", "e5", "e6", "e7", "e8"):
        config = render_published(published, size, "fp16")
        assert (config["train_batch_size"], config["gradient_accumulation_steps"]) == (1536, 12)
        assert config["train_micro_batch_size_per_gpu"] == (4 if size == "e8" else 16)
        assert config["global_num_gpus"] == (32 if size == "e8" else 8)


@pytest.mark.slow
@pytest.mark.neox
def test_neox_accepts_every_published_size_and_finds_nothing_left_to_a_default(
    published: Study, neox_home: Path, tmp_path: Path
) -> None:
    chosen = [(size, "fp16") for size in ("e3", "e4", "e5", "e6", "e7", "e8")] + [("e8", "bf16"), ("e8", "fp32")]
    files = [tmp_path / f"{size}{numerics}.yml" for size, numerics in chosen]
    for (size, numerics), file in zip(chosen, files, strict=True):
        file.write_text(spell(render_published(published, size, numerics)))
    read = neox_reads(neox_home, files)
    for (size, _), file, arguments in zip(chosen, files, read, strict=True):
        config = yaml.safe_load(file.read_text())
        assert arguments["train_batch_size"] == 1536
        assert arguments["hidden_size"] == published.sizes[size].hidden_size
        assert arguments["deepspeed_config"]["gradient_clipping"] == 1.0
        assert set(arguments["updated"]) - config.keys() <= DERIVED


DERIVED = {
    "attention_config",
    "batch_size",
    "clip_grad",
    "config_files",
    "dynamic_loss_scale",
    "is_pipe_parallel",
    "lr",
    "optimizer_type",
    "sparsity_config",
    "text_gen_type",
    "zero_allgather_bucket_size",
    "zero_contiguous_gradients",
    "zero_reduce_bucket_size",
    "zero_reduce_scatter",
    "zero_stage",
}
"""What GPT-NeoX sets by itself from other keys."""

READER = """
import contextlib, io, json, sys
from tenbin.neox.importing import make_importable
make_importable(sys.argv[1])
from megatron.neox_arguments import NeoXArgs
read = []
for file in sys.argv[2:]:
    with contextlib.redirect_stdout(io.StringIO()):
        args = NeoXArgs.from_ymls([file])
    fields = {name: getattr(args, name) for name in args.__dataclass_fields__}
    updated = [name for name, value in fields.items() if value != args.__dataclass_fields__[name].default]
    plain = {name: value for name, value in fields.items() if isinstance(value, (int, float, str))}
    read.append(plain | {"updated": updated, "deepspeed_config": args.deepspeed_config})
json.dump(read, sys.stdout, default=str)
"""


def neox_reads(home: Path, files: list[Path]) -> list[dict[str, Any]]:
    """Return what GPT-NeoX makes of some run.yml: values, those that are no defaults, and DeepSpeed's configuration."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(home), *map(str, files)],
        env=os.environ | {"PYTHONPATH": str(Path(tenbin.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@given(st.floats(min_value=1e-12, max_value=1e-2), st.floats(min_value=1e-12, max_value=1.0), st.integers(1, 2**31))
def test_numbers_stay_numbers_in_yaml(rate: float, epsilon: float, seed: int) -> None:
    config = {"lr": rate, "eps": epsilon, "whole": 1e20, "seed": seed, "text": "1e-8", "yes": "yes", "path": "/a/日本"}
    assert yaml.safe_load(spell(config)) == config


SCHEDULE = Schedule(
    steps=100, batch_size=8, sequence_length=64, peak_learning_rate=1e-3, final_learning_rate=1e-4, warmup_share=0.1
)
SHAPE = {
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "rotary_width": 2,
    "vocabulary": 128,
    "sequence_length": 64,
    "n_nonembedding": 3312,
    "n_total": 7408,
}


def rendered(schedule: Schedule = SCHEDULE, placement: Placement = CPU, **chosen: Any) -> dict[str, Any]:
    return render(spec_of(schedule, SHAPE, **chosen), placement, data_of(SCHEDULE), PATHS)


def test_sixteen_bits_are_summed_in_thirty_two() -> None:
    assert "data_types" not in rendered()
    for numerics in ("bf16", "fp16"):
        assert rendered(numerics=numerics)["data_types"] == {"grad_accum_dtype": "fp32"}
    assert rendered(numerics="bf16")["precision"] == "bfloat16"
    assert rendered(numerics="fp16")["fp16"]["initial_scale_power"] == 12


def test_fused_kernels_are_for_gpus_and_never_change_the_activation() -> None:
    fusion = "scaled_upper_triang_masked_softmax_fusion"
    placement = Placement(gpus_per_node=2, micro_batch=4)
    assert rendered(placement=placement, numerics="fp16")[fusion]
    assert not rendered(placement=placement)[fusion]
    assert not rendered(numerics="bf16")[fusion]
    assert not rendered(placement=placement, numerics="fp16")["bias_gelu_fusion"]


def test_a_place_decides_backend_and_loaders() -> None:
    gpu = rendered(placement=Placement(gpus_per_node=2, micro_batch=4, checkpoint_activations=True))
    assert (gpu["distributed_backend"], gpu["num_workers"], gpu["checkpoint_activations"]) == ("nccl", 2, True)
    cpu = rendered()
    assert (cpu["distributed_backend"], cpu["num_workers"], cpu["checkpoint_activations"]) == ("gloo", 0, False)


def test_a_cosine_branch_is_a_warm_up_that_ends_where_it_leaves() -> None:
    branch = SCHEDULE.model_copy(update={"branch_of": "trunk", "branch_step": 40, "steps": 60})
    config = rendered(branch)
    assert config["warmup"] * config["lr_decay_iters"] == 40
    assert (config["lr_decay_style"], config["override_lr_scheduler"]) == ("cosine", True)
    assert config["train_iters"] == 100, "the trunk's, whose index maps it reads"


def test_what_neox_cannot_do_is_refused() -> None:
    branch = {"branch_of": "trunk", "branch_step": 40, "steps": 60, "decay": "linear"}
    with pytest.raises(UserError, match="linear decay leads to final_learning_rate, GPT-NeoX's to 0"):
        rendered(SCHEDULE.model_copy(update=branch))
    assert rendered(SCHEDULE.model_copy(update=branch | {"final_learning_rate": 0.0}))["lr_decay_style"] == "linear"
    with pytest.raises(UserError, match="no seed below 1, this run has 0"):
        rendered(seed=0)


def test_a_batch_that_does_not_come_out_even_is_refused() -> None:
    assert split_batch(SCHEDULE, Placement(processes_per_node=2)) == (4, 1)
    assert split_batch(SCHEDULE, Placement(processes_per_node=2, micro_batch=2)) == (2, 2)
    for placement in (Placement(micro_batch=3), Placement(processes_per_node=3), Placement(processes_per_node=16)):
        with pytest.raises(UserError, match="batch of 8 sequences can't be split"):
            split_batch(SCHEDULE, placement)
