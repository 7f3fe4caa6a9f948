"""Small weights of SDXL's architecture, made offline: two text encoders, pooled texts, and a UNet that is told sizes.

Random from a fixed seed: what they paint is a pattern, which is all that comparing two ways to run them needs.
"""

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from worker.engine.weights_text import WIDTH, tiny_text_config

_SEED = 20230726
_TIME_WIDTH = 8
_SIZES = 6  # height and width of the original, the crop, and the target


def build_tiny_xl(tokenizer: CLIPTokenizer) -> StableDiffusionXLImg2ImgPipeline:
    """The pipeline over fresh weights; equal bytes each time."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(_SEED)
        config = tiny_text_config(tokenizer)
        return StableDiffusionXLImg2ImgPipeline(
            vae=AutoencoderKL(
                down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
                block_out_channels=(8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4,
                scaling_factor=0.13025, force_upcast=True,
            ),
            text_encoder=CLIPTextModel(config),
            text_encoder_2=CLIPTextModelWithProjection(config),
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            unet=UNet2DConditionModel(
                sample_size=32, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(16, 32),
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), norm_num_groups=4,
                transformer_layers_per_block=(1, 2), attention_head_dim=(2, 4), cross_attention_dim=2 * WIDTH,
                use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=_TIME_WIDTH,
                projection_class_embeddings_input_dim=WIDTH + _SIZES * _TIME_WIDTH,
            ),
            scheduler=EulerDiscreteScheduler(
                beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading",
                steps_offset=1,
            ),
            force_zeros_for_empty_prompt=True,
            add_watermarker=False,
        )  # fmt: skip
