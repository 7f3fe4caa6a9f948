"""The process in which pictures are decoded: bytes come in on stdin, pixels or a sentence go out on stdout.

A request is `REQUEST` (length of the data, most pixels) and the data. An answer is `ANSWER` (kind, width, height,
length) and a body: for kind PICTURE the pixels, for REFUSED a JSON list of message and remedy. It ends with its stdin.
"""

import json
import resource
import signal
import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

from jobs.errors import BadImage
from jobs.header import Format, picture_size
from worker.booth.decode import Picture, decode

REQUEST = struct.Struct("<QQ")
ANSWER = struct.Struct("<BIIQ")
PICTURE, REFUSED = 0, 1
FORMATS: tuple[Format, ...] = ("PNG", "JPEG", "WEBP")

CPU_SECONDS = 20
BYTES_A_PIXEL = 32
"""Of the worst way through `decode`: palette, alpha, the white below it, their sum, turned, as an array, as bytes."""
SPARE_BYTES = 160 << 20
"""What decoders need beside the pixels, twice the text that Pillow unpacks at most included."""
TOO_MUCH = ("the picture takes more memory to decode than one of its size should", "Save the picture again.")


def main() -> None:
    """Serve until stdin ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing is written but the pipe
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # told to the whole group, it is for the worker, whose end is ours
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    decode(_WARM, max_pixels=64)  # Pillow imports its plugins with the first picture
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        length, most = REQUEST.unpack(head)
        data = source.read(length)
        if len(data) < length:
            return
        _answer(sink, data, most)


def _answer(sink: BinaryIO, data: bytes, most: int) -> None:
    _bound(data, most)
    try:
        picture = decode(data, max_pixels=most)
    except BadImage as error:
        _refuse(sink, str(error), error.remedy)
    except MemoryError:
        _refuse(sink, *TOO_MUCH)
    else:
        _send(sink, picture)
    sink.flush()


def _send(sink: BinaryIO, picture: Picture) -> None:
    height, width, _ = picture.pixels.shape
    sink.write(ANSWER.pack(PICTURE | FORMATS.index(picture.format) << 4, width, height, picture.pixels.nbytes))
    sink.write(picture.pixels.data)


def _refuse(sink: BinaryIO, message: str, remedy: str) -> None:
    body = json.dumps([message, remedy]).encode()
    sink.write(ANSWER.pack(REFUSED, 0, 0, len(body)) + body)


def _bound(data: bytes, most: int) -> None:
    """From now on: so much more memory than now, and so many more seconds of the processor."""
    width, height = picture_size(data) or (most, 1)
    memory = _mapped_bytes() + len(data) + min(width * height, most) * BYTES_A_PIXEL + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))
    seconds = int(time.process_time()) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _mapped_bytes() -> int:
    """This process' address space; where nothing tells, as much as it will hardly have."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 4 << 30


_WARM = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
