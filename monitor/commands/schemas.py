"""`brand-monitor schemas`: JSON Schema files of the wire contracts, generated from the structs themselves."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from monitor.errors import SetupError
from monitor.messages import Alert, DeadLetter, Deleted, Deletion, Finding, ImageMention, TextMention

CONTRACTS: Final[dict[str, type[msgspec.Struct]]] = {
    "text-mention": TextMention,
    "image-mention": ImageMention,
    "deletion": Deletion,
    "finding": Finding,
    "deleted": Deleted,
    "alert": Alert,
    "dead-letter": DeadLetter,
}
"""File name without suffix -> struct; examples/ has messages whose names begin with it."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(contract: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of one struct, self-contained."""
    schema = {"$schema": _DIALECT, **msgspec.json.schema(contract)}
    for part in schema["$defs"].values():
        part["description"] = inspect.cleandoc(part["description"])  # Python 3.13 does it, 3.11 does not
    return schema


def rendered(contract: type[msgspec.Struct]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(contract), indent=2, ensure_ascii=False) + "\n"


def schemas(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write one file per message; else print all."),
    ] = None,
) -> None:
    """Print or write the JSON Schemas of the messages, for programs that publish or follow them."""
    if output is None:
        typer.echo(json.dumps({name: schema_of(contract) for name, contract in CONTRACTS.items()}, indent=2))
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, contract in CONTRACTS.items():
            (output / f"{name}.json").write_text(rendered(contract), "utf-8")
    except OSError as error:
        raise SetupError(f"cannot write {output}: {error.strerror}") from error
