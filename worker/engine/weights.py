"""Small weights made offline, so that demo, tests and benches run the real engine where nothing was downloaded.

`tiny` has the architecture of Stable Diffusion 1.x (CLIP text encoder, UNet with cross attention, KL autoencoder) with
random weights from a fixed seed. Two parts of it are set by hand, so that a picture stays recognisable: the autoencoder
averages 4×4 pixels and interpolates them back, and the UNet takes the fine grain of its input for noise. Both have to
pass GroupNorm and SiLU in a straight line: two large constant channels fix the group's statistics, and a bias lifts
the signal to where SiLU is the identity.
"""

import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    StableDiffusionImg2ImgPipeline,
    UNet2DConditionModel,
)
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from jobs.errors import ModelUnavailable
from worker.engine.weights_flow import build_tiny_flow
from worker.engine.weights_xl import build_tiny_xl

_ONE_AT_A_TIME = threading.Lock()  # torch fills new layers from one generator for the whole process
_SEED = 20221109
_FENCE = 100.0  # the constant channels; a signal of about 1 moves the group's deviation by one part in 10⁴
_LIFT = 10.0  # SiLU(x + 10) - 10 is x within 5e-4
_GRAIN = 0.9  # how much of the input's fine grain is called noise
_BRUSH = 1.2  # how strongly the random network is added to it
_LATENTS = 4
_SIGNALS = 3  # latent channels that carry colour; the fourth stays empty
_VAE_CHANNELS = 8
_UNET_CHANNELS = 16
_TEXT_WIDTH = 32
_WORDS = """
a the of in on with and at by for from to an oil painting water colour watercolor watercolour color crayon pencil
charcoal drawing sketch photo photograph picture image portrait landscape style art work artist detailed highly
quality best bright dark light soft warm cold red green blue yellow orange purple black white grey gold silver brown
pink house tree forest river sea ocean lake mountain hill sky cloud sun moon star rain snow fog storm night day
morning evening spring summer autumn winter flower garden field street city town village bridge boat ship car train
cat dog bird horse fish fox wolf bear lion man woman child girl boy face hand eye hair dress coat shoe boot hat
chair table lamp window door wall floor room old new young ancient modern small large giant tiny beautiful ugly
dramatic calm quiet wild blurry sharp noisy low high resolution digital render cinematic studio lighting background
foreground close wide view impressionist expressionist abstract surreal realistic fantasy paper canvas brush strokes
ink pastel texture pattern minimal vintage retro futuristic product catalogue leather wooden stone glass metal
knitted hiking running under over through behind before after sunset sunrise dawn dusk
"""


def generated_folder(name: str, revision: str, cache_dir: Path) -> Path:
    """The folder of those weights in diffusers' layout, made first where it isn't there yet (about a second).

    Several processes may do so at once: each writes beside the place and renames, the first one wins.

    Raises:
        ModelUnavailable: no such weights, or the cache can't be written.

    """
    build = _BUILDERS.get((name, revision))
    if build is None:
        known = ", ".join(f"generated:{name} revision {revision}" for name, revision in _BUILDERS)
        message = f"source: there are no generated weights {name!r} of revision {revision!r}"
        raise ModelUnavailable(message, remedy=f"The model table may name {known}.")
    place = cache_dir / "models" / f"{name}-{revision}"
    if not place.is_dir():
        try:
            _make(build, place)
        except OSError as error:
            message = f"cache_dir: {place} can't be written: {error}"
            raise ModelUnavailable(message, remedy="PENTIMENTO_CACHE_DIR must name a writable folder.") from error
    return place


def _make(build: Callable[[], DiffusionPipeline], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        with _ONE_AT_A_TIME:
            build().save_pretrained(beside, safe_serialization=True)
        beside.chmod(0o755)
        try:
            os.rename(beside, place)  # noqa: PTH104 — the atomic one: fails where a full folder is there already
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _build_tiny() -> StableDiffusionImg2ImgPipeline:
    tokenizer = word_tokenizer(_WORDS.split(), 77)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(_SEED)
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=_TEXT_WIDTH,
                intermediate_size=2 * _TEXT_WIDTH,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=77,
                projection_dim=_TEXT_WIDTH,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        )
        return StableDiffusionImg2ImgPipeline(
            vae=_vae(),
            text_encoder=text,
            tokenizer=tokenizer,
            unet=_unet(),
            scheduler=DDIMScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                clip_sample=False,
                set_alpha_to_one=False,
                steps_offset=1,
            ),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )


def word_tokenizer(words: Sequence[str], limit: int) -> CLIPTokenizer:
    """CLIP's byte-level BPE that reads up to `limit` tokens, its merges learnt from these words: each is one token."""
    merges = _learn_merges(words)
    alphabet = sorted(ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{byte}</w>" for byte in alphabet), *(left + right for left, right in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=limit)


def _learn_merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Byte pair encoding by the book; the library's own trainer breaks ties by a hash that changes from run to run."""
    spelt = [[*word[:-1], f"{word[-1]}</w>"] for word in words]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for word in spelt for pair in pairwise(word))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelt = [_merged(word, best) for word in spelt]


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    if len(word) == 1:
        return word
    after: list[str] = []
    for part in word:
        if after and (after[-1], part) == pair:
            after[-1] += part
        else:
            after.append(part)
    return after


