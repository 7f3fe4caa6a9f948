"""A Stable Diffusion in small that obeys its prompt, and everything that it was made with.

Nothing is downloaded: a painter (`grammar`, `sheet`, `scenes`, `media`, `painting`) draws every picture that the model
ever sees, an `album` keeps them, two stages (`training`: `train_vae`, `train_unet`) learn from it, and a `judge` that
knows paintings alone says how well (`evaluate`). `weights/` holds the result in diffusers' layout, with its card; the
worker loads it like any other model, through the model table, and needs nothing else of this package.

What makes so small a model possible:

- Few choices: 8 scenes × 6 colours × 4 lights × 6 media, and a grammar of captions whose every word is a token.
- What the latents say is written down and not found by training (`latents`): both stages learn from the first step.
- The UNet is trained on what image-to-image gives it: another picture under noise (`drawing` says how).
"""
