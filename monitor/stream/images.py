"""Pictures: decode safely, skip those these models and this gallery have seen, find the brands they show, put
the file in the picture store.

The store comes before the database: a row never names a picture that is not there. A picture stored without
its row (an outage between the two) is found again under the same SHA-256. One that went with its last mention
while it was on its way here is put again after its row was written.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import numpy as np
import structlog
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError
from monitor.logos import decode_picture
from monitor.logos.finder import Found, LogoFinder
from monitor.logos.likeness import Likeness, likeness
from monitor.messages import BrandMention, Detection, ImageMention, decode_image
from monitor.privacy import Privacy
from monitor.queries import Fields
from monitor.settings import Device, Settings
from monitor.storage.pictures import PictureStore
from monitor.storage.pruning import refuse_old
from monitor.storage.records import ImageResult, PictureRef
from monitor.stream.metrics import Metrics
from monitor.stream.naming import Naming
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import (
    KeptFrom,
    Outcome,
    Threads,
    everything_is_kept,
    score_each,
)
from monitor.texts import Reading, read

_log = structlog.get_logger(__name__)


class CurrentFinder(Protocol):
    """The finder with the gallery as it is now, as `GalleryFeed` has it."""

    @property
    def device(self) -> Device:
        """Where the model really runs."""

    def now(self) -> Awaitable[LogoFinder]:
        """Asked once a batch; waits for the database at most, raises nothing for one that is away."""


class KnownPictures(Protocol):
    """The database's memory of pictures, as `BatchWriter` has it."""

    def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> Awaitable[dict[str, tuple[Detection, ...]]]:
        """Detections of the pictures this model version has scored. Raises `OutageError`."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    mention: ImageMention
    """As it is stored."""
    author: str | None
    """As it was sent."""
    caption: Reading
    language: str
    sha256: str
    media_type: str
    pixels: NDArray[np.uint8]
    likeness: Likeness


_PUTS: Final = 8
"""Pictures put into the store side by side: over a network each is mostly waiting."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """What was found in a picture, and by which version: one of its own where the letters were not read."""

    detections: tuple[Detection, ...]
    model_version: str


_Scans = dict[str, _Scan | DataError]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A picture with what it shows, and what its caption names in the light of that."""

    entry: _Decoded
    scan: _Scan
    named: tuple[BrandMention, ...]


