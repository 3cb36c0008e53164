"""Records to publish, drawn from a seed: good mentions, corrections of them, and everything that is wrong.

`author` is different for every version of every mention ever drawn, so that a row tells which one it holds.
"""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import msgspec
import numpy as np

from tests.nemesis import worker
from tests.nemesis.expectations import HEADER
from tests.nemesis.models import BAD, BRANDS, GOOD, PLAIN
from tests.nemesis.wire import Bare

TEXT, IMAGE = "text", "image"

_MSGPACK: Final = ("content-type", b"application/msgpack")
_COLOURS: Final = ((230, 20, 20), (20, 230, 20), (20, 20, 230), (60, 60, 60))


@dataclass(frozen=True, slots=True)
class Draft:
    """A record and where it shall go: `id` names the mention, if it is one."""

    topic: str
    id: str
    bare: Bare
    timestamp: int | None = None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """As a client takes them."""
        return [(name.decode(), value or b"") for name, value in self.bare.headers]


@dataclass
class Known:
    """A mention that was published."""

    topic: str
    id: str
    partition: int


class Drafter:
    """Draws records. One a seed; `phase` goes into their headers."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = 0
        self.phase = 0

    def text(self, id: str | None = None, said: str | None = None, **more: Any) -> Draft:
        """A text to be stored; with `id` a new version of that one."""
        name, author = self._names(id)
        body = {"id": name, "author": author, "text": said or self._sentence(), **self._fields(), **more}
        if self._rng.random() < 0.2 and "lang" not in more:
            body["lang"] = self._rng.choice(("en", "en-GB", "de", "pt-BR", "no idea"))
        if self._rng.random() < 0.3:
            return self._draft(TEXT, name, msgspec.msgpack.encode(body), [_MSGPACK])
        return self._draft(TEXT, name, json.dumps(body).encode())

    def image(self, id: str | None = None) -> Draft:
        """A picture to be stored."""
        name, author = self._names(id)
        body = {"id": name, "author": author, **self._fields()}
        if self._rng.random() < 0.5:
            body["caption"] = self._sentence()
        picture = self._picture()
        if self._rng.random() < 0.5:
            return self._draft(IMAGE, name, msgspec.msgpack.encode(body | {"image": picture}), [_MSGPACK])
        body["image"] = base64.b64encode(picture).decode()
        return self._draft(IMAGE, name, json.dumps(body).encode())

    def deletion(self, topic: str, id: str) -> Draft:
        """That a post was taken down. Kafka's time is that of now: between lives of a topic it decides."""
        body = {"id": id, "source": "nemesis", "deleted_at": "2026-03-30T09:30:00Z"}
        if self._rng.random() < 0.3:
            draft = self._draft(topic, id, msgspec.msgpack.encode(body), [_MSGPACK])
        else:
            draft = self._draft(topic, id, json.dumps(body).encode())
        return replace(draft, timestamp=None)

    def poison(self, kind: str) -> Draft:
        """A record that must become a dead letter with the code of `kind`."""
        made = _POISON[kind](self)
        headers = ((HEADER, f"{self.phase}|{kind}".encode()), *made.bare.headers[1:])
        return Draft(made.topic, made.id, Bare(made.bare.key, made.bare.value, headers), made.timestamp)

    def deadly(self, kind: str) -> Draft:
        """A text that ends, hangs or swells the process that scores it."""
        word = {
            "kills": worker.KILLS,
            "hangs": worker.HANGS,
            "spins": worker.SPINS,
            "seizes": worker.SEIZES,
            "swells": worker.SWELLS,
        }[kind]
        draft = self.text(said=f"{self._sentence()} {word}", lang="en")  # else nobody scores it
        headers = ((HEADER, f"{self.phase}|{kind}".encode()), *draft.bare.headers[1:])
        return Draft(TEXT, draft.id, Bare(draft.bare.key, draft.bare.value, headers))

    def brands(self, count: int) -> Draft:
        """A text that names so many different brands."""
        return self.text(said=" ".join(self._rng.sample(BRANDS, count)))

    def too_many_brands(self, count: int) -> Draft:
        draft = self.brands(count)
        headers = ((HEADER, f"{self.phase}|too-many-brands".encode()), *draft.bare.headers[1:])
        return Draft(TEXT, draft.id, Bare(draft.bare.key, draft.bare.value, headers))

    def one_brand(self, times: int) -> Draft:
        """A text that names one brand again and again."""
        return self.text(said=f"{self._rng.choice(BRANDS)} " * times)

    def _names(self, id: str | None) -> tuple[str, str]:
        self._count += 1
        return id or f"p{self.phase}-{self._count}", f"v{self._count}"

    def _fields(self) -> dict[str, Any]:
        day, hour = self._rng.randint(1, 28), self._rng.randint(0, 23)
        fields: dict[str, Any] = {"source": "nemesis", "published_at": f"2026-03-{day:02}T{hour:02}:15:00Z"}
        if self._rng.random() < 0.5:
            fields["reach"] = self._rng.randint(0, 10**6)
        return fields

    def _sentence(self) -> str:
        rng = self._rng
        words = rng.choices(PLAIN, k=rng.randint(2, 12)) + rng.choices(GOOD + BAD, k=rng.randint(0, 4))
        if rng.random() < 0.5:
            words += rng.choices(BRANDS[:12], k=rng.randint(1, 3))
        rng.shuffle(words)
        return " ".join(words)

    def _picture(self, side: int = 64) -> bytes:
        height = side * 3 // 4
        pixels = np.zeros((height, side, 3), np.uint8)
        pixels[:] = self._rng.choice(_COLOURS)
        # A stamp that makes most files different; some are the same picture again.
        stamp = self._rng.randrange(400)
        pixels[:4, :4] = (stamp % 256, stamp // 256 * 100, 128)
        ending = self._rng.choice((".png", ".jpg", ".webp"))
        return bytes(cv2.imencode(ending, pixels)[1])

    def _draft(
        self, topic: str, id: str, value: bytes | None, headers: list[tuple[str, bytes]] | None = None
    ) -> Draft:
        rng = self._rng
        all_headers = ((HEADER, f"{self.phase}|".encode()), *((n.encode(), v) for n, v in headers or ()))
        timestamp = None
        if rng.random() < 0.02:  # publishers claim any date
            timestamp = rng.choice((0, 946_684_800_000, 4_070_908_800_000, 4_102_444_800_000))
        return Draft(topic, id, Bare(id.encode(), value, all_headers), timestamp)

    def _raw(self, topic: str, value: bytes | None, *headers: tuple[str, bytes]) -> Draft:
        name, _ = self._names(None)
        return self._draft(topic, name, value, list(headers))

    def _wrong(self, **fields: Any) -> Draft:
        name, author = self._names(None)
        body = {"id": name, "author": author, "text": "fine", **self._fields(), **fields}
        return self._draft(TEXT, name, json.dumps({k: v for k, v in body.items() if v is not None}).encode())

    def _wrong_picture(self, picture: bytes | str) -> Draft:
        name, _ = self._names(None)
        body = {"id": name, **self._fields()}
        if isinstance(picture, str):
            return self._draft(IMAGE, name, json.dumps(body | {"image": picture}).encode())
        return self._draft(IMAGE, name, msgspec.msgpack.encode(body | {"image": picture}), [_MSGPACK])


def _encoded(ending: str, side: int = 64) -> bytes:
    noise = np.random.default_rng(side).integers(0, 255, (side, side, 3), np.uint8)
    return bytes(cv2.imencode(ending, noise)[1])


def _vast() -> bytes:
    """A PNG whose header says 30,000 x 30,000 pixels."""
    import struct
    import zlib

    png = bytearray(_encoded(".png"))
    png[16:24] = struct.pack(">II", 30_000, 30_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    return bytes(png)


def _corrupt() -> bytes:
    png = bytearray(_encoded(".png"))
    png[60:400] = bytes(340)
    return bytes(png)


_POISON: Final[dict[str, Callable[[Drafter], Draft]]] = {
    "json": lambda one: one._raw(TEXT, b'{"id": "x", "text'),
    "msgpack": lambda one: one._raw(TEXT, b"\xc1\xff\x00", _MSGPACK),
    "empty": lambda one: one._raw(TEXT, b""),
    "tombstone": lambda one: one._raw(TEXT, None),
    "field-missing": lambda one: one._wrong(source=None),
    "field-type": lambda one: one._wrong(text=5),
    "no-zone": lambda one: one._wrong(published_at="2026-03-01T09:30:00"),
    "blank-text": lambda one: one._wrong(text=" \n\t"),
    "long-text": lambda one: one._wrong(text="x" * 100_001),
    "content-type": lambda one: one._raw(TEXT, b"<a/>", ("content-type", b"text/xml")),
    "base64": lambda one: one._wrong_picture("*not base64*"),
    "picture-empty": lambda one: one._wrong_picture(b""),
    "picture-disguised": lambda one: one._wrong_picture(b"GIF89a" + bytes(300)),
    "picture-truncated": lambda one: one._wrong_picture(_encoded(".jpg")[:-60]),
    "picture-corrupt": lambda one: one._wrong_picture(_corrupt()),
    "picture-vast": lambda one: one._wrong_picture(_vast()),
    "picture-tiny": lambda one: one._wrong_picture(_encoded(".png", 4)),
}
POISON: Final = tuple(_POISON)
