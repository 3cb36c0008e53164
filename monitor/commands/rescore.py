"""`brand-monitor rescore`: the present sentiment model asked about texts that are stored already."""

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer

from monitor.commands import moments
from monitor.commands.output import as_json, table
from monitor.commands.terminal import say
from monitor.commands.walking import go_over
from monitor.messages import Verdict
from monitor.settings import load_settings

if TYPE_CHECKING:
    from monitor.rescore import Done, Moves

_UNSCORED: Final = "unscored"


def rescore(
    since: Annotated[
        str,
        typer.Option(metavar="30d|DAY|MOMENT", help="Texts published since then (UTC)."),
    ],
    until: Annotated[str | None, typer.Option(metavar="DAY|MOMENT", help="Only until then.")] = None,
    brand: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only texts that count for it; may be repeated."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Sentiment model: a folder; default MONITOR_SENTIMENT_MODEL."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also texts that the present model has scored already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, say what would change: it costs as much.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score stored texts with the present sentiment model, as a worker would today; figures follow.

    After a change of model (docs/operations.md). Corrections stay. What the model has scored already is
    passed over: safe to repeat, to break off and beside running workers.
    """
    from monitor.brand_matcher import BrandMatcher
    from monitor.brands import load_brands
    from monitor.reports.preview import EVER
    from monitor.rescore import Done, Rescore
    from monitor.sentiment import load_scorer
    from monitor.storage.engine import sync_engine

    first = moments.since(since)
    last = moments.end_of(until, UTC) if until else EVER.until
    settings = load_settings(sentiment_model=model)
    matcher = BrandMatcher(load_brands(settings.brands_file))
    scorer = load_scorer(
        settings.models_dir / settings.sentiment_model,
        settings.device,
        settings.inference_threads,
        settings.sentiment_min_confidence,
    )
    engine = sync_engine(settings)
    try:
        run = Rescore(engine, scorer, matcher, settings, brand or (), again=again)
        steps = run.run(first, last, dry=dry_run)
        done = go_over("scoring texts", run.how_many(first, last), steps, dry_run=dry_run) or Done()
    finally:
        engine.dispose()
    _tell(done, scorer.manifest.identity, dry_run=dry_run, json=json)


def _tell(done: "Done", model: str, *, dry_run: bool, json: bool) -> None:
    if json:
        told: dict[str, Any] = {
            "dry_run": dry_run,
            "model_version": model,
            "scored": done.scored,
            "failed": done.failed,
            "whole": _listed(done.whole),
            "toward_brands": _listed(done.toward),
        }
        as_json(told)
        return
    for what, moves in (("the whole text", done.whole), ("toward a brand", done.toward)):
        if moves:
            _show(what, moves)
    would = "would be " if dry_run else ""
    typer.echo(
        f"{done.scored:,} texts {would}scored by {model}; "
        f"{would}changed: {_changed(done.whole):,} verdicts on the whole text, "
        f"{_changed(done.toward):,} toward a brand"
    )
    if done.failed:
        say(f"the model failed on {done.failed:,} texts, which keep what they have")


def _show(what: str, moves: "Moves") -> None:
    """A row for each label before, a column for each label now."""
    labels = [label for label in (*get_args(Verdict), None) if any(label in move for move in moves)]
    rows = [
        (f"{before or _UNSCORED} before", *(f"{moves[before, now]:,}" for now in labels)) for before in labels
    ]
    table((what, *(f"{now or _UNSCORED} now" for now in labels)), rows)


def _listed(moves: "Moves") -> list[dict[str, Any]]:
    return [{"before": before, "now": now, "verdicts": n} for (before, now), n in moves.most_common()]


def _changed(moves: "Moves") -> int:
    return sum(n for (before, now), n in moves.items() if before != now)
