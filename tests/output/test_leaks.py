"""Nothing that an init image's file says beside its pixels is in what is made of it."""

import io
from dataclasses import replace

import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from jobs.models import ModelTable
from jobs.spec.model import Format
from tests.output.test_formats import order
from worker.backends import Rendered
from worker.booth.decode import decode
from worker.output.picture import Encoder
from worker.output.thumb import encode_thumb

CANARY = b"canary of a photographer"
LIMIT = 1 << 20


def _told(kind: str) -> bytes:
    """A picture whose file says everything about where and by whom it was taken."""
    image = Image.effect_noise((24, 16), 80).convert("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = exif[ExifTags.Base.ImageDescription] = CANARY.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = CANARY.decode()
    how: dict[str, object] = {
        "exif": exif,
        "xmp": b"<x:xmpmeta>%s</x:xmpmeta>" % CANARY,
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY,
    }
    if kind == "PNG":
        del how["xmp"]
        how["pnginfo"] = info = PngImagePlugin.PngInfo()
        info.add_text("Author", CANARY.decode())
        info.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{CANARY.decode()}</x:xmpmeta>")
        info.add_text("parameters", CANARY.decode(), zip=False)
    if kind == "JPEG":
        how["comment"] = CANARY
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue() + CANARY  # and what somebody put behind its end


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("form", ["png", "webp", "jpeg"])
def test_nothing_that_a_file_says_beside_its_pixels_is_in_a_result(kind: str, form: Format) -> None:
    init = _told(kind)
    picture = decode(init, max_pixels=LIMIT)
    wanted = replace(order(0.5), pixels=picture.pixels)

    made = Encoder(ModelTable.load(), engine="local").encode(Rendered(wanted, picture.pixels, 0.0), form)

    assert init.count(CANARY) >= 4
    assert CANARY not in made + encode_thumb(picture.pixels, 8)
    assert CANARY.decode().encode("utf-16-le") not in made
