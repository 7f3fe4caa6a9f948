"""Stage one: the autoencoder, on crops of paintings; then its decoder alone, while the latents stay as they are."""

from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional

from worker.demo_model.album import Album
from worker.demo_model.pace import Pace, Setting
from worker.demo_model.painting import SIDE

_CROP = 64
_RASTER = 16  # crops keep to the textures' raster
_CROPS_SHARE = 0.75  # of the time; then whole pictures, whose levels the norms divide by


def train_vae(vae: AutoencoderKL, album: Album, pace: Pace, setting: Setting, *, decoder_only: bool) -> None:
    """Train `vae` until the pace is over; the losses are on pixels of -1..1.

    What is told of pictures far from any edge is cheap; so gradients count, and colours do once more at a quarter of
    the size: an L1 over pixels alone leaves them grey for a long time.
    """
    vae.to(setting.device).train()
    parts: list[nn.Module] = [vae.decoder, vae.post_quant_conv]
    if not decoder_only:
        parts += [vae.encoder, vae.quant_conv]
    learning = [weights for part in parts for weights in part.parameters()]
    optimizer = torch.optim.AdamW(learning, pace.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    resumed = pace.resumed(setting.device)
    if resumed is not None:
        vae.load_state_dict(resumed["vae"])
        optimizer.load_state_dict(resumed["optimizer"])

    def state() -> dict[str, Any]:
        return {"vae": vae.state_dict(), "optimizer": optimizer.state_dict()}

    sharpness = 1.0 if decoder_only else 0.3
    while not pace.over:
        for group in optimizer.param_groups:
            group["lr"] = pace.rate
        torch.manual_seed(pace.step)
        shown = _batch(album, pace, setting, whole=decoder_only or pace.share > _CROPS_SHARE)
        losses = _losses(vae, shown, setting, decoder_only=decoder_only)
        loss = losses["l1"] + sharpness * losses["edges"] + losses["colour"] + 5e-4 * losses.get("kl", 0.0)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        pace.tick(losses, state)
    vae.eval()


def _batch(album: Album, pace: Pace, setting: Setting, *, whole: bool) -> torch.Tensor:
    dice = np.random.default_rng((pace.step, 1))
    if not whole:
        cuts = []
        for place in dice.integers(0, len(album.pixels), setting.pictures * 4):
            top, left = dice.integers(0, (SIDE - _CROP) // _RASTER + 1, 2) * _RASTER
            cuts.append(album.pixels[place, top : top + _CROP, left : left + _CROP])
        pictures = np.stack(cuts)
    else:
        pictures = album.pixels[np.sort(dice.integers(0, len(album.pixels), setting.pictures))]
    return torch.from_numpy(pictures).to(setting.device).permute(0, 3, 1, 2).float() / 127.5 - 1


def _losses(
    vae: AutoencoderKL, shown: torch.Tensor, setting: Setting, *, decoder_only: bool
) -> dict[str, torch.Tensor]:
    with setting.precision(wide=True), torch.set_grad_enabled(not decoder_only):
        posterior = vae.encode(shown).latent_dist
        mean, spread = posterior.mean.float(), posterior.logvar.float()
    with setting.precision(wide=True):
        drawn = mean + torch.exp(0.5 * spread) * torch.randn_like(mean)
        back = vae.decode(drawn).sample.float()
    wrong = back - shown
    coarse = functional.avg_pool2d(wrong, 4)
    losses = {
        "l1": wrong.abs().mean(),
        "edges": (wrong[..., 1:] - wrong[..., :-1]).abs().mean()
        + (wrong[..., 1:, :] - wrong[..., :-1, :]).abs().mean(),
        "colour": (coarse[:, 0] - coarse[:, 1]).abs().mean()
        + (coarse[:, 2] - 0.5 * (coarse[:, 0] + coarse[:, 1])).abs().mean(),
    }
    if not decoder_only:
        losses["kl"] = 0.5 * (mean**2 + spread.exp() - 1 - spread).mean()
    return losses
