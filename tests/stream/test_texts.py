"""Texts in a language that the model does not speak have their brands and words, and no verdict."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.sentiment import SentimentScorer, load_scorer
from monitor.settings import Device, load_settings, packaged
from monitor.storage.records import Rejection, TextResult
from monitor.stream.announcements import finding
from monitor.stream.records import Record
from monitor.stream.texts import TextScoring

GERMAN = "Mein Paket von Nike ist immer noch nicht da"
ENGLISH = "I love my new Nike shoes"

Mention = Callable[..., Record]


@pytest.fixture
def mention(records: Any) -> Mention:
    def made(offset: int, **fields: Any) -> Record:
        body = {"id": str(offset), "source": "s", "published_at": "2026-03-01T09:30:00Z", **fields}
        return records(offset, value=json.dumps(body).encode())  # type: ignore[no-any-return]

    return made


@pytest.fixture(scope="module")
def scorer() -> SentimentScorer:
    return load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1)


async def score(scorer: SentimentScorer, *mentions: Record, query: str | None = None) -> list[TextResult]:
    brands = Brands((Brand(name="Nike", query=query),))
    outcomes = await TextScoring(scorer, BrandMatcher(brands), load_settings()).score(mentions)
    found = [outcome for outcome in outcomes if isinstance(outcome, TextResult)]
    assert len(found) == len(mentions), outcomes
    return found


async def test_what_the_model_does_not_speak_is_not_scored(scorer: SentimentScorer, mention: Mention) -> None:
    german, english, declared, doubtful = await score(
        scorer,
        mention(1, text=GERMAN),
        mention(2, text=ENGLISH),
        mention(3, text=ENGLISH, lang="de-CH"),
        mention(4, text="Nike, Nike!", lang="n/a"),
    )
    assert [one.language for one in (german, english, declared, doubtful)] == ["de", "en", "de", "und"]
    for unscored in (german, declared):
        assert unscored.sentiment is None
        assert [(one.brand, one.sentiment) for one in unscored.brands] == [("Nike", None)]
    for scored in (english, doubtful):
        assert scored.sentiment is not None
        assert scored.brands[0].sentiment is not None
    assert {"paket", "nike"} <= set(german.words)
    assert english.sentiment is not None
    assert english.sentiment.label == "positive"


async def test_a_batch_of_only_foreign_texts_is_well(scorer: SentimentScorer, mention: Mention) -> None:
    found = await score(scorer, mention(1, text=GERMAN), mention(2, text="スズキの新車かっこいい"))
    assert [(one.language, one.sentiment) for one in found] == [("de", None), ("ja", None)]


async def test_a_query_may_ask_for_the_language(scorer: SentimentScorer, mention: Mention) -> None:
    german, english, declared = await score(
        scorer,
        mention(1, text=GERMAN),
        mention(2, text=ENGLISH),
        mention(3, text=ENGLISH, lang="de"),
        query="nike AND lang:de",
    )
    assert [len(one.brands) for one in (german, english, declared)] == [1, 0, 1]


async def test_the_finding_says_the_language(scorer: SentimentScorer, mention: Mention) -> None:
    (result,) = await score(scorer, mention(1, text=GERMAN))
    said = finding(result)
    assert (said.language, said.sentiment) == ("de", None)
    assert [brand.brand for brand in said.brands] == ["Nike"]


async def test_the_manifest_says_what_is_scored(
    scorer: SentimentScorer, mention: Mention, tmp_path: Path
) -> None:
    """A model that speaks German, too, is a folder with another manifest."""
    folder = tmp_path / "sentiment"
    folder.mkdir()
    for file in (packaged("onnx_models") / "sentiment").iterdir():
        if file.name != "manifest.json":
            (folder / file.name).symlink_to(file)
    manifest = json.loads((packaged("onnx_models") / "sentiment" / "manifest.json").read_text())
    assert manifest["languages"] == ["en"]
    (folder / "manifest.json").write_text(json.dumps(manifest | {"languages": ["de", "en"]}))
    bilingual = load_scorer(folder, Device.CPU, threads=1)
    german, french = await score(
        bilingual, mention(1, text=GERMAN), mention(2, text="Mon colis n'est toujours pas arrivé")
    )
    assert german.sentiment is not None
    assert french.sentiment is None


async def test_copies_share_a_key_if_they_name_the_same_brands(
    scorer: SentimentScorer, mention: Mention
) -> None:
    said = "The queue outside the Nike shop goes around the block and it is only six"
    one, copy, other, short, repeated = await score(
        scorer,
        mention(1, text=said),
        mention(2, text=f"RT @dana: {said} https://t.co/x"),
        mention(3, text=said.replace("Nike", "Puma")),
        mention(4, text=ENGLISH, author="dana"),
        mention(5, text=f"RT @dana: {ENGLISH}", author="joe"),
    )
    assert set(one.story_keys) & set(copy.story_keys)
    assert not set(one.story_keys) & set(other.story_keys)
    assert short.story_keys == repeated.story_keys != ()


async def test_what_is_older_than_what_is_kept_is_not_read(scorer: SentimentScorer, mention: Mention) -> None:
    kept = datetime(2026, 3, 1, tzinfo=UTC)
    scoring = TextScoring(scorer, BrandMatcher(Brands(())), load_settings(), lambda: kept)
    old, first = await scoring.score(
        [
            mention(1, text=ENGLISH, published_at="2026-03-01T00:59:59+01:00"),
            mention(2, text=ENGLISH, published_at="2026-03-01T01:00:00+01:00"),
        ]
    )
    assert isinstance(old, Rejection)
    assert old.letter.error_code == "too-old"
    assert "mentions are kept from 2026-03-01 on" in old.letter.error_detail
    assert isinstance(first, TextResult)