class ImageScoring:
    """Decodes and scores the records of `PREFIX.image`."""

    def __init__(
        self,
        finders: CurrentFinder,
        matcher: BrandMatcher,
        known: KnownPictures,
        store: PictureStore,
        retry: OutageRetry,
        settings: Settings,
        metrics: Metrics,
        kept_from: KeptFrom = everything_is_kept,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._finders = finders
        self._naming = Naming(matcher, settings)
        self._privacy = Privacy(settings)
        self._known = known
        self._store = store
        self._retry = retry
        self._metrics = metrics
        self._max_bytes = settings.image_max_bytes
        self._max_pixels = settings.image_max_pixels
        self._kept_from = kept_from
        self._now = now
        self._thread = Threads("logos", limit=settings.score_timeout)
        self._files = Threads("pictures", _PUTS)

    @property
    def device(self) -> Device:
        """Where the model really runs."""
        return self._finders.device

    @property
    def busy(self) -> bool:
        """See `Scoring.busy`."""
        return self._thread.busy or self._files.busy

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """See `Scoring.score`."""
        decoded = await self._thread(lambda: [self._decode(record) for record in records])
        pictures = {entry.sha256: entry for entry in decoded if isinstance(entry, _Decoded)}
        scans = await self._scan(await self._finders.now(), pictures)
        judged = await self._thread(lambda: [self._judge(entry, scans) for entry in decoded])
        sound = {one.entry.sha256: one.entry for one in judged if isinstance(one, _Judged)}
        urls = await self._keep(sound.values())
        return [self._outcome(record, one, urls) for record, one in zip(records, judged, strict=True)]

    def _decode(self, record: Record) -> _Decoded | DataError:
        try:
            sent = decode_image(record.value, record.content_type)
            refuse_old(sent.published_at, self._kept_from())
            picture = decode_picture(sent.image, max_bytes=self._max_bytes, max_pixels=self._max_pixels)
        except DataError as error:
            return error
        mention = self._kept(sent)
        caption = read(mention.caption or "")
        return _Decoded(
            mention=mention,
            author=sent.author,
            caption=caption,
            language=self._naming.language(caption, None),
            sha256=hashlib.sha256(mention.image).hexdigest(),
            media_type=picture.media_type,
            pixels=picture.pixels,
            likeness=likeness(picture.pixels),
        )

    def _kept(self, sent: ImageMention) -> ImageMention:
        author = self._privacy.author(sent.source, sent.author)
        url = self._privacy.address(sent.source, sent.url, sent.author)
        if sent.caption is None:
            return replace(sent, author=author, url=url)
        said = sent.caption
        caption = self._privacy.text(said, lambda: self._naming.language(read(said), None))
        return replace(sent, caption=caption, author=author, url=url)

    def _judge(self, entry: _Decoded | DataError, scans: _Scans) -> _Judged | DataError:
        """A brand's query may ask what the picture shows, so its caption is judged after the scan."""
        if isinstance(entry, DataError):
            return entry
        scan = scans[entry.sha256]
        if isinstance(scan, DataError):
            return scan
        fields = Fields.of(
            replace(entry.mention, author=entry.author),
            entry.language,
            (found.brand for found in scan.detections),
            known_as=self._privacy.pseudonyms,
        )
        try:
            return _Judged(entry, scan, self._naming.find(entry.caption, fields))
        except DataError as error:
            return error

    async def _scan(self, finder: LogoFinder, pictures: dict[str, _Decoded]) -> _Scans:
        """What is in each picture by SHA-256, from memory or from the models; equal bytes are scored once."""
        scans: _Scans = {}
        if pictures:
            known = await self._retry(
                "looking up known pictures",
                lambda: self._known.known_detections(pictures.keys(), finder.identity),
            )
            scans.update({sha256: _Scan(found, finder.identity) for sha256, found in known.items()})
        fresh = [picture for sha256, picture in pictures.items() if sha256 not in scans]
        pixels = [picture.pixels for picture in fresh]
        each = await self._thread(lambda: score_each(pixels, finder.find, finder.warm_up))
        for picture, found in zip(fresh, each, strict=True):
            scans[picture.sha256] = (
                found if isinstance(found, DataError) else self._told(picture, found, finder)
            )
        return scans

    def _told(self, picture: _Decoded, found: Found, finder: LogoFinder) -> _Scan:
        """A picture whose letters could not be read counts as one that was looked at alone, so that it is due
        again."""
        if found.unread is None:
            return _Scan(found.detections, finder.identity)
        self._metrics.unread.inc()
        height, width = picture.pixels.shape[:2]
        _log.warning(
            "letters of a picture not read, its look counts alone",
            sha256=picture.sha256,
            width=width,
            height=height,
            error=found.unread[:500],
        )
        return _Scan(found.detections, finder.looking_alone)

    async def restore(self, results: Sequence[ImageResult]) -> None:
        """See `Scoring.restore`."""
        await asyncio.gather(
            *(self._put(one.mention.image, one.picture.sha256, one.picture.media_type) for one in results)
        )

    async def _keep(self, pictures: Collection[_Decoded]) -> dict[str, str]:
        """Store the files; their URLs by SHA-256."""
        urls = await asyncio.gather(
            *(self._put(picture.mention.image, picture.sha256, picture.media_type) for picture in pictures)
        )
        return {picture.sha256: url for picture, url in zip(pictures, urls, strict=True)}

    async def _put(self, image: bytes, sha256: str, media_type: str) -> str:
        return await self._retry(
            "storing a picture", lambda: self._files(partial(self._store.put, image, sha256, media_type))
        )

    def _outcome(self, record: Record, judged: _Judged | DataError, urls: dict[str, str]) -> Outcome:
        if isinstance(judged, DataError):
            return record.rejected(judged, self._now())
        entry, scan = judged.entry, judged.scan
        height, width = entry.pixels.shape[:2]
        return ImageResult(
            position=record.position,
            mention=entry.mention,
            picture=PictureRef(
                sha256=entry.sha256,
                media_type=entry.media_type,
                width=width,
                height=height,
                n_bytes=len(entry.mention.image),
                url=urls[entry.sha256],
                phash=entry.likeness.phash,
            ),
            detections=scan.detections,
            model_version=scan.model_version,
            brands=judged.named,
            language=entry.language,
            words=tuple(entry.caption.lexemes()),
            story_keys=entry.likeness.keys,
        )
