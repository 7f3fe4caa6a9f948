"""The small text encoders that the generated models with two of them share: one shape, so that it stands once."""

from transformers import CLIPTextConfig, CLIPTokenizer

WIDTH = 32
"""Of either encoder's tokens; the network attends to both side by side."""


def tiny_text_config(tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    """Three layers over 77 tokens, with a projection as wide as the tokens."""
    return CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=3,
        num_attention_heads=2, max_position_embeddings=77, projection_dim=WIDTH, hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
