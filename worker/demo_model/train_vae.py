"""The autoencoder: its encoder learns to read a painting as latents, its decoder to paint what latents say.

The latents are known beforehand, so the two learn apart from each other. The decoder first paints pictures of 32×32
with the lower half of its layers, at a fifth of the cost, and then whole ones. What it is given is spoilt as a sampler
spoils it: noise, and words said too strongly, for that is what guidance does.
"""

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional

from worker.demo_model.album import PAINTED, Album, wishes
from worker.demo_model.checkpoint import Tensors, memory, named, part_of, remember
from worker.demo_model.latents import SHAPES, words
from worker.demo_model.pace import Pace, Setting

_PLAIN_SHARE = 0.5  # of what the encoder reads: most init images are plain
_READ_EVERY = 3  # steps, in the second half of the time: the encoder has learnt its trade long before the decoder
_HARD = ("crayon drawing", "blueprint", "pixel art")  # their lines and blocks are learnt last
_HARD_SHARE = 0.5  # of what the decoder paints in full
_COARSE_SHARE = 0.28  # of the time
_COARSE = 4  # pixels of a picture to one of a coarse one
_STRONG_SHARE = 0.5  # of the time: then words are said as strongly as they ever will be
_WEIGHTS = {"shapes": 1.0, "words": 0.3, "l1": 1.0, "edges": 1.0, "contrast": 1.0, "colour": 0.5}


