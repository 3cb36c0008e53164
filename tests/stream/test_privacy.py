"""What workers hand on of people: pseudonyms for names, nothing for addresses and numbers, if so set."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.errors import SetupError
from monitor.logos.finder import LogoFinder
from monitor.privacy import Pseudonyms
from monitor.sentiment import load_scorer
from monitor.settings import Device, load_settings, packaged
from monitor.storage.pictures import PictureStore
from monitor.storage.records import ImageResult, TextResult
from monitor.stream.gallery import FixedFinder
from monitor.stream.images import ImageScoring
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.texts import TextScoring

KEY = "word-" * 8
URL = "https://forum.example/ann/17"
HIDDEN = Pseudonyms(KEY)("forum", "Ann")
BRANDS = Brands(
    (Brand("Nike"), Brand("Ann's", query="author:ann"), Brand("Theirs", query=f"author:{HIDDEN}"))
)
SAID = "Nike? Ask ann@example.com or +49 170 1234567. I love my Nike shoes!"
KEPT = "Nike? Ask [e-mail] or [phone]. I love my Nike shoes!"

Score = Callable[..., Any]


def body(**fields: Any) -> dict[str, Any]:
    said = {"id": "1", "source": "forum", "author": "@Ann", "published_at": "2026-03-01T09:30:00Z"}
    return said | {"url": URL} | fields


@pytest.fixture(scope="module")
def scorer() -> Any:
    return load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1)


@pytest.fixture
def text_of(scorer: Any, records: Any) -> Score:
    async def score(text: str, **settings: Any) -> TextResult:
        scoring = TextScoring(scorer, BrandMatcher(BRANDS), load_settings(**settings))
        (outcome,) = await scoring.score([records(0, value=json.dumps(body(text=text)).encode())])
        assert isinstance(outcome, TextResult)
        return outcome

    return score


class _NothingFound:
    identity = looking_alone = "none"
    device = Device.CPU

    def warm_up(self) -> None:
        """Nothing to do."""

    def look(self, pictures: Any) -> list[Any]:
        return [() for _ in pictures]


class _NothingKnown:
    async def known_detections(self, *_: Any) -> dict[str, Any]:
        return {}


@pytest.fixture
def picture_of(records: Any, tmp_path: Path) -> Score:
    async def score(caption: str | None, **settings: Any) -> ImageResult:
        scoring = ImageScoring(
            FixedFinder(LogoFinder(_NothingFound(), None)),  # type: ignore[arg-type]
            BrandMatcher(BRANDS),
            _NothingKnown(),
            PictureStore(str(tmp_path)),
            OutageRetry(0),
            load_settings(**settings),
            Metrics(),
        )
        data = cv2.imencode(".png", np.full((48, 64, 3), 7, np.uint8))[1].tobytes()
        sent = body(caption=caption, image=base64.b64encode(data).decode())
        (outcome,) = await scoring.score([records(0, value=json.dumps(sent).encode())])
        assert isinstance(outcome, ImageResult)
        return outcome

    return score


def counted(outcome: TextResult | ImageResult) -> set[str]:
    return {named.brand for named in outcome.brands}


async def test_by_default_everything_is_kept_as_it_was_sent(text_of: Score, picture_of: Score) -> None:
    text, picture = await text_of(SAID), await picture_of(SAID)
    assert (text.mention.author, text.mention.url, text.mention.text) == ("@Ann", URL, SAID)
    assert (picture.mention.author, picture.mention.url, picture.mention.caption) == ("@Ann", URL, SAID)


async def test_a_pseudonym_is_stored_and_queries_know_the_name(text_of: Score, picture_of: Score) -> None:
    settings = {"authors": "pseudonymous", "authors_key": KEY}
    for outcome in (await text_of(SAID, **settings), await picture_of(SAID, **settings)):
        assert outcome.mention.author == HIDDEN
        assert counted(outcome) == {"Nike", "Ann's", "Theirs"}


async def test_an_address_names_nobody_either(text_of: Score, picture_of: Score) -> None:
    settings = {"authors": "pseudonymous", "authors_key": KEY}
    for outcome in (await text_of(SAID, **settings), await picture_of(SAID, **settings)):
        assert outcome.mention.url == f"https://forum.example/{HIDDEN}/17"


async def test_copies_by_one_author_are_told_by_the_pseudonym(text_of: Score) -> None:
    """As `query --backfill` makes their keys, which knows nothing else; and no key tells the name."""
    settings = {"authors": "pseudonymous", "authors_key": KEY}
    plain, hidden = await text_of("Love my Nike!"), await text_of("Love my Nike!", **settings)
    assert plain.story_keys
    assert hidden.story_keys
    assert plain.story_keys != hidden.story_keys


async def test_contacts_are_gone_before_a_text_is_read(text_of: Score, picture_of: Score) -> None:
    text = await text_of(SAID, redact="contacts")
    assert text.mention.text == KEPT
    assert not {"ann", "example", "170"} & set(text.words)
    for named in text.brands:
        if named.brand == "Nike":
            assert KEPT[named.start : named.end] == "Nike"
    picture = await picture_of(SAID, redact="contacts")
    assert picture.mention.caption == KEPT
    assert "ann" not in picture.words
    assert (await picture_of(None, redact="contacts")).mention.caption is None


async def test_a_number_without_its_country_is_read_by_the_language(text_of: Score) -> None:
    said = "Wegen der Schuhe von Nike bitte einfach unter 030 1234567 anrufen, danke"
    assert "[phone]" in (await text_of(said, redact="contacts")).mention.text


async def test_without_a_key_no_worker_starts(text_of: Score) -> None:
    with pytest.raises(SetupError, match="MONITOR_AUTHORS_KEY"):
        await text_of(SAID, authors="pseudonymous")
