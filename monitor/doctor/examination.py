"""Runs every examination; one that fails never keeps the others from being made."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from monitor.errors import DataError, OutageError, SetupError
from monitor.settings import Settings


class Verdict(StrEnum):
    """How an examination ended."""

    OK = "ok"
    NOTE = "note"
    """Works; worth knowing."""
    PROBLEM = "problem"
    """Something will fail, or silently run differently from what was asked for."""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and for a problem what to do about it."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str = ""


def ok(subject: str, found: str) -> Examination:
    """All is well."""
    return Examination(subject=subject, verdict=Verdict.OK, found=found)


def note(subject: str, found: str, remedy: str = "") -> Examination:
    """All works, but the reader should know."""
    return Examination(subject=subject, verdict=Verdict.NOTE, found=found, remedy=remedy)


def problem(subject: str, found: str, remedy: str) -> Examination:
    """Something to mend."""
    return Examination(subject=subject, verdict=Verdict.PROBLEM, found=found, remedy=remedy)


def examine(settings: Settings) -> Iterator[Examination]:
    """Everything, in the order a person would mend it. Blocks up to a few seconds per server that is away."""
    from monitor.doctor import installation, models, servers

    steps: tuple[tuple[str, Callable[[Settings], Iterable[Examination]]], ...] = (
        ("versions", installation.versions),
        ("wheels", installation.wheels),
        ("codecs", installation.codecs),
        ("settings", installation.variables),
        ("GPU driver", installation.driver),
        ("ONNX Runtime", models.providers),
        ("sentiment model", models.sentiment),
        ("logo model", models.logos),
        ("embedder", models.embedder),
        ("letters in pictures", models.letters),
        ("brands", models.brands),
        ("broker", servers.broker),
        ("database", servers.database),
        ("picture store", servers.picture_store),
    )
    for subject, step in steps:
        try:
            yield from step(settings)
        except (SetupError, OutageError, DataError) as error:
            # Our errors read `what is wrong; what to do`.
            found, _, remedy = str(error).partition("; ")
            yield problem(subject, found, remedy or "see docs/operations.md")
        except Exception as error:
            yield problem(subject, f"the examination itself failed: {error!r}", "report this as a bug")
