"""Small weights of a flow-matching family (Stable Diffusion 3's architecture), made offline.

Random from a fixed seed: what they paint is a pattern, which is all that comparing two ways to run them needs.
"""

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Img2ImgPipeline,
)
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from worker.engine.weights_text import WIDTH, tiny_text_config

_SEED = 20240612


def build_tiny_flow(tokenizer: CLIPTokenizer) -> StableDiffusion3Img2ImgPipeline:
    """The pipeline over fresh weights, without the third text encoder; equal bytes each time."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(_SEED)
        config = tiny_text_config(tokenizer)
        return StableDiffusion3Img2ImgPipeline(
            transformer=SD3Transformer2DModel(
                sample_size=32, patch_size=2, in_channels=4, out_channels=4, num_layers=2, attention_head_dim=8,
                num_attention_heads=4, joint_attention_dim=2 * WIDTH, caption_projection_dim=32,
                pooled_projection_dim=2 * WIDTH, pos_embed_max_size=96,
            ),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=AutoencoderKL(
                down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
                block_out_channels=(8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4,
                use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.5305, shift_factor=0.0609,
            ),
            text_encoder=CLIPTextModelWithProjection(config),
            text_encoder_2=CLIPTextModelWithProjection(config),
            text_encoder_3=None,
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            tokenizer_3=None,
        )  # fmt: skip
