"""The engine's tests: what it can do is painted by diffusers' own code as well, within a level.

| feature | compared with diffusers in |
|---|---|
| every sampler: Stability's eleven, UniPC, LCM; mixed in one batch | `test_parity`; `tests/bench/engine_parity` |
| `step_schedule_end`; a strength that leaves no step | `test_parity`: the end of the schedule, the autoencoder |
| noise of `dpmpp_sde` | `test_brownian`, to the bit |
| SD 1.x; v-prediction as SD 2.x has it, every sampler | `test_parity` |
| SDXL, every sampler, with and without guidance | `test_families` |
| few-step models: cfg ≤ 1 as one row; guidance as an input (LCM) | `test_parity`, `test_families` |
| a flow-matching family by whole calls | `test_whole` |
| long, weighted, negative prompts; clip skip | `test_prompts`; of SDXL `test_families` |
| masks, every sampler; 9-channel UNets; of SDXL | `test_masks`, `test_families` |
| LoRAs with weight, several, negative | `test_loras` |
| the safety checker | `test_safety` |

Soft masks are Stability's, and diffusers knows none: `test_masks` holds them to their definition. That bytes know no
neighbours is `test_identity`, what goes wrong is `test_faults` and, with a worker, `tests/stories/test_bad_models`.
"""
