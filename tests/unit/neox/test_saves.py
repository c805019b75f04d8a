"""What GPT-NeoX saved becomes a checkpoint when it is whole, and never before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tenbin.errors import UserError
from tenbin.neox.export import read_weights
from tenbin.neox.initial import write_initial
from tenbin.neox.names import neox_names
from tenbin.neox.saves import publish_save, require_ranks
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation, Start, claim_generation

FINGERPRINT = "f" * 64


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    generation = claim_generation(tmp_path / FINGERPRINT, 1, Start())
    assert generation is not None
    return generation


def save_as_neox(saves: Path, run: Any, step: int, ranks: int = 2) -> dict[str, np.ndarray]:
    """Write what GPT-NeoX writes, as far as anything here reads it."""
    folder = saves / f"global_step{step}"
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "run.yml").write_text("x: 1\n")
    weights = load_file(run.init)
    module = {theirs: torch.from_numpy(weights[ours]) for ours, theirs in neox_names(run.spec.architecture).items()}
    torch.save({"module": module, "iteration": step}, folder / "mp_rank_00_model_states.pt")
    for rank in range(ranks):
        (folder / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt").write_bytes(b"moments")
    return weights


def test_a_save_becomes_a_checkpoint_that_neox_loads(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    save_as_neox(tmp_path / "saves", tiny_run, 7)
    checkpoint = publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    assert checkpoint == Checkpoint(generation, 7)
    checkpoint.verify(FINGERPRINT)
    assert (checkpoint.folder / "latest").read_text() == "global_step7"
    assert set(checkpoint.record()) == {
        "latest",
        "global_step7/configs/run.yml",
        "global_step7/mp_rank_00_model_states.pt",
        "global_step7/zero_pp_rank_0_mp_rank_00_optim_states.pt",
        "global_step7/zero_pp_rank_1_mp_rank_00_optim_states.pt",
    }
    assert not list((tmp_path / "saves").iterdir())


def test_a_changed_part_is_damage(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    save_as_neox(tmp_path / "saves", tiny_run, 7)
    checkpoint = publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    (checkpoint.folder / "global_step7" / "zero_pp_rank_1_mp_rank_00_optim_states.pt").write_bytes(b"momentum")
    with pytest.raises(UserError, match=r"zero_pp_rank_1_.* is damaged"):
        checkpoint.verify(FINGERPRINT)


def test_an_unfinished_save_is_no_checkpoint(generation: Generation, tmp_path: Path) -> None:
    (tmp_path / "saves" / "global_step7").mkdir(parents=True)
    with pytest.raises(UserError, match=r"said that it saved step 7, but .* holds no mp_rank_00_model_states.pt"):
        publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    assert not Checkpoint(generation, 7).folder.exists()


def test_a_writer_that_was_taken_over_publishes_nothing(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    save_as_neox(tmp_path / "saves", tiny_run, 7)
    claim_generation(generation.run_folder, 2, Start())
    with pytest.raises(UserError, match="no longer the newest generation"):
        publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    assert not Checkpoint(generation, 7).folder.exists()


def test_another_number_of_ranks_is_refused(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    save_as_neox(tmp_path / "saves", tiny_run, 7, ranks=2)
    checkpoint = publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    require_ranks(checkpoint, Placement(processes_per_node=2))
    with pytest.raises(UserError, match=r"saved by 2 rank.s. of GPT-NeoX, the placement has 4: .*back to 2 rank"):
        require_ranks(checkpoint, Placement(nodes=2, processes_per_node=2))


def test_weights_come_back_by_our_names(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    weights = save_as_neox(tmp_path / "saves", tiny_run, 7)
    found = read_weights(publish_save(tmp_path / "saves", generation, 7, FINGERPRINT), tiny_run.spec)
    assert found.keys() == weights.keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value)


def test_weights_of_16_bits_are_read_as_float32(tiny_run: Any, generation: Generation, tmp_path: Path) -> None:
    weights = save_as_neox(tmp_path / "saves", tiny_run, 7)
    path = tmp_path / "saves" / "global_step7" / "mp_rank_00_model_states.pt"
    module = torch.load(path)["module"]
    torch.save({"module": {name: value.bfloat16() for name, value in module.items()}}, path)
    found = read_weights(publish_save(tmp_path / "saves", generation, 7, FINGERPRINT), tiny_run.spec)
    for name, value in weights.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], torch.from_numpy(value).bfloat16().float().numpy())


@pytest.mark.parametrize("damage", ["missing", "extra", "misshapen"])
def test_another_network_is_refused(tiny_run: Any, generation: Generation, tmp_path: Path, damage: str) -> None:
    save_as_neox(tmp_path / "saves", tiny_run, 7)
    path = tmp_path / "saves" / "global_step7" / "mp_rank_00_model_states.pt"
    module = torch.load(path)["module"]
    name = "sequential.3.mlp.linear1.weight"
    module |= {"missing": {}, "extra": {"sequential.9.x": torch.ones(1)}, "misshapen": {name: torch.ones(3)}}[damage]
    if damage == "missing":
        del module[name]
    torch.save({"module": module}, path)
    checkpoint = publish_save(tmp_path / "saves", generation, 7, FINGERPRINT)
    with pytest.raises(UserError, match=r"holds another network than the spec describes: sequential.[39]"):
        read_weights(checkpoint, tiny_run.spec)


def test_initial_weights_become_a_checkpoint_of_step_0(tiny_run: Any, tmp_path: Path) -> None:
    shape = tiny_run.spec.architecture
    folder = write_initial(tmp_path / "initial", tiny_run.init, shape)
    assert (folder / "latest").read_text() == "global_step0"
    content = torch.load(folder / "global_step0" / "mp_rank_00_model_states.pt")
    weights = load_file(tiny_run.init)
    for ours, theirs in neox_names(shape).items():
        np.testing.assert_array_equal(content["module"][theirs].numpy(), weights[ours])
    assert (content["iteration"], content["args"]["padded_vocab_size"]) == (0, 128)


def test_initial_weights_of_another_network_are_refused(tiny_run: Any, tmp_path: Path) -> None:
    shape = tiny_run.spec.architecture.model_copy(update={"vocabulary": 256})
    with pytest.raises(UserError, match=r"init.safetensors holds no weights of this network"):
        write_initial(tmp_path / "initial", tiny_run.init, shape)
    assert not (tmp_path / "initial").exists()
