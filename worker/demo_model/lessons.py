"""What the UNet learns from: every composition as latents, every sentence as tokens, so that it waits for neither."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch
from transformers import CLIPTokenizer

from worker.demo_model.album import Album
from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, SCENES, Wish, caption
from worker.demo_model.networks import TOKENS

_WAYS = 6  # to say the same
_UNSAID = ""
# What may be said of each; the last is nothing.
SAYINGS = ([*SCENES], [*COLOURS, _UNSAID], [*LIGHTS, _UNSAID], [*MEDIA, _UNSAID])


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """All on the training device; scenes take turns among the compositions.

    cartoons: float32 (compositions, SHAPES, 16, 16); subjects: float32 (compositions, 16, 16), the subject's share of
    each cell; tokens: int16 (scenes, colours + 1, lights + 1, media + 1, ways, TOKENS); nothing: int16 (TOKENS,), the
    empty caption.
    """

    cartoons: torch.Tensor
    subjects: torch.Tensor
    tokens: torch.Tensor
    nothing: torch.Tensor


def lessons(tokenizer: CLIPTokenizer, album: Album, device: torch.device) -> Lessons:
    """From an album and the grammar."""
    tokens = _numbers(tokenizer, list(_captions()))
    return Lessons(
        torch.from_numpy(album.cartoons).to(device).float(),
        torch.from_numpy(album.subjects).to(device).float() / 255,
        tokens.reshape(*(len(choices) for choices in SAYINGS), _WAYS, TOKENS).to(device),
        _numbers(tokenizer, [""])[0].to(device),
    )


def _captions() -> Iterator[str]:
    for said in product(*SAYINGS):
        dice = random.Random(f"captions {said}")  # noqa: S311 — words, not secrets
        for _ in range(_WAYS):
            yield caption(Wish(*said), dice)


def _numbers(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    known: dict[str, int] = {}
    places = [known.setdefault(text, len(known)) for text in texts]
    numbers: torch.Tensor = tokenizer(
        list(known), padding="max_length", max_length=TOKENS, return_tensors="pt"
    ).input_ids
    return numbers.to(torch.int16)[places]
