"""`brand-monitor publish`: puts texts and pictures from files or standard input on the topics."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.files import open_input, pictures_of
from monitor.commands.moments import moment
from monitor.commands.terminal import progress, run, say
from monitor.messages import JSON, MSGPACK
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.publishing import Outgoing, Refused

app = typer.Typer(
    no_args_is_help=True, help="Put texts and pictures on the topics; publishing twice doubles nothing."
)


class ContentType(StrEnum):
    """How records are encoded on the wire."""

    JSON = "json"
    MSGPACK = "msgpack"

    @property
    def media_type(self) -> str:
        """What the header `content-type` says."""
        return JSON if self is ContentType.JSON else MSGPACK


_ContentType = Annotated[ContentType, typer.Option(help="Encoding of the records on the topic.")]
_PublishedAt = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="MOMENT",
        help="For inputs without `published_at`: RFC 3339 with zone. Default: when a picture was taken, "
        "else the file's modification time.",
    ),
]


@app.command()
def texts(
    file: Annotated[
        str, typer.Argument(metavar="FILE.jsonl|FILE.csv|-", help="- reads JSON lines from stdin.")
    ],
    source: Annotated[str, typer.Option(help="`source` of lines that name none.")] = "upload",
    published_at: _PublishedAt = None,
    content_type: _ContentType = ContentType.JSON,
    raw: Annotated[
        bool, typer.Option("--raw", help="Send each line as it is, unchecked: bad ones become dead letters.")
    ] = False,
) -> None:
    """Publish texts, one a line.

    A line needs `text`; `id` is derived from source, text and the line's published_at where it is missing.
    Bad lines are reported with number and reason, the rest is published, and the exit code is 1.
    """
    from monitor.publishing import Defaults, read_raw_texts, read_texts

    settings = load_settings()
    defaults = Defaults(source=source, published_at=published_at, content_type=content_type.media_type)
    path = None if file == "-" else Path(file)
    with open_input(file) as stream:
        if raw:
            _publish(settings, read_raw_texts(stream, content_type.media_type), "texts")
        else:
            _publish(settings, read_texts(stream, path, defaults, max_chars=settings.text_max_chars), "texts")


@app.command()
def images(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...|-",
            help="Pictures, folders, lists (.jsonl with `file`); - reads paths from stdin.",
        ),
    ],
    source: Annotated[str, typer.Option(help="`source` of pictures whose list names none.")] = "upload",
    published_at: _PublishedAt = None,
    content_type: _ContentType = ContentType.MSGPACK,
) -> None:
    """Publish pictures; the id is derived from source and bytes where a list gives none.

    Folders are read by content: JPEG, PNG and WebP under any name. A picture that EXIF dates was published
    when it was taken. Files that cannot be read, and pictures of other formats, are reported, the rest is
    published, and the exit code is 1.
    """
    from monitor.publishing import Defaults, read_images

    defaults = Defaults(source=source, published_at=published_at, content_type=content_type.media_type)
    _publish(load_settings(), read_images(pictures_of(paths), defaults), "pictures")


def _publish(settings: Settings, records: Iterable["Outgoing | Refused"], what: str) -> None:
    from monitor.publishing import Outgoing, Refused, publish

    with progress() as display:
        task = display.add_task(f"publishing {what}", total=None)

        def on_done(record: Outgoing | Refused) -> None:
            display.advance(task)
            if isinstance(record, Refused):
                say(f"{record.where}: {record.error}")

        outcome = run(publish(settings, records, on_done))
    say(f"{outcome.sent:,} {what} published, {len(outcome.refused):,} refused")
    if outcome.refused:
        raise typer.Exit(1)