def _vae() -> AutoencoderKL:
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(_VAE_CHANNELS,) * 3,
        layers_per_block=1,
        latent_channels=_LATENTS,
        norm_num_groups=1,
        scaling_factor=3.0,
    )
    for part in (vae.encoder, vae.decoder):
        _silence_branches(part)
        _straight_in(part.conv_in)
        _straight_out(part.conv_norm_out, part.conv_out)
    for block in vae.encoder.down_blocks[:-1]:
        _mix(block.downsamplers[0].conv, torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]) / 4)
    tent = torch.tensor([1.0, 2.0, 1.0]) / 4
    for block in vae.decoder.up_blocks[:-1]:
        _mix(block.upsamplers[0].conv, tent.outer(tent))
    vae.encoder.conv_out.bias[_LATENTS:] = -10.0  # the posterior's log variance: hardly any
    vae.quant_conv.weight.copy_(torch.eye(2 * _LATENTS)[:, :, None, None])
    vae.quant_conv.bias.zero_()
    vae.post_quant_conv.weight.copy_(torch.eye(_LATENTS)[:, :, None, None])
    vae.post_quant_conv.bias.zero_()
    return vae


def _silence_branches(part: nn.Module) -> None:
    """Leave nothing of residual blocks and attention but the straight way through."""
    for name, weights in part.named_parameters():
        if ".conv2." in name or ".to_out." in name:
            weights.zero_()


def _emptied(conv: nn.Conv2d) -> torch.Tensor:
    """The convolution with nothing in it; returns its bias."""
    bias = conv.bias
    assert bias is not None  # noqa: S101 — diffusers' convolutions have one
    conv.weight.zero_()
    return bias.zero_()


def _straight_in(conv: nn.Conv2d) -> None:
    bias = _emptied(conv)
    for channel in range(_SIGNALS):
        conv.weight[channel, channel, 1, 1] = 1.0
    bias[-2], bias[-1] = _FENCE, -_FENCE


def _straight_out(norm: nn.GroupNorm, conv: nn.Conv2d) -> None:
    """Signals through GroupNorm (one group), SiLU and the last convolution unchanged; other outputs 0."""
    _linearise(norm, slice(0, _SIGNALS))
    bias = _emptied(conv)
    for channel in range(_SIGNALS):
        conv.weight[channel, channel, 1, 1] = 1.0
    bias[:_SIGNALS] = -_LIFT


def _linearise(norm: nn.GroupNorm, channels: slice) -> None:
    deviation = (2 * _FENCE**2 / norm.num_channels) ** 0.5
    norm.weight[channels] = deviation
    norm.bias[channels] = _LIFT


def _mix(conv: nn.Conv2d, kernel: torch.Tensor) -> None:
    """Each signal through `kernel`; the constants through its centre alone: padding would wear them at the border."""
    _emptied(conv)
    for channel in range(_SIGNALS):
        conv.weight[channel, channel] = kernel
    for channel in (_VAE_CHANNELS - 2, _VAE_CHANNELS - 1):
        conv.weight[channel, channel, 1, 1] = 1.0


def _unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=64,
        in_channels=_LATENTS,
        out_channels=_LATENTS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(_UNET_CHANNELS, 2 * _UNET_CHANNELS),
        layers_per_block=1,
        cross_attention_dim=_TEXT_WIDTH,
        attention_head_dim=2,  # diffusers' old name for the number of heads
        norm_num_groups=1,
    )
    # The first channels of conv_in hold the fine grain: a pixel less the mean around it.
    grain = torch.full((3, 3), -1 / 9)
    grain[1, 1] += 1
    unet.conv_in.weight[:_LATENTS] = 0.0
    unet.conv_in.bias[:_LATENTS] = 0.0
    for channel in range(_LATENTS):
        unet.conv_in.weight[channel, channel] = _GRAIN * grain
    # The last residual block sees them again through the outermost skip connection, behind what comes from below.
    last = unet.up_blocks[-1].resnets[-1]
    skip = last.conv_shortcut.in_channels - _UNET_CHANNELS
    fences = slice(_UNET_CHANNELS - 2, _UNET_CHANNELS)
    last.conv_shortcut.weight[:_LATENTS] = 0.0
    last.conv_shortcut.bias[:_LATENTS] = 0.0
    for channel in range(_LATENTS):
        last.conv_shortcut.weight[channel, skip + channel] = 1.0
    last.conv2.weight[:_LATENTS] *= _BRUSH
    for layer in (last.conv_shortcut, last.conv2):
        layer.weight[fences] = 0.0
        layer.bias[fences] = 0.0
    last.conv_shortcut.bias[fences] = torch.tensor([_FENCE, -_FENCE])
    _linearise(unet.conv_norm_out, slice(0, _LATENTS))
    unet.conv_out.weight.zero_()
    unet.conv_out.bias.fill_(-_LIFT)
    for channel in range(_LATENTS):
        unet.conv_out.weight[channel, channel, 1, 1] = 1.0
    return unet


_BUILDERS: dict[tuple[str, str], Callable[[], DiffusionPipeline]] = {
    ("tiny", "1"): _build_tiny,
    ("tiny-xl", "1"): lambda: build_tiny_xl(word_tokenizer(_WORDS.split(), 77)),
    ("tiny-flow", "1"): lambda: build_tiny_flow(word_tokenizer(_WORDS.split(), 77)),
}
