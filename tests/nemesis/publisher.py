"""Publishes the records of a run: paced or in bursts, with every codec, in transactions, as bytes of our own.

Each mention stays on the partition it was first published to, so that the log orders its versions; only
`correct_elsewhere` leaves it, and says so. What Kafka acknowledged is not remembered here: the log is the
truth.
"""

import asyncio
import random
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.nemesis import wire
from tests.nemesis.archive import Archive, Place
from tests.nemesis.mentions import IMAGE, POISON, TEXT, Draft, Drafter, Known

_TRANSACTION: Final = 60_000
"""Milliseconds after which Kafka aborts a transaction that nobody ends."""

_CHUNK: Final = 40
"""Records between two looks at the clock."""


class Publisher:
    """One a seed. `topics` gives the full names of `text` and `image`."""

    def __init__(
        self,
        servers: list[str],
        topics: dict[str, str],
        partitions: dict[str, int],
        archive: Archive,
        rng: random.Random,
        codecs: Sequence[str],
    ) -> None:
        self._servers = servers
        self._topics = topics
        self._partitions = dict(partitions)
        self._archive = archive
        self._rng = rng
        self._codecs = codecs
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._transactional: AIOKafkaProducer | None = None
        self.drafts = Drafter(rng)
        self.known: list[Known] = []
        self._home: dict[tuple[str, str], int] = {}
        self.sent = 0
        self.failed = 0
        """Sends that Kafka did not acknowledge; the records may be in the log all the same."""
        self.last: dict[str, tuple[str, Place]] = {}
        """Ids that were corrected on another partition -> author and place of the version that must stay."""

    async def start(self) -> None:
        for codec in self._codecs:
            producer = AIOKafkaProducer(
                **self._options(), linger_ms=5, compression_type=None if codec == "none" else codec
            )
            await producer.start()
            self._producers[codec] = producer

    async def close(self) -> None:
        producers = [*self._producers.values(), self._transactional]
        for producer in filter(None, producers):
            try:
                async with asyncio.timeout(10):
                    await producer.stop()
            except (KafkaError, TimeoutError, OSError):
                pass

    def grown(self, topic: str, partitions: int) -> None:
        """There are more partitions now; new mentions may go there."""
        self._partitions[topic] = partitions

    async def load(self, count: int, rate: float | None = None) -> None:
        """Ordinary records, mixed; `rate` a second, or as fast as they go."""
        await self.publish((self._draw() for _ in range(count)), rate)

    async def poison(self, count: int, kinds: Sequence[str] = POISON) -> None:
        """Records that must become dead letters, among good ones."""
        drawn = (self.drafts.poison(self._rng.choice(kinds)) for _ in range(count))
        await self.publish(self._among(drawn))

    async def publish(
        self, drafts: Iterable[Draft], rate: float | None = None, codec: str | None = None
    ) -> None:
        """Send in this order, a mention always to its own partition. Waits for the acknowledgements."""
        waiting: list[Awaitable[object]] = []
        started = time.monotonic()
        for number, draft in enumerate(drafts, 1):
            producer = self._producers[codec or self._rng.choice(self._codecs)]
            waiting.append(await self._send(producer, draft))
            if number % _CHUNK == 0 and rate is not None:
                await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        for answer in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(answer, BaseException):
                self.failed += 1

    async def transaction(self, drafts: Sequence[Draft], commit: bool) -> None:
        """These records in one transaction."""
        if self._transactional is None:
            self._transactional = AIOKafkaProducer(
                **self._options(),
                transactional_id=f"nemesis-{self._topics[TEXT]}",
                transaction_timeout_ms=_TRANSACTION,
            )
            await self._transactional.start()
        producer = self._transactional
        await producer.begin_transaction()
        answers = [await self._send(producer, draft) for draft in drafts]
        await asyncio.gather(*answers)
        await (producer.commit_transaction() if commit else producer.abort_transaction())

    async def raw(self, topic: str, records: Sequence[wire.Bare], codec: str = "none") -> Place:
        """A batch of our own making, to a partition drawn; where it begins."""
        partition = self._rng.randrange(self._partitions[topic])
        data = await asyncio.to_thread(wire.batch, records, int(time.time() * 1000), codec)
        name = self._topics[topic]
        offset = await self._archive.send(name, partition, data)
        self.sent += len(records)
        return Place(name, self._archive.life(name), partition, offset)

    async def correct_elsewhere(
        self, stored: Callable[[str, str], Awaitable[None]], timestamp: int | None
    ) -> None:
        """A new mention, then its correction on another partition, and perhaps one back on the first.

        `stored(id, author)` waits until the database holds that version: only then does the next one have an
        order that anybody could know.
        """
        first = self.drafts.text()
        partitions = list(range(self._partitions[TEXT]))
        self._rng.shuffle(partitions)
        for number, partition in enumerate((*partitions[:2], partitions[0])):
            draft = first if number == 0 else self.drafts.text(first.id)
            author = _author(draft)
            answer = await self._producers["none"].send_and_wait(
                self._topics[TEXT],
                value=draft.bare.value,
                key=draft.bare.key,
                headers=draft.headers,
                partition=partition,
                # The first claims a date that no correction can reach.
                timestamp_ms=timestamp if number == 0 else None,
            )
            self.sent += 1
            name = self._topics[TEXT]
            place = Place(name, self._archive.life(name), partition, answer.offset)
            self.last[first.id] = (author, place)
            await stored(first.id, author)

    def some_known(self, count: int) -> list[Known]:
        """Texts of one partition that were published before."""
        texts = [one for one in self.known if one.topic == TEXT and one.id not in self.last]
        if not texts:
            return []
        partition = self._rng.choice(texts).partition
        texts = [one for one in texts if one.partition == partition]
        return self._rng.sample(texts, min(count, len(texts)))

    def _draw(self) -> Draft:
        drawn, rng = self._rng.random(), self._rng
        if drawn < 0.85 or not self.known:
            return self.drafts.text()
        if drawn < 0.92:
            known = rng.choice(self.known[-2000:])
            return self.drafts.text(known.id) if known.topic == TEXT else self.drafts.image(known.id)
        if drawn < 0.98:
            return self.drafts.image()
        if drawn < 0.985:
            return self.drafts.one_brand(rng.randint(5, 40))
        return self.drafts.poison(rng.choice(POISON))

    def _among(self, drawn: Iterable[Draft]) -> Iterable[Draft]:
        for draft in drawn:
            yield draft
            for _ in range(self._rng.randint(0, 6)):
                yield self._draw()

    async def _send(self, producer: AIOKafkaProducer, draft: Draft) -> Awaitable[object]:
        partition = self.partition(draft)
        self.sent += 1
        # A correction sent by another producer than the version before it may overtake it; the log decides.
        for _ in range(50):
            try:
                answer: Awaitable[object] = await producer.send(
                    self._topics[draft.topic],
                    value=draft.bare.value,
                    key=draft.bare.key,
                    headers=draft.headers,
                    partition=partition,
                    timestamp_ms=draft.timestamp,
                )
            except AssertionError:  # a partition so new that the client has not heard of it
                await producer.client.force_metadata_update()
                await asyncio.sleep(0.1)
            else:
                return answer
        raise TimeoutError(f"{self._topics[draft.topic]}[{partition}] is not there")

    def partition(self, draft: Draft) -> int:
        """Where a mention is at home: drawn from its id, once."""
        home = self._home.get((draft.topic, draft.id))
        if home is None:
            home = zlib.crc32(draft.id.encode()) % self._partitions[draft.topic]
            self._home[draft.topic, draft.id] = home
            self.known.append(Known(draft.topic, draft.id, home))
        return home

    def _options(self) -> dict[str, object]:
        return {
            "bootstrap_servers": self._servers,
            "acks": "all",
            "max_request_size": 16 * 2**20,
            "request_timeout_ms": 60_000,
            "metadata_max_age_ms": 2000,
            "retry_backoff_ms": 200,
        }


def _author(draft: Draft) -> str:
    import json

    import msgspec

    value = draft.bare.value or b""
    body = json.loads(value) if value[:1] == b"{" else msgspec.msgpack.decode(value)
    return str(body["author"])


__all__ = ["IMAGE", "TEXT", "Publisher"]
