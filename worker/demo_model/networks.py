"""The parts of the demo model: a Stable Diffusion in small, whose UNet works on latents of 16×16."""

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from worker.demo_model.latents import LATENTS

TOKENS = 32
_TEXT_WIDTH = 128


def autoencoder() -> AutoencoderKL:
    """Pictures to latents and back, 8 pixels to a cell; starts as a linear map, which learns quickly."""
    widths = (16, 32, 64, 96)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=widths,
        layers_per_block=1,
        latent_channels=LATENTS,
        norm_num_groups=1,  # more of them would take every area's level from it
        sample_size=128,
        scaling_factor=1.0,  # the latents are written to size
    )
    _start_simple(vae)
    return vae


@torch.no_grad()
def _start_simple(vae: AutoencoderKL) -> None:
    """Begin with three channels that pool and enlarge the colours: it saves the first tenth of the training."""
    pooling = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]) / 4
    for name, part in vae.named_modules():
        if name.endswith("to_out.0"):
            part.weight.zero_()
        if not isinstance(part, nn.Conv2d):
            continue
        if name.endswith("conv2"):
            part.weight.zero_()  # residual blocks add nothing yet
        elif not name.endswith("conv1"):
            straight = nn.init.dirac_(torch.empty_like(part.weight))
            if "downsamplers" in name:
                straight = straight.sum((2, 3), keepdim=True) * pooling
            part.weight *= 3**0.5  # torch's own start would halve the signal at every one of them
            part.weight[:3] = straight[:3] + 0.2 * part.weight[:3]
    # Hardly any noise at first: it would drown what little the latents say then.
    vae.quant_conv.weight[LATENTS:] = 0.0
    vae.quant_conv.bias[LATENTS:] = -6.0


def unet() -> UNet2DConditionModel:
    """Predicts v from latents of 16×16; reads the text at 8×8 and 4×4."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENTS,
        out_channels=LATENTS,
        block_out_channels=(48, 64, 96),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=_TEXT_WIDTH,
        attention_head_dim=4,  # diffusers' old name for the number of heads
        norm_num_groups=16,
    )


def text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Two layers: the grammar's sentences are short."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_TEXT_WIDTH,
            intermediate_size=4 * _TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            projection_dim=_TEXT_WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def noise_scheduler() -> DDIMScheduler:
    """Stable Diffusion's schedule with v-prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
    )


def size(module: nn.Module) -> int:
    """How many parameters."""
    return sum(weights.numel() for weights in module.parameters())
