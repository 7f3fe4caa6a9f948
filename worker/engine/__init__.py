"""Continuous batching for image-to-image, so that unlike variants share every UNet call.

Prompts, strengths, steps, cfg scales and samplers mix; only the model and the shape must be the same.

A loop in the manner of a language model's server: **choose** a bucket (`batcher`, pure policy), **launch** waiting rows
into free slots (`launch`), **predict** once for the whole batch (`batch`), **advance** each row by its own noise
scheduler (`row`, `samplers`), **retire** what is finished. `engine` is that loop and the one thread that owns the
device; `model` speaks to diffusers; `shelf` holds what is loaded; `faults` sorts what goes wrong; `weights` makes the
small model that needs no download.

What you can rely on:

- A picture is diffusers' own, within one level of `StableDiffusionImg2ImgPipeline` called alone with the same seed.
- Its bytes depend on the variant, the pinned row count, the device kind and the versions, and on nothing else: not on
  neighbours, order, callers or crashes. All of these are in the fingerprint.
- A step is one UNet evaluation, so samplers with two evaluations a step mix with the others.
- `int(steps * strength)` steps are run; where that is 0, the picture goes through the autoencoder and back.
- At a cfg scale of 1 or below a variant takes one batch row, otherwise two.

Only this package imports torch, diffusers and transformers; `batcher`, `row` and `schedule` import none of them.
"""
