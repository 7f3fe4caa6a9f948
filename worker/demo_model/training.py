"""The whole training as stages that can be stopped and resumed: paint, autoencoder, latents, UNet, decoder, export."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from worker.demo_model.album import Album, open_album
from worker.demo_model.latents import Lessons, folded, lessons
from worker.demo_model.networks import autoencoder, text_encoder, unet
from worker.demo_model.pace import Pace, Setting
from worker.demo_model.pipeline import save, tokenizer
from worker.demo_model.train_unet import Learner, train_unet
from worker.demo_model.train_vae import train_vae

STAGES = ("vae", "unet", "decoder")
_SHARES = {"vae": 0.25, "unet": 0.6, "decoder": 0.15}  # of the minutes
_PEAKS = {"vae": 2e-3, "unet": 1.5e-3, "decoder": 1e-3}  # learning rates


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is trained, where, and on what. `groups`: compositions in the album, a multiple of 20."""

    out: Path
    minutes: float
    device: torch.device
    groups: int
    seed: int
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def setting(self, stage: str) -> Setting:
        """A GPU takes batches that fill it; a CPU those that teach most a minute."""
        small, large = (32, 1024) if stage == "unet" else (4, 128)
        return Setting(self.device, large if self.device.type == "cuda" else small, self.say)

    def pace(self, stage: str) -> Pace:
        """The stage's share of the minutes."""
        seconds = self.minutes * 60 * _SHARES[stage]
        return Pace(stage, seconds, _PEAKS[stage], self.out / f"{stage}.pt", self.say, self.clock)


def train(plan: Plan, stages: tuple[str, ...] = STAGES) -> None:
    """Go through the stages; each goes on from its checkpoint in `plan.out`, where there is one."""
    warnings.filterwarnings("ignore", message=".*lr_scheduler.*")
    plan.out.mkdir(parents=True, exist_ok=True)
    album = open_album(plan.out, plan.groups, plan.say)
    if "vae" in stages:
        train_vae(_fresh_vae(plan), album, plan.pace("vae"), plan.setting("vae"), decoder_only=False)
    if "unet" in stages:
        train_unet(_learner(plan), _lessons(plan, album), plan.pace("unet"), plan.setting("unet"))
    if "decoder" in stages:
        train_vae(_trained_vae(plan), album, plan.pace("decoder"), plan.setting("decoder"), decoder_only=True)


def export(plan: Plan, folder: Path) -> int:
    """Write the model as far as it is trained into `folder`; returns its bytes."""
    learner = _learner(plan)
    kept = torch.load(plan.out / "unet.pt", map_location=plan.device, weights_only=True)["state"]["average"]
    for average, found in zip(learner.average, kept, strict=True):
        average.copy_(found)
    learner.settle()
    stats = torch.load(plan.out / "latents.pt", map_location=plan.device, weights_only=True)
    vae = folded(_trained_vae(plan), stats["mean"], stats["deviation"])
    return save(folder, vae, learner.unet, learner.text)


def _fresh_vae(plan: Plan) -> AutoencoderKL:
    torch.manual_seed(plan.seed)
    return autoencoder()


def _trained_vae(plan: Plan) -> AutoencoderKL:
    """The autoencoder with the best decoder there is."""
    vae = _fresh_vae(plan).to(plan.device)
    place = next(place for name in ("decoder", "vae") if (place := plan.out / f"{name}.pt").exists())
    vae.load_state_dict(torch.load(place, map_location=plan.device, weights_only=True)["state"]["vae"])
    return vae.eval()


def _learner(plan: Plan) -> Learner:
    torch.manual_seed(plan.seed + 1)
    return Learner.of(unet(), text_encoder(tokenizer()), plan.device)


def _lessons(plan: Plan, album: Album) -> Lessons:
    place = plan.out / "latents.pt"
    known = torch.load(place, map_location=plan.device, weights_only=True) if place.exists() else None
    found, kept = lessons(_trained_vae(plan), tokenizer(), album, plan.setting("decoder"), known)
    if known is None:
        torch.save(kept, place)
    return found
