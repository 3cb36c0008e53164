"""The kinds of sources that sources.toml may name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from monitor.sources.bluesky import Bluesky, BlueskyOptions
from monitor.sources.context import Context
from monitor.sources.folder import Folder, FolderOptions
from monitor.sources.gdelt import Gdelt, GdeltOptions
from monitor.sources.hackernews import HackerNews, HackerNewsOptions
from monitor.sources.interface import Source
from monitor.sources.mastodon import Mastodon, MastodonOptions
from monitor.sources.options import Options
from monitor.sources.receiver_options import ReceiverOptions
from monitor.sources.reddit import Reddit, RedditOptions
from monitor.sources.rss import Rss, RssOptions


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source: what its entries may say, and what makes the source of one.

    `build` takes the entry's name, its options (of the type `options`) and the context; raises `SetupError`.
    None: nothing is asked, publishers send (`monitor.sources.receiver`).
    """

    options: type[Options]
    build: Callable[[str, Any, Context], Source] | None


KINDS: Final[dict[str, Kind]] = {
    "bluesky": Kind(BlueskyOptions, Bluesky),
    "folder": Kind(FolderOptions, Folder),
    "gdelt": Kind(GdeltOptions, Gdelt),
    "hackernews": Kind(HackerNewsOptions, HackerNews),
    "http": Kind(ReceiverOptions, None),
    "mastodon": Kind(MastodonOptions, Mastodon),
    "reddit": Kind(RedditOptions, Reddit),
    "rss": Kind(RssOptions, Rss),
}
"""By the name that stands in sources.toml."""
