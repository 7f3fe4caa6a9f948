"""Answers in the shape that every client takes: one picture and one verdict each, or a sign of life with nothing."""

import struct
import zlib
from dataclasses import dataclass

from jobs.wire import generation_pb2 as wire

_SIDE = 64


@dataclass(frozen=True, slots=True)
class Sender:
    """What all answers of a call have in common. received_ms: Unix time."""

    job: str
    request_id: str
    engine_id: str
    received_ms: int

    def alive(self, now_ms: int, number: int) -> wire.Answer:
        """Somebody is at work. number: counts these, so that every answer's id is its own."""
        return self._answer(f"{self.job}-alive-{number}", now_ms)

    def picture(self, index: int, seed: int, png: bytes, now_ms: int) -> wire.Answer:
        """One picture."""
        return self._with_verdict(index, seed, png, now_ms, wire.NULL, wire.ACTION_PASSTHROUGH)

    def filtered(self, index: int, seed: int, now_ms: int) -> wire.Answer:
        """A picture that an engine's filter held back: a grey one in its place, as clients expect."""
        return self._with_verdict(index, seed, GREY, now_ms, wire.FILTER, wire.ACTION_OBFUSCATE)

    def failed(self, index: int, seed: int, words: str, now_ms: int) -> wire.Answer:
        """No picture for this sample, and why; the others of the request are not lost for it."""
        artifact = wire.Artifact(
            type=wire.ARTIFACT_TEXT, text=words, index=index, seed=seed, finish_reason=wire.ERROR, mime="text/plain"
        )
        return self._answer(f"{self.job}-{index}", now_ms, artifact)

    def _with_verdict(
        self, index: int, seed: int, png: bytes, now_ms: int, reason: "wire.FinishReason", action: "wire.Action"
    ) -> wire.Answer:
        picture = wire.Artifact(
            id=2 * index + 1, type=wire.ARTIFACT_IMAGE, mime="image/png", magic="PNG", binary=png, index=index,
            finish_reason=reason, seed=seed, uuid=f"{self.job}-{index}", size=len(png),
        )  # fmt: skip
        verdict = wire.Artifact(
            id=2 * index + 2, type=wire.ARTIFACT_CLASSIFICATIONS, mime="application/x-protobuf", index=index, seed=seed,
            classifier=wire.ClassifierParameters(realized_action=action), uuid=f"{self.job}-{index}-verdict",
        )  # fmt: skip
        return self._answer(f"{self.job}-{index}", now_ms, picture, verdict)

    def _answer(self, answer_id: str, now_ms: int, *artifacts: wire.Artifact) -> wire.Answer:
        return wire.Answer(
            answer_id=answer_id,
            request_id=self.request_id,
            received=self.received_ms,
            created=now_ms,
            meta=wire.AnswerMeta(engine_id=self.engine_id),
            artifacts=artifacts,
        )


def _grey() -> bytes:
    """A small grey PNG, by hand: this room has no picture library."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * _SIDE) * _SIDE)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GREY = _grey()
