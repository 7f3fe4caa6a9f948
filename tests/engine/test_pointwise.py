"""On a CPU wide layers take the quick library, give what they gave before, and leave attention its quick way."""

from copy import deepcopy

import torch
from diffusers.models.activations import GEGLU
from diffusers.models.attention_processor import Attention
from peft import LoraConfig, inject_adapter_in_model
from torch import nn
from torch.profiler import ProfilerActivity, profile

from worker.engine.pointwise import Gated, Pointwise, widen

TOKENS, WIDTH = 12, 64


def two(network: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential, torch.Tensor]:
    """The network, the same widened, and what to give them."""
    torch.manual_seed(3)
    widened = deepcopy(network)
    widen(widened)
    return network, widened, torch.randn(3, TOKENS, WIDTH)


@torch.inference_mode()
def test_a_wide_layer_gives_the_same_product_with_channels_side_by_side() -> None:
    plain, widened, given = two(nn.Sequential(nn.Linear(WIDTH, 96), nn.Linear(96, 16)))

    found = widened[0](given)

    assert [type(layer) for layer in widened] == [Pointwise, nn.Linear]  # the second is too narrow to gain
    assert found.is_contiguous()
    torch.testing.assert_close(widened(given), plain(given), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(widened[0](given[0]), plain[0](given[0]))


@torch.inference_mode()
def test_a_gate_opens_as_diffusers_gate_does() -> None:
    plain, widened, given = two(nn.Sequential(GEGLU(WIDTH, 128)))

    assert type(widened[0]) is Gated
    torch.testing.assert_close(widened(given), plain(given), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_a_gate_whose_layer_wears_a_lora_computes_with_it() -> None:
    plain, widened, given = two(nn.Sequential(GEGLU(WIDTH, 128)))
    before = widened(given)
    for network in (plain, widened):
        torch.manual_seed(4)
        inject_adapter_in_model(LoraConfig(r=2, init_lora_weights=False, target_modules=["proj"]), network)

    found = widened(given)

    torch.testing.assert_close(found, plain(given), rtol=1e-5, atol=1e-5)
    assert (found - before).abs().max() > 1e-3


@torch.inference_mode()
def test_attention_takes_the_way_that_keeps_no_table_of_weights() -> None:
    _, widened, given = two(nn.Sequential(Attention(WIDTH, heads=2, dim_head=32)))
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        widened(given)

    ways = {event.key for event in seen.key_averages() if "attention" in event.key or "softmax" in event.key}

    assert type(widened[0].to_q) is Pointwise
    assert "aten::_scaled_dot_product_flash_attention_for_cpu" in ways
    assert "aten::_softmax" not in ways
