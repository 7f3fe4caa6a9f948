"""From a prompt to what the UNet attends to, as users of A1111 expect it: no word of a long prompt is lost.

A CLIP encoder reads 77 tokens. A longer prompt is cut into pieces of 75 (after a comma where one is near), each is
encoded by itself, and the UNet attends to all of them side by side. A prompt that fits is encoded as in diffusers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from jobs.errors import InvalidSpec, Problem, TooLarge
from worker.engine.memo import Memo

MAX_PIECES = 16
_COMMA_REACH = 20  # tokens before a cut in which a comma is looked for, as in A1111
_TOKENS = 1024  # prompts whose token numbers are kept

Piece = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """tokens: (1, pieces × 77, width), what every attention sees. pooled: (1, width), for SDXL; else None."""

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """One tokenizer with its encoder, as diffusers loads them."""

    tokenizer: Any
    encoder: Any


class Texts:
    """The text encoders of one model: one for SD 1.x and 2.x, two for SDXL. For the device's thread."""

    def __init__(self, readers: Sequence[Reader], *, alias: str, device: torch.device, dtype: torch.dtype) -> None:
        """Takes the readers in the order in which the model was trained with them; `alias` is for messages."""
        self._readers = tuple(readers)
        self._first = readers[0].tokenizer
        self._alias = alias
        self._device = device
        self._dtype = dtype
        self._inside: int = self._first.model_max_length - 2
        self._comma = self._first(",").input_ids[1:-1]
        self._pieces: Memo[str, tuple[Piece, ...]] = Memo(_TOKENS)

    @property
    def piece_tokens(self) -> int:
        """Tokens that a piece takes, its first and last included."""
        return self._inside + 2

    def pieces(self, text: str) -> tuple[Piece, ...]:
        """The prompt's token numbers by piece; one piece at least.

        Raises:
            TooLarge: more than `MAX_PIECES`.

        """
        return self._pieces.get(text, self._cut)

    def _cut(self, text: str) -> tuple[Piece, ...]:
        tokens = self._first(text).input_ids[1:-1]
        if len(tokens) > MAX_PIECES * self._inside:
            message = f"prompt: {len(tokens)} tokens; {self._alias} reads at most {MAX_PIECES * self._inside}"
            raise TooLarge(message, remedy="Shorten it (a token is about a word).")
        pieces: list[Piece] = []
        while len(tokens) > self._inside:
            end = self._inside
            near = range(end - 1, end - 1 - _COMMA_REACH, -1)
            end = next((at + 1 for at in near if [tokens[at]] == self._comma), end)
            pieces.append(tuple(tokens[:end]))
            tokens = tokens[end:]
        return (*pieces, tuple(tokens))

    def encode(self, text: str, *, skip: int, pieces: int) -> Text:
        """A prompt, empty pieces after it until there are `pieces`; `skip` as `Parameters.clip_skip`.

        Raises:
            TooLarge: as `pieces`. InvalidSpec: the encoder has fewer layers than are passed over.

        """
        cut = self.pieces(text)
        encoded = [self._encode(piece, skip) for piece in (*cut, *[()] * (pieces - len(cut)))]
        return Text(torch.cat([piece.tokens for piece in encoded], dim=1), encoded[0].pooled)

    def _encode(self, piece: Piece, skip: int) -> Text:
        pooled = None
        found = []
        for reader in self._readers:
            said = self._read(reader, piece, skip)
            # The encoder with a projection, SDXL's second, gives its pooled text first.
            pooled = said[0] if said[0].ndim == 2 else pooled
            found.append(self._layer(reader, said, skip))
        whole = torch.cat(found, dim=-1).to(self._dtype)
        return Text(whole, None if pooled is None else pooled.to(self._dtype))

    def _read(self, reader: Reader, piece: Piece, skip: int) -> Any:  # noqa: ANN401 — transformers' own
        special = reader.tokenizer
        used = [special.bos_token_id, *piece, special.eos_token_id]
        padding = special.model_max_length - len(used)
        numbers = torch.tensor([used + [special.pad_token_id] * padding], device=self._device)
        mask = None
        if getattr(reader.encoder.config, "use_attention_mask", False):
            mask = torch.tensor([[1] * len(used) + [0] * padding], device=self._device)
        layers = skip > 0 or len(self._readers) > 1
        return reader.encoder(numbers, attention_mask=mask, output_hidden_states=layers)

    def _layer(self, reader: Reader, said: Any, skip: int) -> torch.Tensor:  # noqa: ANN401 — transformers' own
        # SDXL was trained on the last layer but one, without the final norm.
        back = skip + (2 if len(self._readers) > 1 else 1)
        if back == 1:
            tokens: torch.Tensor = said[0]
            return tokens
        if back > len(said.hidden_states) - 1:
            remedy = f"{self._alias} can pass over {len(said.hidden_states) - 2 - (back - skip - 1)} at most."
            raise InvalidSpec([Problem("clip_skip", "the text encoder has no more layers", str(skip), remedy)])
        hidden: torch.Tensor = said.hidden_states[-back]
        if len(self._readers) > 1:
            return hidden
        normed: torch.Tensor = getattr(reader.encoder, "text_model", reader.encoder).final_layer_norm(hidden)
        return normed


def blend(texts: Sequence[tuple[Text, float]]) -> Text:
    """Texts of as many pieces by weight, as their weighted mean; a single text is itself, whatever its weight."""
    if len(texts) == 1:
        return texts[0][0]
    whole = sum(weight for _, weight in texts)
    tokens = torch.stack([text.tokens * (weight / whole) for text, weight in texts]).sum(0)
    pooled = [text.pooled * (weight / whole) for text, weight in texts if text.pooled is not None]
    return Text(tokens, torch.stack(pooled).sum(0) if pooled else None)
