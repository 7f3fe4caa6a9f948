"""A request of the wire as a job spec: pure, and every limit of this door in one place.

What is absent is left out of the spec, so that the model's defaults stand. What can't be done is refused and not passed
over, but for what clients send without meaning anything by it (an adapter of type none, what a masked area holds at
first).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jobs.errors import InvalidSpec, Problem, Unsupported
from jobs.models import Model
from jobs.presets import Preset, find
from jobs.seeds import UINT32
from jobs.wire import generation_pb2 as wire

MOST_SAMPLES = 100
SAMPLERS: Mapping[int, str] = {number: name for name, number in wire.DiffusionSampler.items()}
"""Stability's names, which the spec knows."""
SUPPORTED = (
    "Generate makes pictures from one init image (a prompt whose artifact is ARTIFACT_IMAGE), weighted texts and, "
    "where only a part is to be repainted, a mask (ARTIFACT_MASK, black is repainted)."
)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a request comes to. document: a job spec without its pictures. init, mask: their bytes, b"" for no mask."""

    document: Mapping[str, object]
    init: bytes
    mask: bytes
    seeds: tuple[int, ...]


def translate(
    request: wire.Request, model: Model, presets: Mapping[str, Preset], *, draw: Callable[[int], int]
) -> Asked:
    """The job that a request asks for. draw: sample → a uint32 for it, where the client leaves the seed to us.

    Raises:
        Unsupported: something that this door can't do. InvalidSpec: every problem at once.

    """
    problems: list[Problem] = []
    if request.WhichOneof("params") != "image":
        problems.append(
            Problem("params", "must provide image parameters", remedy="Set `image` and nothing else there.")
        )
    init, mask = _pictures(request, problems)
    _refuse_what_is_not_done(request)
    preset = find(presets, _preset(request))
    texts = _texts(request, preset)
    if not any(text["weight"] != 0 for text in texts):
        problems.append(Problem("prompt", "has no text", remedy="Add a prompt with a text."))
    seeds = _seeds(request.image, problems, draw)
    if problems:
        raise InvalidSpec(problems, source="the request")
    document: dict[str, object] = {
        "name": "stability",
        "model": model.alias,
        "prompt": texts,
        "negative_prompt": _escaped(preset.negative),
        "seed": list(seeds),
        "output": {"name": "{index}", "sheet": False},
        "run": {"priority": "urgent"},
        **_numbers(request.image),
    }
    return Asked(document, init, mask, seeds)


def _pictures(request: wire.Request, problems: list[Problem]) -> tuple[bytes, bytes]:
    """The init image and the mask, told apart by their type and never by their place."""
    found: dict[int, list[bytes]] = {wire.ARTIFACT_IMAGE: [], wire.ARTIFACT_MASK: []}
    for artifact in (prompt.artifact for prompt in request.prompt if prompt.WhichOneof("prompt") == "artifact"):
        if artifact.type not in found:
            kinds = wire.ArtifactType
            name = kinds.Name(artifact.type) if artifact.type in kinds.values() else artifact.type
            raise Unsupported(f"prompt: an artifact of type {name} is not used here", remedy=SUPPORTED)
        found[artifact.type].append(artifact.binary)
    inits, masks = found.values()
    if not inits:
        raise Unsupported("prompt: there is no init image, and pictures from text alone are not made", remedy=SUPPORTED)
    for what, pictures in (("init images", inits), ("masks", masks)):
        if len(pictures) > 1:
            problems.append(Problem("prompt", f"has {len(pictures)} {what}", remedy="Send one."))
    return inits[0], masks[0] if masks else b""


def _refuse_what_is_not_done(request: wire.Request) -> None:
    image = request.image
    guidance = {step.guidance.guidance_preset for step in image.parameters} - {wire.GUIDANCE_PRESET_NONE}
    tokens = any(prompt.WhichOneof("prompt") == "tokens" for prompt in request.prompt)
    credentials = image.content_credentials_parameters.model_metadata
    for asked, what in (
        (request.requested_type not in {wire.ARTIFACT_NONE, wire.ARTIFACT_IMAGE}, "requested_type: only pictures"),
        (image.transform.HasField("upscaler"), "image.transform: upscalers"),
        (image.adapter.adapter_type != wire.T2IADAPTER_NONE, "image.adapter: adapters"),
        (bool(image.fine_tuning_parameters), "image.fine_tuning_parameters: fine-tunes by request"),
        (bool(guidance), "image.parameters: CLIP guidance presets"),
        (credentials != 0, "image.content_credentials_parameters: signed pictures"),
        (tokens, "prompt: tokens in place of a text"),
    ):
        if asked:
            verb = "are made" if what.startswith("requested_type") else "are not supported"
            raise Unsupported(f"{what} {verb}", remedy=SUPPORTED)


def _preset(request: wire.Request) -> str:
    inner = request.extras.fields.get("$IPC")
    said = inner.struct_value.fields.get("preset") if inner is not None else None
    return said.string_value if said is not None else ""


def _texts(request: wire.Request, preset: Preset) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for prompt in request.prompt:
        if prompt.WhichOneof("prompt") != "text":
            continue
        weight = _tidy(prompt.parameters.weight) if prompt.parameters.HasField("weight") else 1.0
        text = preset.around(prompt.text) if weight > 0 else prompt.text
        found.append({"text": _escaped(text), "weight": weight})
    return found


def _escaped(text: str) -> str:
    """Braces are the spec's own language; here they are letters."""
    return text.replace("{", "{{").replace("}", "}}")


def _numbers(image: wire.ImageParameters) -> dict[str, object]:
    found: dict[str, object] = {"strength": 1.0}  # as without a schedule anywhere else: the whole of it
    if image.HasField("steps"):
        found["steps"] = image.steps
    for step in image.parameters[:1]:
        if step.sampler.HasField("cfg_scale"):
            found["cfg_scale"] = _tidy(step.sampler.cfg_scale)
        if step.schedule.HasField("start"):
            found["strength"] = _tidy(step.schedule.start)
        if step.schedule.HasField("end"):
            found["step_schedule_end"] = _tidy(step.schedule.end)
    if image.transform.HasField("diffusion"):
        found["sampler"] = SAMPLERS.get(image.transform.diffusion, str(image.transform.diffusion))
    for side in ("width", "height"):
        if image.HasField(side):
            found[side] = getattr(image, side)
    return found


def _tidy(value: float) -> float:
    """A float of 32 bits as whoever wrote it meant it: 0.6000000238418579 is 0.6."""
    return float(f"{value:.7g}")


def _seeds(image: wire.ImageParameters, problems: list[Problem], draw: Callable[[int], int]) -> tuple[int, ...]:
    """One for each sample, no two alike: those given, then counting up from the last; 0 is ours to choose."""
    given = list(image.seed)
    samples = image.samples if image.HasField("samples") else max(1, len(given))
    if not 1 <= samples <= MOST_SAMPLES:
        problems.append(Problem("image.samples", f"must be 1 to {MOST_SAMPLES}", value=str(samples)))
        return ()
    if len(given) > samples:
        remedy = "Send no more seeds than samples."
        problems.append(Problem("image.seed", f"has {len(given)} seeds for {samples} samples", remedy=remedy))
        return ()
    seeds: dict[int, None] = {}
    for sample in range(samples):
        wanted = given[sample] if sample < len(given) else (next(reversed(seeds)) + 1 if seeds else 0)
        seed = wanted % UINT32 or draw(sample)
        while seed in seeds:
            seed = (seed + 1) % UINT32
        seeds[seed] = None
    return tuple(seeds)
