"""The model table: what makes a model known, to the doors that refuse unknown names and to the workers that load them.

One TOML file (`models.toml` beside this module ships; `PENTIMENTO_MODELS_FILE` names another). Row counts are pinned
in it, because a row's last bits depend on the batch size: nothing may change them at run time.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from jobs.errors import InvalidSpec, Problem, UnknownModel
from jobs.model_entry import Defaults, LoraEntry, Model
from jobs.variant import Scalar

__all__ = ["SHIPPED", "Defaults", "LoraEntry", "Model", "ModelTable"]

SHIPPED = Path(__file__).with_name("models.toml")
Entry = TypeVar("Entry", Model, LoraEntry)


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The models by alias, the alias that a spec without one gets, and the file that said so."""

    models: Mapping[str, Model]
    default: str
    path: Path
    loras: Mapping[str, LoraEntry] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> "ModelTable":
        """Read the table at `path`, or the one that ships.

        Raises:
            InvalidSpec: the file is missing or wrong; every problem at once.

        """
        path = path or SHIPPED
        text = _read(path)
        try:
            return cls._check(tomllib.loads(text), path)
        except tomllib.TOMLDecodeError as error:
            raise InvalidSpec([Problem("file", f"is not TOML: {error}")], source=str(path)) from error

    @classmethod
    def _check(cls, written: Mapping[str, object], path: Path) -> "ModelTable":
        problems = [
            Problem(key, "unknown key", remedy="The table has `default`, `[models.<alias>]` and `[loras.<name>]`.")
            for key in written
            if key not in {"default", "models", "loras"}
        ]
        models = _entries(Model, "alias", "models", written, problems)
        loras = _entries(LoraEntry, "name", "loras", written, problems)
        problems += _doubles(models)
        problems += [
            Problem(f"loras.{name}.models", "is no model of this table", value=alias)
            for name, lora in loras.items()
            for alias in lora.models
            if alias not in models and not problems
        ]
        default = written.get("default", next(iter(models), ""))
        if not models and not problems:
            problems.append(Problem("models", "there is none", remedy="Add a [models.<alias>] section."))
        elif default not in models and not problems:
            problems.append(Problem("default", "is no model of this table", value=str(default)))
        if problems:
            raise InvalidSpec(problems, source=str(path))
        return cls(models=models, default=str(default), path=path, loras=loras)

    def resolve(self, name: str) -> Model:
        """The model of that alias or further alias.

        Raises:
            UnknownModel: there is none; the message names the nearest.

        """
        if name in self.models:
            return self.models[name]
        for model in self.models.values():
            if name in model.aliases:
                return model
        names = [*self.models, *(alias for model in self.models.values() for alias in model.aliases)]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        message = f"model: {name[:100]!r} is not in the model table{hint}"
        raise UnknownModel(message, remedy=f"The table has {', '.join(self.models)}; `pentimento models` shows it.")

    def suits(self, name: str) -> Mapping[str, Scalar]:
        """What the table says that a job of this model gets where it doesn't say otherwise, by field.

        Raises:
            UnknownModel: there is none.

        """
        defaults = self.resolve(name).defaults
        return {field: getattr(defaults, field) for field in defaults.model_fields_set}

    def lora(self, name: str) -> LoraEntry:
        """The LoRA of that name.

        Raises:
            UnknownModel: there is none; the message names the nearest.

        """
        if name in self.loras:
            return self.loras[name]
        near = difflib.get_close_matches(name, self.loras, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        message = f"loras: {name[:100]!r} is not in the model table{hint}"
        raise UnknownModel(message, remedy=f"The table has {', '.join(self.loras) or 'no LoRAs'}.")


def _entries(
    kind: type[Entry], key: str, section: str, written: Mapping[str, object], problems: list[Problem]
) -> dict[str, Entry]:
    """The entries of a section by name; what is wrong with the others is added to `problems`."""
    said = written.get(section, {})
    found: dict[str, Entry] = {}
    for name, entry in said.items() if isinstance(said, dict) else ():
        try:
            found[name] = kind.model_validate({key: name, **entry} if isinstance(entry, dict) else entry)
        except ValidationError as error:
            problems += _problems(f"{section}.{name}", error)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            "models_file", f"can't be read: {error}", value=str(path), remedy="PENTIMENTO_MODELS_FILE names it."
        )
        raise InvalidSpec([problem], source="the model table") from error


def _problems(place: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(
            ".".join((place, *map(str, fault["loc"]))),
            fault["msg"].removeprefix("Value error, "),
            value="" if isinstance(fault["input"], dict) else str(fault["input"])[:200],
        )
        for fault in error.errors(include_url=False)
    ]


def _doubles(models: Mapping[str, Model]) -> list[Problem]:
    owners: dict[str, str] = {}
    return [
        Problem(f"models.{alias}", f"the name {name!r} is taken by models.{owners[name]}")
        for alias, model in models.items()
        for name in (alias, *model.aliases)
        if owners.setdefault(name, alias) != alias
    ]
