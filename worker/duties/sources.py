"""From the lines of `images` to images: patterns are listed, tables read, texts beside images fetched; all lazily.

Every image that comes out has its name, and what came from a listing its size and etag. What is wrong with a table's
rows is told for all of them at once, as everywhere.
"""

import hashlib
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path as FilePath

from jobs.errors import ImageNotFound
from jobs.manifest.rows_text import RowsFormat, read_rows, row_image
from jobs.manifest.table import decoded_table, table_format
from jobs.presets import NONE, plain, remedy_for
from jobs.spec.image_checks import ImageChecks
from jobs.spec.image_lines import read_image
from jobs.spec.images import folder_of, has_scheme, image_names
from jobs.spec.model import FieldValue, ImageSpec, JobSpec
from jobs.spec.names import segments
from jobs.spec.patterns import Pattern, literal
from jobs.spec.problems import Path, Problems
from jobs.spec.sidecars import sidecar_setting
from jobs.storage import Storage
from jobs.storage.listing import TablePin
from worker.duties.reading import Reading

MAX_NAME = 60
READERS = 16
MAX_TEXT_BYTES = 40_000


class Names:
    """Names that are taken, in a file: a million of them are no matter of memory."""

    def __init__(self, folder: FilePath) -> None:
        self._rows = sqlite3.connect(folder / "names.sqlite", isolation_level=None, check_same_thread=False)
        self._rows.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;"
                                 "CREATE TABLE taken (word TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN")  # fmt: skip

    def close(self) -> None:
        """Let the file go."""
        self._rows.close()

    def take(self, kind: str, word: str) -> bool:
        """Whether the word was free; from now on it is not. Words that differ in case are the same."""
        return self._rows.execute("INSERT OR IGNORE INTO taken VALUES (?)", (f"{kind} {word.lower()}",)).rowcount == 1

    def free(self, name: str, uri: str) -> str:
        """`name`, or with something added that depends on the URI alone (almost: equal URIs are numbered)."""
        made, again = name, 0
        while not self.take("name", made):
            again += 1
            said = uri if again == 1 else f"{uri} {again}"
            made = f"{name[: MAX_NAME - 9]}-{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:8]}"
        return made


