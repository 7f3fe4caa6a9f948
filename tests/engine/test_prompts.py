"""Prompts beyond diffusers' own 77 tokens, and layers passed over: as A1111 has them, painted by diffusers."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline

from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes
from tests.engine.test_parity import pipeline, reference
from worker.backends import Rendered
from worker.backends.local import LocalBackend

__all__ = ["pipeline"]

LONG = "a boat on the sea " * 20  # 100 tokens
COMMA = "boat " * 70 + ", " + "storm " * 20


def encoded(pipeline: StableDiffusionImg2ImgPipeline, pieces: Sequence[str], *, skip: int = 0) -> torch.Tensor:
    """Pieces of a prompt, each by the text encoder as transformers runs it, side by side."""
    encoder, found = pipeline.text_encoder, []
    for piece in pieces:
        read = pipeline.tokenizer(piece, padding="max_length", max_length=77, truncation=False, return_tensors="pt")
        said = encoder(read.input_ids, output_hidden_states=True)
        found.append(encoder.final_layer_norm(said.hidden_states[-1 - skip]) if skip else said[0])
    return torch.cat(found, dim=1).detach()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (LONG, ["a boat on the sea " * 15, "a boat on the sea " * 5]),
        (COMMA, ["boat " * 70 + ",", "storm " * 20]),
        ("boat " * 75, ["boat " * 75]),
        ("boat " * 76, ["boat " * 75, "boat"]),
    ],
    ids=["long", "comma", "full", "one-more"],
)
def test_a_long_prompt_is_read_to_its_end_in_pieces(
    text: str, pieces: list[str], local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline
) -> None:
    wanted = order(0, prompts=(WeightedPrompt(text),), negative_prompt="blurry", strength=1.0, cfg_scale=9.0)

    (found, short) = outcomes(local, [wanted, order(1)])

    assert isinstance(found, Rendered), found
    assert isinstance(short, Rendered), short
    by_index = {one.order.variant.index: one.pixels for one in (found, short)}
    blurry = ["blurry", *[""] * (len(pieces) - 1)]
    texts = {"prompt_embeds": encoded(pipeline, pieces), "negative_prompt_embeds": encoded(pipeline, blurry)}
    expected = reference(pipeline, wanted, texts=texts)
    assert np.abs(by_index[0].astype(int) - expected.astype(int)).max() <= 1


def test_layers_are_passed_over_on_both_sides(local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline) -> None:
    wanted = order(0, clip_skip=1, negative_prompt="blurry", strength=1.0, cfg_scale=9.0)

    (found,) = outcomes(local, [wanted])

    texts = {
        "prompt_embeds": encoded(pipeline, [wanted.variant.parameters.prompt], skip=1),
        "negative_prompt_embeds": encoded(pipeline, ["blurry"], skip=1),
    }
    assert isinstance(found, Rendered), found
    expected = reference(pipeline, wanted, texts=texts)
    assert np.abs(found.pixels.astype(int) - expected.astype(int)).max() <= 1
    assert (found.pixels != reference(pipeline, wanted)).any()


def test_weighted_prompts_blend_what_was_encoded(local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline) -> None:
    prompts = (WeightedPrompt("a calm sea", 3.0), WeightedPrompt("a wild storm", 1.0), WeightedPrompt("a cat", -1.0))
    wanted = order(0, prompts=prompts, negative_prompt="blurry", strength=1.0, cfg_scale=9.0)

    (found,) = outcomes(local, [wanted])

    sea, storm, cat, blurry = (encoded(pipeline, [text]) for text in ("a calm sea", "a wild storm", "a cat", "blurry"))
    texts = {"prompt_embeds": (3 * sea + storm) / 4, "negative_prompt_embeds": (blurry + cat) / 2}
    assert isinstance(found, Rendered), found
    expected = reference(pipeline, wanted, texts=texts)
    assert np.abs(found.pixels.astype(int) - expected.astype(int)).max() <= 1
