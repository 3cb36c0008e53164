"""`brand-monitor query`: what a query finds and would change; brands.toml applied to what is stored."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from monitor.commands import moments
from monitor.commands.output import as_json, table
from monitor.commands.preview import printable
from monitor.commands.terminal import say
from monitor.commands.walking import go_over
from monitor.errors import SetupError
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.backfill import Done
    from monitor.brands import Brands
    from monitor.queries import Query
    from monitor.reports.preview import Effect, Example, Preview

_LONGEST: Final = 160
"""Characters of an example's text."""


def query(
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="As in brands.toml; without, that of --brand.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="30d|DAY|MOMENT", help="Only mentions published since then (UTC)."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY|MOMENT", help="With --backfill: only until then.")
    ] = None,
    brand: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Say what the query would change for it; with --backfill: only it; may be repeated.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Look at the newest N mentions at most.")] = 100_000,
    examples: Annotated[int, typer.Option(min=0, help="Mentions shown of each kind.")] = 5,
    backfill: Annotated[
        bool,
        typer.Option(
            "--backfill", help="Apply brands.toml, spellings and queries, to what is stored already."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --backfill: change nothing, say what would change.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try a query on the stored mentions: its canonical form, what it is true of, the newest examples.

    With --brand also what it would change for the brand. With --backfill the present brands.toml is applied
    to what is stored (docs/operations.md): safe to repeat and beside running workers.
    """
    from monitor.brands import load_brands

    settings = load_settings()
    names = brand or []
    first = None if since is None else moments.since(since)
    brands = load_brands(settings.brands_file)
    _refuse_unknown(names, brands)
    if backfill:
        if query is not None:
            raise typer.BadParameter(
                "--backfill applies the queries of brands.toml; write it there", param_hint="QUERY"
            )
        _backfill(settings, brands, names, first, until, dry_run=dry_run, json=json)
        return
    if until is not None or dry_run:
        raise typer.BadParameter("only with --backfill", param_hint="--until" if until else "--dry-run")
    if len(names) > 1:
        raise typer.BadParameter("one at a time, without --backfill", param_hint="--brand")
    name = names[0] if names else None
    told, effect = _preview(settings, _query(query, name, brands), first, limit, examples, name)
    if json:
        as_json({"preview": told, "effect": effect})
    else:
        _print(told, effect)


def _refuse_unknown(names: "Iterable[str]", brands: "Brands") -> None:
    unknown = sorted(set(names) - {brand.name for brand in brands})
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: not in brands.toml; `brand-monitor brands list` has the names",
            param_hint="--brand",
        )


def _query(given: str | None, name: str | None, brands: "Brands") -> "Query":
    """Raises `SetupError` for one that cannot be used."""
    from monitor.queries import QueryError, parse

    written = given if given is not None or name is None else brands.named(name).query
    if written is None:
        raise typer.BadParameter(
            f"{name!r} has no query in brands.toml; write the one to try" if name else "write one",
            param_hint="QUERY",
        )
    try:
        return parse(written)
    except QueryError as error:
        raise SetupError(f"the query cannot be used: {error}\n{error.excerpt}") from error


def _preview(
    settings: Settings,
    query: "Query",
    since: datetime | None,
    most: int,
    examples: int,
    brand: str | None,
) -> "tuple[Preview, Effect | None]":
    from monitor.reports.preview import EVER, preview
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.schema import check_revision

    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            check_revision(connection)
            return preview(
                connection, query, since=since or EVER.since, most=most, examples=examples, brand=brand
            )
    finally:
        engine.dispose()


def _print(told: "Preview", effect: "Effect | None") -> None:
    typer.echo(told.query)
    back = "" if told.back_to is None else f", back to {told.back_to.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    typer.echo(f"\ntrue of {told.matches:,} of {told.looked_at:,} mentions looked at{back}")
    show(told.examples)
    if effect is None:
        return
    typer.echo(
        f"\n{effect.brand}: {effect.counted:,} of them count now, {effect.would_count:,} would: "
        f"{effect.gained:,} gained, {effect.dropped:,} dropped"
    )
    for what, some in (("gained", effect.gained_examples), ("dropped", effect.dropped_examples)):
        if some:
            typer.echo(f"\n{what}:")
            show(some)


def show(examples: "Iterable[Example]") -> None:
    """A line for each mention; what strangers wrote cannot act on the terminal."""
    for each in examples:
        said = printable((each.text or "").encode(), _LONGEST) if each.text else "(picture without words)"
        who = f"{each.source}, {each.author}" if each.author else each.source
        when = f"{each.published_at.astimezone(UTC):%Y-%m-%d}"
        typer.echo(f"  {when} {printable(who.encode(), _LONGEST)}: {said}")


def _backfill(
    settings: Settings,
    brands: "Brands",
    names: list[str],
    since: datetime | None,
    until: str | None,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    from monitor.backfill import Backfill, Done
    from monitor.reports.preview import EVER
    from monitor.storage.engine import sync_engine

    first = since or EVER.since
    last = moments.end_of(until, UTC) if until else EVER.until
    engine = sync_engine(settings)
    try:
        run = Backfill(engine, brands, settings, names)
        steps = run.run(first, last, dry=dry_run)
        done = go_over("looking at mentions", run.how_many(first, last), steps, dry_run=dry_run) or Done()
    finally:
        engine.dispose()
    _tell(done, dry_run=dry_run, json=json)


def _tell(done: "Done", *, dry_run: bool, json: bool) -> None:
    changed = sorted({*done.gained, *done.dropped})
    if json:
        told: dict[str, Any] = {
            "dry_run": dry_run,
            "looked_at": done.looked_at,
            "changed": done.changed,
            "read": done.read,
            "left_alone": done.left_alone,
            "brands": {
                name: {"gained": done.gained[name], "dropped": done.dropped[name]} for name in changed
            },
        }
        as_json(told)
        return
    if changed:
        rows = [(name, f"{done.gained[name]:,}", f"{done.dropped[name]:,}") for name in changed]
        table(("brand", "gained", "dropped"), rows)
    would = "would be " if dry_run else ""
    typer.echo(
        f"{done.looked_at:,} mentions looked at, {done.changed:,} {would}changed, "
        f"{done.read:,} {would}read for the first time"
    )
    if done.left_alone:
        say(f"{done.left_alone:,} name more brands than MONITOR_TEXT_MAX_BRANDS and keep what they have")
