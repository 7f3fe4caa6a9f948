"""What a remote's answers come to: exactly the picture that was asked for, or one sentence why not. Pure."""

from jobs.errors import BadAnswer, BadImage, Filtered
from jobs.wire import generation_pb2 as wire
from worker.backends import Order, Pixels
from worker.booth.pool import booths

MOST_PICTURES = 16
"""In one call, which asks for one; more are not kept in memory."""
_HELD_BACK = frozenset({wire.ACTION_OBFUSCATE, wire.ACTION_OBFUSCATE_DUPLICATE, wire.ACTION_DISCARD})
_SHOWN = 200


class Gathering:
    """The answers of one call, as they come. An answer without artifacts is a sign of life and nothing else."""

    def __init__(self) -> None:
        self._pictures: set[tuple[int, bytes]] = set()
        self._filtered: str | None = None
        self._failed: str | None = None

    def take(self, answer: wire.Answer) -> None:
        """One answer.

        Raises:
            BadAnswer: far more pictures than were asked for.

        """
        for artifact in answer.artifacts:
            if artifact.type == wire.ARTIFACT_CLASSIFICATIONS:
                if artifact.classifier.realized_action in _HELD_BACK:
                    self._filtered = self._filtered or ""
            elif artifact.finish_reason == wire.FILTER:
                self._filtered = artifact.text[:_SHOWN] or self._filtered or ""
            elif artifact.finish_reason == wire.ERROR:
                self._failed = artifact.text[:_SHOWN]
            elif artifact.type == wire.ARTIFACT_IMAGE:
                self._pictures.add((artifact.seed, artifact.binary))  # sent twice, it is still one
        if len(self._pictures) > MOST_PICTURES:
            raise BadAnswer(f"the remote sent more than {MOST_PICTURES} pictures where one was asked for")

    @property
    def complete(self) -> bool:
        """Whether there is something to take for the answer, should the stream break off now."""
        return bool(self._pictures) or self._filtered is not None

    def pixels(self, order: Order) -> Pixels:
        """The picture, decoded, of the order's own seed and size.

        Raises:
            Filtered: held back by the remote.
            BadAnswer: no picture, two of them, of another seed or size, or bytes that are none.

        """
        if self._filtered is not None:
            words = f": {self._filtered!a}" if self._filtered else ""
            said = f"the remote's safety filter held the picture back{words}"
            raise Filtered(said, remedy="Change the prompt or the seed.")
        if self._failed is not None and not self._pictures:
            raise BadAnswer(f"the remote failed to make the picture: {self._failed!a}")
        if len(self._pictures) != 1:
            raise BadAnswer(f"the remote sent {len(self._pictures)} different pictures where one was asked for")
        ((seed, data),) = self._pictures
        asked = order.variant.parameters.seed
        if seed != asked:
            remedy = "" if asked else "To most servers of this protocol seed 0 means any: use another."
            raise BadAnswer(f"the remote's picture has seed {seed} where {asked} was asked for", remedy=remedy)
        return _decoded(data, order)


def _decoded(data: bytes, order: Order) -> Pixels:
    height, width = order.pixels.shape[:2]
    try:
        found = booths().decode(data, max_pixels=height * width).pixels
    except BadImage as error:
        raise BadAnswer(f"the remote's picture can't be read: {error}") from error
    if found.shape != order.pixels.shape:
        had = f"{found.shape[1]} × {found.shape[0]}"
        raise BadAnswer(f"the remote's picture has {had} pixels where {width} × {height} were asked for")
    return found
