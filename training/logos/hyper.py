"""Hyper-parameters: one frozen dataclass per model, overridden from the command line as NAME=VALUE."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from monitor.errors import SetupError

_Hyper = TypeVar("_Hyper")


def overridden(hyper: _Hyper, changes: Sequence[str]) -> _Hyper:
    """`hyper` with NAME=VALUE changes; a value is read as the type of the one it replaces.

    Raises `SetupError` for an unknown name or an unreadable value.
    """
    known = {field.name: getattr(hyper, field.name) for field in dataclasses.fields(hyper)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or name not in known:
            raise SetupError(f"--set {change}: write NAME=VALUE with one of {', '.join(known)}")
        try:
            values[name] = type(known[name])(text)
        except ValueError as error:
            raise SetupError(f"--set {change}: {text!r} is no {type(known[name]).__name__}") from error
    return dataclasses.replace(hyper, **values)  # type: ignore[type-var]
