"""Pictures of chance and malice for ten minutes: no decoder dies unseen, none hangs, and nothing grows."""

import hashlib
import random
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from api.cli.bench import Figure
from jobs.errors import BadImage
from tests.booth.test_decode import BAD, MAX
from tests.booth.test_decode import _noise as noise
from tests.booth.test_decode import _saved as saved
from tests.safety.rows_pictures import MORE
from worker.booth.pool import Booths

NAME = "fuzz-images"
SUMMARY = "Mutated PNG, JPEG and WebP files through the intake for ten minutes: crashes, hangs and growth of memory."
SHORT_SECONDS, LONG_SECONDS = 30.0, 600.0
LONGEST_SECONDS = 20.0
GROWTH_MEGABYTES = 64.0
_SEED = 20261122
_ODD = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Ten minutes; short: 30 s. The same files in the same order: only how far it comes is the machine's."""
    seeds = _seeds()
    dice, booths = random.Random(_SEED), Booths(most=2)
    began = told = time.monotonic()
    tried = taken = refused = died = 0
    longest, first, last = 0.0, 0.0, 0.0
    try:
        while time.monotonic() - began < (SHORT_SECONDS if short else LONG_SECONDS):
            now = time.monotonic()
            data = _mutated(dice, seeds)
            tried += 1
            try:
                booths.decode(data, max_pixels=MAX)
                taken += 1
            except BadImage as error:
                refused += 1
                if "brings its decoder down" in str(error):
                    died += 1
                    progress(f"file {tried}: {error}; it is kept as {_kept(data)}")
            longest = max(longest, time.monotonic() - now)
            if tried % 100 == 0:
                last = _megabytes(booths.pids)
                first = first or last
            if now - told > 30:
                told = now
                progress(f"{tried} files, {taken} of them pictures, {died} deaths, {last:.0f} MB")
    finally:
        booths.rest()
    grown = last - first
    return [
        Figure("files", tried, "", "≥ 200", tried >= 200),
        Figure("pictures among them", taken, "", "≥ 1", taken >= 1),
        Figure("refused in a sentence", refused, "", "≥ 1", refused >= 1),
        Figure("decoders brought down", died, "", "0", died == 0),
        Figure("the longest", longest, "s", f"< {LONGEST_SECONDS:g} s", longest < LONGEST_SECONDS),
        Figure("growth of the decoders", grown, "MB", f"< {GROWTH_MEGABYTES:g} MB", grown < GROWTH_MEGABYTES),
    ]


def _seeds() -> Sequence[bytes]:
    """Small whole files and the table's bad ones: a mutation of what is nearly right goes deepest."""
    good = [saved(noise(32), kind) for kind in ("PNG", "JPEG", "WEBP")] + [saved(noise(32).convert("P"), "PNG")]
    bad = [make() for make, _ in BAD.values()] + [make() for make in MORE.values()]
    return good * 10 + [data for data in bad if 0 < len(data) < 20_000]


def _mutated(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((0, 1, 1, 2, 4, 16))):
        at = dice.randrange(len(data)) if data else 0
        way = dice.randrange(6)
        if way == 0:
            data[at : at + 1] = bytes([dice.randrange(256)])
        elif way == 1:
            odd = dice.choice(_ODD)
            data[at : at + len(odd)] = odd
        elif way == 2:
            del data[at : at + dice.randrange(1, 64)]
        elif way == 3:
            data[at:at] = dice.randbytes(dice.randrange(1, 64))
        elif way == 4:
            other = dice.choice(seeds)
            cut = dice.randrange(len(other))
            data[at:] = other[cut : cut + 100_000]
        else:
            data[at:at] = data[max(0, at - 64) : at] * dice.randrange(1, 8)
    whole = bytes(data)
    return _summed(whole) if dice.random() < 0.7 else whole


def _summed(data: bytes) -> bytes:
    """A PNG's checksums put right, so that what was changed is read and not refused for them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        body = data[at + 4 : at + 8 + length]
        if at + 12 + length > len(data):
            return bytes(made) + data[at:]
        made += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(made) + data[at:]


def _kept(data: bytes) -> Path:
    """Where a file lies now that nobody has decoded, for whoever mends that."""
    path = Path(tempfile.gettempdir()) / f"pentimento-fuzz-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return path


def _megabytes(pids: Sequence[int]) -> float:
    """What the largest of the processes holds; 0 where no /proc tells."""
    found = [0.0]
    for pid in pids:
        status = Path(f"/proc/{pid}/status")
        if status.is_file():
            lines = status.read_text(encoding="ascii").splitlines()
            found += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")]
    return max(found)
