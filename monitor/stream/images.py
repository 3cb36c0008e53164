"""Pictures: decode safely, skip those this model and gallery have seen, detect logos, read words where asked
to, put the file in the picture store.

The store comes before the database: a row never names a picture that is not there. A picture stored without
its row (an outage between the two) is found again under the same SHA-256.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError
from monitor.logos import LogoDetector, decode_picture
from monitor.logos.likeness import Likeness, likeness
from monitor.messages import BrandMention, Detection, ImageMention, WrittenBrand, decode_image
from monitor.queries import Fields
from monitor.settings import Device, Settings
from monitor.storage.pictures import PictureStore
from monitor.storage.records import ImageResult, PictureRef
from monitor.stream.naming import Naming
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import Outcome, Threads, score_each
from monitor.stream.words import WordReading
from monitor.texts import Reading, read


class CurrentDetector(Protocol):
    """The detector with the gallery as it is now, as `GalleryFeed` has it."""

    @property
    def device(self) -> Device:
        """Where the model really runs."""

    def now(self) -> Awaitable[LogoDetector]:
        """Asked once a batch; waits for the database at most, raises nothing for one that is away."""


class KnownPictures(Protocol):
    """The database's memory of pictures, as `BatchWriter` has it."""

    def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> Awaitable[dict[str, tuple[Detection, ...]]]:
        """Detections of the pictures this model version has scored. Raises `OutageError`."""

    def known_words(
        self, sha256s: Collection[str], model_version: str
    ) -> Awaitable[dict[str, tuple[WrittenBrand, ...]]]:
        """Brand names this model version has read in them. Raises `OutageError`."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    mention: ImageMention
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
    """What was found in a picture, and by which version: the detector's, the reader's with it if it read."""

    detections: tuple[Detection, ...]
    written: tuple[WrittenBrand, ...]
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
        detectors: CurrentDetector,
        matcher: BrandMatcher,
        known: KnownPictures,
        store: PictureStore,
        retry: OutageRetry,
        settings: Settings,
        words: WordReading | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._detectors = detectors
        self._naming = Naming(matcher, settings)
        self._known = known
        self._store = store
        self._retry = retry
        self._words = words
        self._max_bytes = settings.image_max_bytes
        self._max_pixels = settings.image_max_pixels
        self._now = now
        self._thread = Threads("logos", limit=settings.score_timeout)
        self._files = Threads("pictures", _PUTS)

    @property
    def device(self) -> Device:
        """Where the model really runs."""
        return self._detectors.device

    @property
    def busy(self) -> bool:
        """See `Scoring.busy`."""
        return self._thread.busy or self._files.busy

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """See `Scoring.score`."""
        decoded = await self._thread(lambda: [self._decode(record) for record in records])
        pictures = {entry.sha256: entry for entry in decoded if isinstance(entry, _Decoded)}
        detector = await self._detectors.now()
        scans = await self._scan(detector, pictures)
        judged = await self._thread(lambda: [self._judge(entry, scans) for entry in decoded])
        sound = {one.entry.sha256: one.entry for one in judged if isinstance(one, _Judged)}
        urls = await self._keep(sound.values())
        return [self._outcome(record, one, urls) for record, one in zip(records, judged, strict=True)]

    def _decode(self, record: Record) -> _Decoded | DataError:
        try:
            mention = decode_image(record.value, record.content_type)
            picture = decode_picture(mention.image, max_bytes=self._max_bytes, max_pixels=self._max_pixels)
        except DataError as error:
            return error
        caption = read(mention.caption or "")
        return _Decoded(
            mention=mention,
            caption=caption,
            language=self._naming.language(caption, None),
            sha256=hashlib.sha256(mention.image).hexdigest(),
            media_type=picture.media_type,
            pixels=picture.pixels,
            likeness=likeness(picture.pixels),
        )

    def _judge(self, entry: _Decoded | DataError, scans: _Scans) -> _Judged | DataError:
        """A brand's query may ask what the picture shows, so its caption is judged after the scan."""
        if isinstance(entry, DataError):
            return entry
        scan = scans[entry.sha256]
        if isinstance(scan, DataError):
            return scan
        fields = Fields.of(entry.mention, entry.language, (found.brand for found in scan.detections))
        try:
            return _Judged(entry, scan, self._naming.find(entry.caption, fields))
        except DataError as error:
            return error

    async def _scan(self, detector: LogoDetector, pictures: dict[str, _Decoded]) -> _Scans:
        """What is in each picture by SHA-256, from memory or from the models; equal bytes are scored once."""
        scans: _Scans = {}
        if pictures:
            scans.update(
                await self._retry(
                    "looking up known pictures", lambda: self._remembered(pictures.keys(), detector)
                )
            )
        fresh = [picture for sha256, picture in pictures.items() if sha256 not in scans]
        found = await self._thread(lambda: self._look(detector, [picture.pixels for picture in fresh]))
        scans.update({picture.sha256: scan for picture, scan in zip(fresh, found, strict=True)})
        return scans

    async def _remembered(self, sha256s: Collection[str], detector: LogoDetector) -> dict[str, _Scan]:
        version = self._version(detector)
        detections = await self._known.known_detections(sha256s, version)
        words: dict[str, tuple[WrittenBrand, ...]] = {}
        if self._words is not None and detections:
            words = await self._known.known_words(detections.keys(), version)
        return {sha256: _Scan(found, words.get(sha256, ()), version) for sha256, found in detections.items()}

    def _look(self, detector: LogoDetector, pictures: Sequence[NDArray[np.uint8]]) -> list[_Scan | DataError]:
        """Logos, then words; blocks for as long as the models take. A picture whose words cannot be read
        counts as scanned by the detector alone, so that it is due again where words are asked for."""
        found = score_each(pictures, detector.detect, detector.warm_up)
        scans: list[_Scan | DataError] = []
        for pixels, detections in zip(pictures, found, strict=True):
            if isinstance(detections, DataError):
                scans.append(detections)
                continue
            written = self._words.read(pixels) if self._words is not None else None
            version = detector.identity if written is None else self._version(detector)
            scans.append(_Scan(detections, written or (), version))
        return scans

    def _version(self, detector: LogoDetector) -> str:
        return detector.identity if self._words is None else f"{detector.identity}+{self._words.identity}"

    async def _keep(self, pictures: Collection[_Decoded]) -> dict[str, str]:
        """Store the files; their URLs by SHA-256."""
        urls = await asyncio.gather(*(self._put(picture) for picture in pictures))
        return {picture.sha256: url for picture, url in zip(pictures, urls, strict=True)}

    async def _put(self, picture: _Decoded) -> str:
        return await self._retry(
            "storing a picture",
            lambda: self._files(
                partial(self._store.put, picture.mention.image, picture.sha256, picture.media_type)
            ),
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
            written=scan.written,
            brands=judged.named,
            language=entry.language,
            words=tuple(entry.caption.lexemes()),
            story_keys=entry.likeness.keys,
        )
