"""What a remote engine answers is no more trusted than what a caller sends."""

from collections.abc import Callable, Sequence

from jobs.wire import generation_pb2 as wire
from tests.engine.orders import order, picture
from tests.remote.wire_server import answer, image, verdict
from tests.safety.world import Row, World
from worker.backends.remote.reading import MOST_PICTURES, Gathering
from worker.backends.remote.remotes import load_remotes
from worker.output.png import encode_png

ORDER = order()
SEED = ORDER.variant.parameters.seed
GOOD = encode_png(picture(), text={})


def _read(*artifacts: wire.Artifact) -> Callable[[object], object]:
    def act(_: object) -> object:
        gathered = Gathering()
        gathered.take(answer(*artifacts))
        return gathered.pixels(ORDER).shape

    return act


def _many() -> Sequence[wire.Artifact]:
    return [image(GOOD + bytes([k]), SEED) for k in range(MOST_PICTURES + 1)]


def _named(target: str) -> Callable[[World], object]:
    """A remotes file that an operator was talked into."""

    def act(world: World) -> object:
        path = world.folder / "remotes.toml"
        path.write_text(f'[remotes.upstairs]\ntarget = "{target}"\n')
        return load_remotes(path)

    return act


TARGETS = ["169.254.169.254:80", "[fe80::1]:7802", "[::ffff:127.0.0.1]:7802", "2130706433:7802", "0.0.0.0:7802",
           "[fd00:ec2::254]:80", "224.0.0.1:7802", "http://gpu-box.example:7802", "gpu-box.example"]  # fmt: skip

ROWS = [
    *(Row(f"remote: a target of {target}", "invalid_spec", _named(target)) for target in TARGETS),
    Row("remote: no picture", "bad_answer", _read()),
    Row("remote: two pictures", "bad_answer", _read(image(GOOD, SEED), image(GOOD + b"x", SEED))),
    Row("remote: far too many pictures", "bad_answer", _read(*_many())),
    Row("remote: another seed", "bad_answer", _read(image(GOOD, SEED + 1))),
    Row("remote: another size", "bad_answer", _read(image(encode_png(picture(128), text={}), SEED))),
    Row("remote: garbage for a picture", "bad_answer", _read(image(b"garbage", SEED))),
    Row("remote: half a picture", "bad_answer", _read(image(GOOD[: len(GOOD) // 2], SEED))),
    Row("remote: a GIF", "bad_answer", _read(image(b"GIF89a" + bytes(60), SEED))),
    Row("remote: an error", "bad_answer", _read(image(b"", SEED, finish_reason=wire.ERROR, text="no"))),
    Row("remote: held back by a filter", "filtered", _read(image(GOOD, SEED, finish_reason=wire.FILTER))),
    Row("remote: obfuscated", "filtered", _read(image(GOOD, SEED), verdict(wire.ACTION_OBFUSCATE))),
]
