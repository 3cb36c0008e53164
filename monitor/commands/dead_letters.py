"""`brand-monitor dead-letters`: what could not be processed, why, and how to send it again."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from monitor.commands.output import as_json, table
from monitor.commands.preview import printable, value_preview
from monitor.commands.terminal import run, say
from monitor.errors import ErrorCode, OutageError, SetupError
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from monitor.storage.deletion import LetterPlace
    from monitor.stream.dead_letters import FiledLetter, LetterPosition

app = typer.Typer(no_args_is_help=True, help="Messages that could not be processed: list, show, replay.")

_KEY_CHARS: Final = 40
"""Characters of a key in the list; `show` has all of it."""

_Code = Annotated[
    ErrorCode | None, typer.Option(metavar="CODE", help="Only letters with this code (docs/messages.md).")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_letters(
    code: _Code = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    json: _Json = False,
) -> None:
    """List dead letters, oldest first: position, code, where from, when, size, why."""
    from monitor.stream.dead_letters import read_dead_letters

    settings = load_settings()
    found = run(read_dead_letters(settings, code=code))
    _say_what_is_not_here(settings, found, code)
    letters = found[-limit:]
    if json:
        as_json([_as_data(filed) for filed in letters])
        return
    table(
        ("position", "code", "from", "failed at", "key", "bytes", "detail"),
        (
            (
                str(filed.position),
                filed.letter.error_code,
                f"{filed.letter.source_topic}[{filed.letter.source_partition}]@{filed.letter.source_offset}",
                filed.letter.failed_at.isoformat(timespec="seconds"),
                "" if filed.letter.key is None else printable(filed.letter.key, _KEY_CHARS),
                f"{len(filed.letter.value):,}"
                + (f" of {filed.value_bytes:,}" if filed.value_bytes is not None else ""),
                filed.letter.error_detail,
            )
            for filed in letters
        ),
    )


@app.command()
def show(
    position: Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="As `list` shows it.")],
    json: _Json = False,
    raw: Annotated[bool, typer.Option("--raw", help="Write the value's bytes to stdout, unchanged.")] = False,
) -> None:
    """Show one dead letter: why, headers, and a preview of the value that is safe for a terminal."""
    filed = _find(load_settings(), _position(position))
    letter = filed.letter
    if filed.value_bytes is not None:
        say(
            f"cut to {len(letter.value):,} of {filed.value_bytes:,} bytes, as the topic took no more, "
            "and so may be key and headers; `replay` sends the original from where it lies"
        )
    if raw:
        sys.stdout.buffer.write(letter.value)
        return
    if json:
        as_json(_as_data(filed))
        return
    lines = {
        "error-code": letter.error_code,
        "error-detail": letter.error_detail,
        "source": f"{letter.source_topic}[{letter.source_partition}]@{letter.source_offset}",
        "failed-at": letter.failed_at.isoformat(),
        "key": "none" if letter.key is None else printable(letter.key),
        **{f"header {name}": printable(value) for name, value in letter.headers},
        "value": value_preview(letter.value),
    }
    for name, value in lines.items():
        typer.echo(f"{printable(name.encode()):14} {value}")


@app.command()
def replay(
    positions: Annotated[
        list[str] | None, typer.Argument(metavar="PARTITION:OFFSET...", help="As `list` shows them.")
    ] = None,
    code: _Code = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
) -> None:
    """Publish dead letters again as they were, after what was wrong has been mended.

    Replaying twice doubles no mention, and one that was deleted since does not come back. The letters stay
    where they are: a topic cannot be cleared one by one.
    """
    from monitor.storage.deletion import deleted_since
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.stream.dead_letters import replay as replay_letters

    if sum((bool(positions), code is not None, everything)) != 1:
        raise typer.BadParameter("name either positions, or --code, or --all")
    chosen = [_position(text) for text in positions] if positions else None
    settings = load_settings()
    engine = sync_engine(settings)

    def gone(rejected: "Mapping[LetterPlace, UUID]") -> "Collection[LetterPlace]":
        with translated(), engine.connect() as connection:
            return deleted_since(connection, rejected)

    try:
        replayed = run(replay_letters(settings, chosen, code=code, deleted_since=gone))
    finally:
        engine.dispose()
    say(f"{replayed.sent:,} dead letters published again")
    for reason in replayed.left_out:
        say(f"left out: {reason}")


def _say_what_is_not_here(settings: Settings, found: "Sequence[FiledLetter]", code: ErrorCode | None) -> None:
    """The topic forgets after its retention and takes no letter over its limit; the table has both."""
    from monitor.reports.letters import unposted
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated

    letters = (filed.letter for filed in found)
    places = [(letter.source_topic, letter.source_partition, letter.source_offset) for letter in letters]
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            more = unposted(connection, places, code)
    except (OutageError, SetupError) as error:
        say(f"whether the table dead_letter has more is unknown: {error}")
        return
    finally:
        engine.dispose()
    if more:
        say(
            f"the table dead_letter has {more:,} more, with reason, place and first bytes: "
            "the topic no longer holds their letters, or was too small for them"
        )


def _position(text: str) -> "LetterPosition":
    from monitor.stream.dead_letters import LetterPosition

    partition, colon, offset = text.partition(":")
    if not (colon and partition.isdecimal() and offset.isdecimal()):
        raise typer.BadParameter(
            f"{text!r} is no position; write PARTITION:OFFSET as `dead-letters list` does"
        )
    return LetterPosition(int(partition), int(offset))


def _find(settings: Settings, position: "LetterPosition") -> "FiledLetter":
    from monitor.stream.dead_letters import read_dead_letters

    for filed in run(read_dead_letters(settings)):
        if filed.position == position:
            return filed
    raise SetupError(f"no dead letter at {position}; `brand-monitor dead-letters list` shows the positions")


def _as_data(filed: "FiledLetter") -> dict[str, Any]:
    """The letter as docs/schemas/dead-letter.json has it, its position, and of a cut one the whole size."""
    import msgspec

    cut = {} if filed.value_bytes is None else {"value_bytes": filed.value_bytes}
    return {"position": str(filed.position), **cut, **msgspec.to_builtins(filed.letter)}