class Sources:
    """Lists the images of one spec. `tables`: what those were that it has read; `passed_over`: objects no image."""

    def __init__(self, spec: JobSpec, storage: Storage, reading: Reading, names: Names, models: frozenset[str]) -> None:
        self._spec = spec
        self._storage = storage
        self._reading = reading
        self._names = names
        self._models = models
        self._name_uses = {name for part in segments(spec.output.name) for name in part.names}
        self.passed_over = 0
        self.tables: list[TablePin] = []

    def images(self) -> Iterator[ImageSpec]:
        """The images, in the order of the lines, each line's in the order of keys or rows.

        Raises:
            InvalidSpec: a line that stands for nothing, rows that can't be read, with all their problems.
            ForbiddenUri, ImageNotFound, Unreachable, StorageUnavailable: a place can't be listed or read.

        """
        problems = Problems(source="the images")
        for image in self._spec.images:  # written names first: no listed image may take one
            if image.kind == "image" and image.name:
                self._names.take("name", image.name)
        written = iter(zip(self._spec.images, image_names(self._spec.images), strict=True))
        for k, (image, name) in enumerate(written):
            if image.kind == "image":
                yield image if image.name else replace(image, name=self._names.free(name, image.uri))
                continue
            count = 0
            found = self._matching(image) if image.kind == "pattern" else _at_once(self._pinned, self._rows(image))
            for one in found:
                count += 1
                yield one
            if not count:
                remedy = "Check the place, and the pattern or the pictures' suffixes"
                remedy += "; a bracket in a name is written [[]" if "[" in image.uri else ""
                problems.add(("images", k), "stands for no image at all", value=image.uri, remedy=remedy)
        problems.raise_any()

    def _matching(self, source: ImageSpec) -> Iterator[ImageSpec]:
        pattern = Pattern.of(source.uri)
        self._reading.check(folder_of(pattern.base))
        listed = self._listed(pattern, source)
        yield from _at_once(lambda one: self._with_sidecar(one, source.sidecar), listed) if source.sidecar else listed

    def _listed(self, pattern: Pattern, source: ImageSpec) -> Iterator[ImageSpec]:
        for found in self._storage.list(pattern.base):
            if not pattern.matches(found.uri):
                self.passed_over += 1
                continue
            name = self._names.free(pattern.name(found.uri), found.uri)
            yield ImageSpec(found.uri, name, source.settings, size=found.size, etag=found.etag)

    def _with_sidecar(self, image: ImageSpec, name: str) -> ImageSpec:
        stem, dot, _ = image.uri.rpartition(".")
        problems = Problems(source=image.uri)
        try:
            data = self._storage.read(f"{stem if dot else image.uri}.txt", limit=MAX_TEXT_BYTES)
        except ImageNotFound:
            made = image
        else:
            setting = sidecar_setting(problems, name, data)
            made = replace(image, settings={**image.settings, name: setting} if setting is not None else image.settings)
        checks = ImageChecks(problems, self._spec, self._name_uses)
        checks.missing(made, ())
        problems.raise_any()
        return made

    def _pinned(self, image: ImageSpec) -> ImageSpec:
        """The image with its size and etag, where it lies in a store."""
        found = self._reading.stat(image.uri)
        return image if found is None else replace(image, size=found.size, etag=found.etag)

    def _rows(self, source: ImageSpec) -> Iterator[ImageSpec]:
        form: RowsFormat = table_format(source.uri)
        lines: dict[Path, int] = {}
        problems = Problems(source=source.uri, lines=lines.get)
        checks = ImageChecks(problems, self._spec, self._name_uses)
        data, pin = self._reading.table(source.uri)
        self.tables.append(pin)
        text = decoded_table(data, source.uri)
        for line, row in read_rows(text, source.uri, form):
            lines.clear()
            lines["row",] = line
            image = read_image(problems, row_image(row), ("row",))
            if image is not None:
                yield from self._row(literal(image), source, problems, checks)
            if problems.full:
                break
        problems.raise_any()

    def _row(self, image: ImageSpec, source: ImageSpec, problems: Problems, checks: ImageChecks) -> Iterator[ImageSpec]:
        settings: dict[str, FieldValue] = {**source.settings, **image.settings}
        if image.kind != "image" or not has_scheme(image.uri):
            remedy = "Name each by a URI: s3://…, https://…"
            problems.add(
                ("row",), "a table's rows name single images that are read here", value=image.uri, remedy=remedy
            )
            return
        if str(settings.get("model", "")) not in self._models | {""}:
            remedy = "Name every model of a table in the manifest, too: model: [a, b]"
            problems.add(("row",), "its model is not one of the manifest's", value=settings["model"], remedy=remedy)
            return
        style = settings.get("style_preset", "")
        if plain(str(style)) not in NONE | self._spec.presets.keys():
            remedy = remedy_for(str(style), self._spec.presets)
            problems.add(("row", "style_preset"), "is no style preset", value=style, remedy=remedy)
            return
        if image.custom_id and not self._names.take("custom", image.custom_id):
            problems.add(("row", "custom_id"), "an earlier row has this custom_id", value=image.custom_id)
        name = image.name or next(iter(image_names((image,))))
        if image.name and not self._names.take("name", name):
            problems.add(("row", "id"), "an earlier image has this name", value=name, remedy="Choose another one")
        made = replace(image, settings=settings, name=name if image.name else self._names.free(name, image.uri))
        checks.joint(made, ("row",))
        checks.missing(made, ("row",))
        if not problems.found:
            checks.misspelt(made, ("row",))
        if not problems.found:
            yield made


def _at_once(act: Callable[[ImageSpec], ImageSpec], images: Iterator[ImageSpec]) -> Iterator[ImageSpec]:
    """What `act` makes of each, in order, a few round trips at a time."""
    waiting: deque[Future[ImageSpec]] = deque()
    with ThreadPoolExecutor(READERS, thread_name_prefix="sources") as pool:
        for image in images:
            waiting.append(pool.submit(act, image))
            if len(waiting) > 2 * READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