class Pairs:
    """Draws paintings and their latents; the same step draws the same ones."""

    def __init__(self, album: Album, setting: Setting) -> None:
        shown = [wish for group in range(len(album.cartoons)) for wish in wishes(group)]
        self._album, self._setting = album, setting
        self._words = torch.from_numpy(words(shown))
        self._plain = np.flatnonzero([wish.medium == "plain" for wish in shown])
        self._hard = np.flatnonzero([wish.medium in _HARD for wish in shown])

    def __call__(
        self, dice: np.random.Generator, count: int, *, plain: float = 0, hard: float = 0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures of -1..1, (count, 3, 128, 128), and their latents; at least those shares are plain or hard."""
        device = self._setting.device
        places = dice.integers(0, len(self._album.pixels), count)
        some = round(count * plain)
        places[:some] = dice.choice(self._plain, some)
        places[count - round(count * hard) :] = dice.choice(self._hard, round(count * hard))
        pixels = torch.from_numpy(np.stack([self._album.pixels[place] for place in places])).to(device)
        drawn = torch.from_numpy(self._album.cartoons[places // PAINTED]).to(device).float()
        said = self._words[places].to(device)[:, :, None, None].expand(-1, -1, *drawn.shape[2:])
        pictures = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        return pictures.contiguous(memory_format=torch.channels_last), torch.cat([drawn, said], 1)


def train_vae(vae: AutoencoderKL, album: Album, pace: Pace, setting: Setting) -> None:
    """Train `vae` until the pace is over; the losses are on pixels of -1..1 and on latents."""
    vae.to(setting.device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(vae.parameters(), pace.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    resumed = pace.resumed(setting.device)
    if resumed is not None:
        vae.load_state_dict(part_of(resumed, "vae"))
        remember(optimizer, part_of(resumed, "optimizer"))

    def state() -> Tensors:
        return named("vae", vae.state_dict()) | named("optimizer", memory(optimizer))

    pairs = Pairs(album, setting)
    while not pace.over:
        for group in optimizer.param_groups:
            group["lr"] = pace.rate
        dice = np.random.default_rng((pace.step, 1))
        torch.manual_seed(pace.step)
        coarse, count = pace.share < _COARSE_SHARE, setting.pictures
        losses: dict[str, torch.Tensor] = {}
        if pace.share < 0.5 or pace.step % _READ_EVERY == 0:
            losses = _reading(vae, *pairs(dice, count // 2, plain=_PLAIN_SHARE), setting)
        pictures, latents = pairs(dice, count * 2 if coarse else count, hard=0 if coarse else _HARD_SHARE)
        spoilt = _spoilt(latents, min(1.0, pace.share / _STRONG_SHARE))
        losses |= _painting(vae, pictures, spoilt, setting, coarse=coarse)
        loss = torch.stack([_WEIGHTS[name] * value for name, value in losses.items()]).sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(vae.encoder.parameters(), 1.0)
        nn.utils.clip_grad_norm_(vae.decoder.parameters(), 1.0)
        optimizer.step()
        pace.tick(losses, state)
    vae.eval()


def _reading(
    vae: AutoencoderKL, pictures: torch.Tensor, latents: torch.Tensor, setting: Setting
) -> dict[str, torch.Tensor]:
    with setting.precision(wide=True):
        mean = vae.encode(pictures).latent_dist.mean
    wrong = (mean.float() - latents).square()
    return {"shapes": wrong[:, :SHAPES].mean(), "words": wrong[:, SHAPES:].mean()}


def _painting(
    vae: AutoencoderKL, pictures: torch.Tensor, latents: torch.Tensor, setting: Setting, *, coarse: bool
) -> dict[str, torch.Tensor]:
    latents = latents.contiguous(memory_format=torch.channels_last)
    with setting.precision(wide=True):
        back = _coarsely(vae, latents) if coarse else vae.decode(latents).sample
    wrong = back.float() - (functional.avg_pool2d(pictures, _COARSE) if coarse else pictures)
    pooled = wrong if coarse else functional.avg_pool2d(wrong, _COARSE)
    losses = {
        "l1": wrong.abs().mean(),
        "edges": (wrong[..., 1:] - wrong[..., :-1]).abs().mean()
        + (wrong[..., 1:, :] - wrong[..., :-1, :]).abs().mean(),
        # An L1 over pixels alone leaves pictures grey for a long time.
        "colour": (pooled[:, 0] - pooled[:, 1]).abs().mean()
        + (pooled[:, 2] - 0.5 * (pooled[:, 0] + pooled[:, 1])).abs().mean(),
    }
    return losses if coarse else losses | {"contrast": _contrast(back.float(), pictures)}


def _contrast(back: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How far the strength of edges is from what it should be, wherever in a block of 4×4 they are.

    Alone, the other losses ask for a faint line wherever it isn't certain to a pixel where the line is.
    """

    def strengths(picture: torch.Tensor) -> torch.Tensor:
        across = (picture[..., :-1, 1:] - picture[..., :-1, :-1]).abs()
        return functional.avg_pool2d(across + (picture[..., 1:, :-1] - picture[..., :-1, :-1]).abs(), _COARSE)

    return (strengths(back) - strengths(pictures)).abs().mean()


def _coarsely(vae: AutoencoderKL, latents: torch.Tensor) -> torch.Tensor:
    """What the decoder's layers up to 32×32 say in their first three channels, which those above begin by enlarging."""
    decoder = vae.decoder
    features = decoder.mid_block(decoder.conv_in(vae.post_quant_conv(latents)))
    features = decoder.up_blocks[0](features)
    for layer in decoder.up_blocks[1].resnets:
        features = layer(features, None)
    found: torch.Tensor = features[:, :3]
    return found


def _spoilt(latents: torch.Tensor, strength: float) -> torch.Tensor:
    def chances() -> torch.Tensor:
        return torch.rand((len(latents), 1, 1, 1), device=latents.device)

    drawn, said = latents[:, :SHAPES], latents[:, SHAPES:]
    drawn = drawn + 0.15 * chances() * torch.randn_like(drawn)
    # Away from what another picture says, as guidance goes; half of them not at all.
    far = (chances() * 2 - 1).clamp(min=0) * strength
    said = said + far * (said - said.roll(1, 0))
    said = said + 0.3 * chances() * torch.randn_like(said)
    return torch.cat([drawn, said], 1)
