"""Continuous batching for image-to-image, so that unlike variants share every UNet call.

Prompts, strengths, steps, cfg scales and samplers mix; only the model and the shape must be the same.

A loop in the manner of a language model's server: **choose** a bucket (`batcher`, pure policy) for each `arrival`,
**launch** waiting rows into free slots (`launch`), **predict** once for the whole batch (`batch`), **advance** each row
by its own noise scheduler (`row`, `samplers`), **retire** what is finished. `engine` is that loop and the one thread
that owns the device; `model` speaks to diffusers and `loading` reads what it speaks to; `texts` and `masks` are what a
row is told besides its latents; `textkeys` keeps what attention makes of a text, `brownian` draws one sampler's noise,
`adapters` puts LoRAs on and off; `graphs` replays a step on CUDA, `traces` on a CPU, whose wide layers are `pointwise`;
`seating` keeps batches between two bursts of work, `shelf` what is loaded; `faults` sorts what goes wrong; `whole` runs
the families that aren't stepped; `tune` measures what to pin; `weights`, `weights_xl` and `weights_flow` make the small
models that need no download, `seedwords` the seeds of that noise.

What you can rely on:

- A picture is diffusers' own, within one level of its pipeline called alone with the same seed: image-to-image of
  Stable Diffusion 1.x, 2.x and SDXL, or inpainting where there is a mask (whose white part comes out to the bit).
- Its bytes depend on the variant, the pinned counts of rows and of pictures decoded at once, the device kind and the
  versions, and on nothing else: not on neighbours, order, callers or crashes. All of these are in the fingerprint.
- Where memory is too short for the pinned rows, a bucket takes the next of its pinned rungs until it runs empty, rows
  that had begun begin anew, and each says at the end on which rung it was made: that is in its fingerprint, too.
- Urgent rows, and the first of a caller that has none, enter at the next step: a row of whoever holds the most is set
  aside and goes on later, its bits unchanged.
- Every prompt is read to its end, in pieces of 75 tokens; prompts of as many pieces share a batch.
- A step is one UNet evaluation, so samplers with two evaluations a step mix with the others.
- `int(steps * strength)` steps are run, less `int(steps * step_schedule_end)` at the end; where that leaves none, the
  picture goes through the autoencoder and back.
- At a cfg scale of 1 or below a variant takes one batch row, otherwise two.

Only this package imports torch, diffusers and transformers; `batcher`, `row` and `schedule` import none of them.
"""
