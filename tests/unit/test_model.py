"""The network against transformers' GPTNeoXForCausalLM and the published parameter counts."""

import pytest
import torch
from safetensors.torch import load_file

from tenbin.model import Architecture, GPTNeoX

PUBLISHED = {
    (16, 1, 2): (3_312, 1_613_040),
    (32, 1, 4): (12_768, 3_232_224),
    (64, 2, 8): (100_096, 6_539_008),
    (256, 3, 8): (2_369_792, 28_125_440),
    (512, 6, 8): (18_915_328, 70_426_624),
    (1024, 24, 16): (302_311_424, 405_334_016),
}


@pytest.mark.parametrize(("shape", "counts"), PUBLISHED.items())
def test_published_sizes_have_their_published_parameters(shape, counts):
    width, layers, heads = shape
    with torch.device("meta"):
        model = GPTNeoX(Architecture(width, layers, heads, width // heads // 4, 50_304, 2048))
    assert model.num_parameters() == counts


@pytest.mark.golden
@pytest.mark.parametrize("run", ["A1", "A2", "A3"])
def test_logits_and_gradients_are_those_of_transformers(shared_data, run):
    transformers = pytest.importorskip("transformers")
    folder = shared_data / "neox_golden" / "runs" / run
    config = transformers.GPTNeoXConfig.from_pretrained(folder)
    weights = load_file(folder / "step0.safetensors")
    expected = transformers.GPTNeoXForCausalLM(config)
    expected.load_state_dict({name.replace("embed_out", "lm_head"): value for name, value in weights.items()})
    heads, width = config.num_attention_heads, config.hidden_size
    model = GPTNeoX(Architecture(width, config.num_hidden_layers, heads, width // heads // 4, 4096, 256))
    model.load_state_dict(weights)
    token_ids = torch.randint(0, 4096, (3, 200), generator=torch.Generator().manual_seed(1))
    targets = torch.randint(0, 4096, (600,), generator=torch.Generator().manual_seed(2))

    logits, wanted = model(token_ids), expected(token_ids).logits

    assert (logits - wanted).abs().max() < 2e-5
    for network, output in ((model, logits), (expected, wanted)):
        torch.nn.functional.cross_entropy(output.flatten(0, 1), targets).backward()
        assert network.gpt_neox.embed_in.weight.grad is not None
    for name, parameter in model.named_parameters():
        other = expected.get_parameter(name.replace("embed_out", "lm_head")).grad
        assert (parameter.grad - other).norm() < 1e-5 * other.norm() + 1e-9, name


def test_a_later_token_changes_no_earlier_logit():
    model = GPTNeoX(Architecture(32, 2, 2, 4, 64, 16))
    token_ids = torch.arange(16)[None] % 64
    changed = token_ids.clone()
    changed[0, 9] = 33
    before, after = model(token_ids)[0], model(changed)[0]
    torch.testing.assert_close(before[:9], after[:9])
    assert not torch.allclose(before[9:], after[9:])


def test_a_shorter_input_has_the_logits_of_its_beginning():
    model = GPTNeoX(Architecture(32, 1, 2, 4, 64, 16))
    token_ids = torch.arange(16)[None] % 64
    torch.testing.assert_close(model(token_ids)[:, :7], model(token_ids[:, :7]))
