"""The network of a rank, without ranks: what DeepSpeed is told, and where tensors are made."""

import math
from types import SimpleNamespace

import pytest
import torch

from tenbin.model import Architecture, GPTNeoX
from tenbin.study.execution import Placement
from tenbin.training.divergence import DivergedError
from tenbin.training.spec import read_spec

SHAPE = Architecture(hidden_size=16, num_layers=2, num_heads=2, rotary_width=2, vocabulary=128, sequence_length=16)


@pytest.fixture(autouse=True)
def _deepspeed_on_cpu(monkeypatch):
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


@pytest.fixture
def loss_module():
    # Only once DeepSpeed knows its accelerator.
    from tenbin.training.ranked_network import LossModule  # noqa: PLC0415

    return LossModule


@pytest.mark.parametrize("numerics", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("again", [False, True], ids=["kept", "computed again"])
def test_every_tensor_of_a_step_is_made_on_the_device_of_the_batch(loss_module, numerics, again):
    model = GPTNeoX(SHAPE).to("meta", numerics)
    loss = loss_module(model, again)(torch.zeros((2, 17), dtype=torch.int64, device="meta"))
    loss.backward()
    assert (loss.device.type, loss.dtype) == ("meta", torch.float32)
    assert {parameter.grad.device.type for parameter in model.parameters()} == {"meta"}


def test_activations_computed_again_give_the_same_gradients(loss_module):
    torch.manual_seed(5)
    model = GPTNeoX(SHAPE)
    sequences = torch.randint(0, 128, (3, 17))
    found = []
    for again in (False, True):
        model.zero_grad()
        loss = loss_module(model, again)(sequences)
        loss.backward()
        found.append([loss, *(parameter.grad.clone() for parameter in model.parameters())])
    assert all(torch.equal(kept, again) for kept, again in zip(*found, strict=True))


@pytest.mark.parametrize("numerics", [torch.bfloat16, torch.float16])
def test_the_half_precision_loss_is_that_of_fp32_but_for_rounding(loss_module, numerics):
    torch.manual_seed(5)
    model, sequences = GPTNeoX(SHAPE), torch.randint(0, 128, (3, 17))
    exact = float(loss_module(model, False)(sequences).detach())
    rounded = float(loss_module(model.to(numerics), False)(sequences).detach())
    assert rounded == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(
    ("placement", "accumulated"),
    [
        (Placement(processes_per_node=2, micro_batch=1), 2),
        (Placement(nodes=2, processes_per_node=2), 1),
        (Placement(micro_batch=2), 2),
    ],
)
def test_the_batch_is_split_over_ranks_micro_batches_and_accumulation(make_tiny_run, tmp_path, placement, accumulated):
    from tenbin.training.ranked_network import describe_engine  # noqa: PLC0415

    spec, _ = read_spec(make_tiny_run(tmp_path).spec)
    settings = describe_engine(spec, placement)
    assert settings["gradient_accumulation_steps"] == accumulated
    micro = settings["train_micro_batch_size_per_gpu"]
    assert placement.ranks * micro * accumulated == settings["train_batch_size"] == spec.schedule.batch_size
    assert settings["zero_optimization"]["stage"] == 1


@pytest.mark.parametrize(("numerics", "told"), [("fp32", None), ("bf16", "bf16"), ("fp16", "fp16")])
def test_gradients_are_summed_in_fp32_whatever_the_numerics(make_tiny_run, tmp_path, numerics, told):
    from tenbin.training.ranked_network import describe_engine  # noqa: PLC0415

    run = make_tiny_run(tmp_path)
    run.respell(numerics=numerics)
    settings = describe_engine(read_spec(run.spec)[0], Placement())
    assert [name for name in ("bf16", "fp16") if settings.get(name, {}).get("enabled")] == ([told] if told else [])
    assert settings["data_types"]["grad_accum_dtype"] == settings["communication_data_type"] == "fp32"


def network_with(gradient_norm, scaler):
    """Return a network whose engine only reports a gradient norm."""
    from tenbin.training.ranked_network import RankedNetwork  # noqa: PLC0415

    network = RankedNetwork.__new__(RankedNetwork)
    optimizer = SimpleNamespace(loss_scaler=scaler)
    network.engine = SimpleNamespace(
        optimizer=optimizer, step=lambda: None, get_global_grad_norm=lambda: torch.tensor(gradient_norm)
    )
    network.updates = 4
    return network


def scaler_at(scale):
    return SimpleNamespace(dynamic=True, cur_scale=scale, min_scale=1)


@pytest.mark.parametrize("scaler", [None, SimpleNamespace(dynamic=False), scaler_at(1), scaler_at(4096)])
def test_a_finite_step_is_an_update(scaler):
    network = network_with(0.5, scaler)
    assert network._update(5, 3.0) == 0.5
    assert network.updates == 5


def test_gradients_that_overflow_in_fp16_are_no_divergence_while_the_scale_can_fall():
    network = network_with(math.inf, scaler_at(2))
    assert network._update(5, 3.0) is None
    assert network.updates == 4


@pytest.mark.parametrize(
    ("loss", "norm", "scaler"),
    [
        (3.0, math.inf, None),
        (3.0, math.nan, SimpleNamespace(dynamic=False)),
        (3.0, math.inf, scaler_at(1)),
        (math.nan, 0.5, scaler_at(4096)),
        (math.inf, 0.5, None),
    ],
)
def test_what_is_not_finite_otherwise_is_a_divergence(loss, norm, scaler):
    network = network_with(norm, scaler)
    with pytest.raises(DivergedError, match=f"diverged at step 5: loss {loss}"):
        network._update(5, loss)
    assert network.updates == 4
