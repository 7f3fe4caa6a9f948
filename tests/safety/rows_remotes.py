"""What a remote engine answers is no more trusted than what a caller sends."""

from collections.abc import Callable, Sequence

from jobs.wire import generation_pb2 as wire
from tests.engine.orders import order, picture
from tests.remote.wire_server import answer, image, verdict
from tests.safety.world import Row
from worker.backends.remote.reading import MOST_PICTURES, Gathering
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


ROWS = [
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
