"""`brand-monitor publish`: puts texts and pictures from files or standard input on the topics."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.files import From, file_or_input, open_input, pictures_of
from monitor.commands.moments import moment
from monitor.commands.terminal import say
from monitor.files.interface import AUTO
from monitor.messages import JSON, MSGPACK
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.files.interface import LeftOut
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
        str,
        typer.Argument(
            metavar="FILE|-",
            help="JSON lines, JSON, CSV, XLSX or Parquet, also .gz and .zst; - reads from stdin.",
        ),
    ],
    form: From = AUTO,
    source: Annotated[str, typer.Option(help="`source` of lines that name none.")] = "upload",
    published_at: _PublishedAt = None,
    content_type: _ContentType = ContentType.JSON,
    raw: Annotated[
        bool, typer.Option("--raw", help="Send each line as it is, unchecked: bad ones become dead letters.")
    ] = False,
) -> None:
    """Publish texts.

    A line needs `text`; `id` is derived from source, text and the line's published_at where it is missing.
    Columns called otherwise are used where their names leave no doubt, and told; `brand-monitor import` asks.
    Bad lines are reported with number and reason, the rest is published, and the exit code is 1.
    """
    from monitor.files.reading import Wishes, read_texts
    from monitor.publishing import Defaults, read_raw_texts

    settings = load_settings()
    defaults = Defaults(source=source, published_at=published_at, content_type=content_type.media_type)
    if raw:
        with open_input(file) as stream:
            _publish(settings, read_raw_texts(stream, content_type.media_type), "texts")
        return
    lines = read_texts(
        file_or_input(file),
        defaults,
        max_chars=settings.text_max_chars,
        wishes=Wishes(form=form),
        told=say,
    )
    _publish(settings, lines, "texts")


@app.command()
def images(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...|-",
            help="Pictures, folders, lists (tables or JSON with `file`); - reads paths from stdin.",
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
    from monitor.files.pictures import read_images
    from monitor.publishing import Defaults

    defaults = Defaults(source=source, published_at=published_at, content_type=content_type.media_type)
    _publish(load_settings(), read_images(pictures_of(paths), defaults, told=say), "pictures")


class Deleted(StrEnum):
    """What of a post is deleted."""

    BOTH = "both"
    TEXT = "text"
    IMAGE = "image"


@app.command()
def deletions(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="A table or JSON with `id`; - reads from stdin."),
    ] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="A post to delete; may be repeated.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="`source` of posts whose row names none.")] = None,
    deleted_at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="MOMENT", help="For rows without `deleted_at`. Default: now."),
    ] = None,
    kind: Annotated[
        Deleted, typer.Option(help="Delete the post's text, its picture, or both.")
    ] = Deleted.BOTH,
) -> None:
    """Publish that posts were taken down: workers delete the mentions with all that hangs on them.

    A post is named by id and source. Publishing it again brings it back. `brand-monitor forget` deletes by
    author, too, and without Kafka.
    """
    from datetime import UTC

    from monitor.files.deletions import KINDS, Post, read_deletions
    from monitor.files.deletions import deletions as deletions_of
    from monitor.privacy import Privacy
    from monitor.publishing import Outgoing, Refused

    if (file is None) == (not ids):
        raise typer.BadParameter("give a file, or posts by --id, and not both")
    kinds = tuple(each for each in KINDS if kind.value in (each, Deleted.BOTH))
    settings = load_settings()
    at = deleted_at or datetime.now(UTC)
    defaults = Post(source=source, deleted_at=at, kinds=kinds, ids=Privacy(settings).ids)
    if file is not None:
        records: Iterable[Outgoing | Refused] = read_deletions(file_or_input(file), defaults)
    else:
        records = (each for id in ids or () for each in deletions_of(f"--id {id}", {"id": id}, defaults))
    posts: set[str] = set()

    def noted() -> Iterator[Outgoing | Refused]:
        for record in records:
            if isinstance(record, Outgoing):
                posts.add(record.where)
            yield record

    _publish(settings, noted(), "deletions", lambda _: len(posts))


def _publish(
    settings: Settings,
    records: Iterable["Outgoing | Refused | LeftOut"],
    what: str,
    count: Callable[[int], int] = lambda sent: sent,
) -> None:
    """`count`: how many of `what` so many records are."""
    from monitor.commands.sending import Refusals, send

    refusals = Refusals()
    sent = count(send(settings, records, what, refusals))
    say(f"{sent:,} {what.removesuffix('s') if sent == 1 else what} published, {refusals.said()}")
    if refusals.any:
        raise typer.Exit(1)
