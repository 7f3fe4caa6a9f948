"""A document as YAML text, for people who edit it: what `parse_manifest` reads as the same spec again."""

import io

from ruamel.yaml import YAML

_WIDTH = 100


def yaml_text(document: object) -> str:
    """Block style, keys in their order; plain data only (mappings, lists, texts, numbers, truth values, null)."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = _WIDTH
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel types it by what it begins as
    file = io.StringIO()
    writer.dump(document, file)
    return file.getvalue()
