"""From a rendered outcome to the bytes of its file: the picture with everything that decided its pixels inside."""

from jobs.models import ModelTable
from jobs.spec.model import Format
from worker.backends import Rendered
from worker.output.lossy import encode_lossy
from worker.output.png import A1111_KEY, OWN_KEY, a1111_parameters, encode_png, own_json
from worker.output.xmp import XMP_KEY, source_packet


class Encoder:
    """Encodes pictures. Thread-safe. `engine` names what made them, for the record inside."""

    def __init__(self, table: ModelTable, *, engine: str) -> None:
        self._table = table
        self._engine = engine

    def encode(self, rendered: Rendered, kind: Format = "png") -> bytes:
        """The same bytes for the same picture of the same variant, whenever and wherever it was made."""
        order = rendered.order
        variant = order.variant
        height, width = rendered.pixels.shape[:2]
        revision = self._table.resolve(variant.parameters.model).identity
        text = {
            A1111_KEY: a1111_parameters(variant, width=width, height=height),
            OWN_KEY: own_json(
                variant,
                width=width,
                height=height,
                image_sha256=order.image_sha256,
                fingerprint=order.fingerprint,
                model_revision=revision,
                engine=self._engine,
                rung=rendered.rung,
            ),
            XMP_KEY: source_packet(order),
        }
        if kind == "png":
            return encode_png(rendered.pixels, text=text)
        return encode_lossy(rendered.pixels, kind, text=text)
