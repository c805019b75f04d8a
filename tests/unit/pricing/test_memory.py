"""Whether a micro-batch fits a GPU."""

from typing import Any

import pytest
from priced import Config, MakeStudy

from tenbin.errors import UserError
from tenbin.pricing.memory import RESERVED_BYTES, check_memory, estimate_memory, layer_activation_bytes, study_memory
from tenbin.study.catalogue import Size

# Korthikanti et al. 2022, table 2: a layer of the 22B model keeps s b h (34 + 5 a s / h) bytes.
GPT22B = Size.model_construct(hidden_size=6144, num_layers=48, num_heads=64)


def place(**more: Any) -> Any:
    """Return a change of the largest size's placement."""
    return lambda config: config["execution"]["placements"]["e8"].update(more)


def test_a_layer_keeps_what_the_published_formula_says_less_its_dropout() -> None:
    s, b, h, a = 2048, 4, 6144, 64
    published = 34 * s * b * h + 5 * a * s * s * b
    masks = 2 * s * b * h  # after the attention and the MLP, a byte a number
    scores = 3 * a * s * s * b  # the softmax's mask, and its masked output: without dropout it is the output itself
    assert layer_activation_bytes(GPT22B, b, s, 2) == published - masks - scores


def test_the_parts_of_a_small_model_by_hand(make_study: MakeStudy) -> None:
    size = make_study().sizes["e3"]
    estimate = estimate_memory(
        size, padded_vocabulary=50_304, sequence_length=2048, micro_batch=16, ranks=8, numerics="bf16"
    )
    assert estimate.weights == 2 * 1_613_040
    assert estimate.gradients == 6 * 1_613_040
    assert estimate.optimizer == 12 * 1_613_040 // 8
    assert estimate.logits == 16 * 2048 * 50_304 * 10
    assert estimate.activations == 2 * (16 * 16 * 2048 * 16 + 2 * 2048 * 2048 * 16)
    assert estimate.total == sum(list(vars(estimate).values()))
    assert estimate.reserved == RESERVED_BYTES


def test_checkpointing_keeps_the_inputs_of_layers_and_one_layer(make_study: MakeStudy) -> None:
    size = make_study().sizes["e8"]
    kinds = {"padded_vocabulary": 50_304, "sequence_length": 2048, "micro_batch": 4, "ranks": 32, "numerics": "fp16"}
    stored = estimate_memory(size, **kinds)  # type: ignore[arg-type]
    checkpointed = estimate_memory(size, **kinds, checkpoint_activations=True)  # type: ignore[arg-type]
    assert checkpointed.activations == 24 * 2 * 4 * 2048 * 1024 + stored.activations // 24
    assert checkpointed.logits == stored.logits


@pytest.mark.parametrize("size", ["e3", "e4", "e5", "e6", "e7", "e8"])
def test_the_published_study_fits_40_gb(make_study: MakeStudy, size: str) -> None:
    study = make_study()
    estimate = study_memory(study, size, 2048, 1536, study.execution.placement(size))
    assert 2e9 < estimate.total < 40e9
    check_memory(study)


def test_a_micro_batch_that_cannot_fit_is_refused_with_one_that_can(make_study: MakeStudy) -> None:
    with pytest.raises(UserError) as caught:
        check_memory(make_study(place(micro_batch=16)))
    message = str(caught.value)
    for words in ("execution.placements.e8", "micro-batch of 16", "A100-40GB has 40 GB", "set its micro_batch to 4"):
        assert words in message
    check_memory(make_study(place(micro_batch=4)))
    check_memory(make_study(place(micro_batch=16, checkpoint_activations=True)))


def test_without_a_micro_batch_a_gpu_takes_its_whole_share_and_that_is_refused(make_study: MakeStudy) -> None:
    with pytest.raises(UserError, match="micro-batch of 48 needs"):
        check_memory(make_study(place(micro_batch=None)))


def test_the_advice_is_true(make_study: MakeStudy) -> None:
    def tighten(config: Config) -> None:
        config["execution"]["site"]["gpu_memory_gb"] = 8

    with pytest.raises(UserError) as caught:
        check_memory(make_study(tighten))
    assert "execution.placements.e7" in str(caught.value)
    assert "checkpoint_activations to true and its micro_batch to" not in str(caught.value).split("; ")[0]

    def follow(config: Config) -> None:
        tighten(config)
        for message in str(caught.value).split("; "):
            placement = dict(config["execution"]["placements"][message.split(":")[0].rsplit(".", 1)[1]])
            placement["checkpoint_activations"] = "checkpoint_activations to true" in message
            placement["micro_batch"] = int(message.split(" or less")[0].rsplit(" ", 1)[1])
            config["execution"]["placements"][message.split(":")[0].rsplit(".", 1)[1]] = placement

    check_memory(make_study(follow))


def test_where_nothing_fits_the_advice_is_more_hardware(make_study: MakeStudy) -> None:
    def tiny(config: Config) -> None:
        config["execution"]["site"]["gpu_memory_gb"] = 3

    with pytest.raises(UserError, match="no micro-batch fits: give it more nodes"):
        check_memory(make_study(tiny))


def test_sizes_on_the_cpu_and_sizes_that_are_only_priced_are_not_refused(make_study: MakeStudy) -> None:
    def on_cpu(config: Config) -> None:
        config["study"] |= {"engine": "torch", "numerics": "fp32"}
        config["execution"] |= {"placements": {}}
        config["execution"]["site"]["gpu_memory_gb"] = 1

    check_memory(make_study(on_cpu))
    study = make_study()
    big = study_memory(study, "d5120l36", 2048, 1536, study.execution.placement("d5120l36"))
    assert big.total > 40e9, "Pythia 12B under ZeRO stage 1"
    check_memory(study)
