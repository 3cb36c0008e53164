import pytest

from monitor.brands import Brand, Brands
from monitor.seeding.phrases import Phrases, copied

BRANDS = Brands((Brand("VMware", own=True), Brand("M&M <b>")))


@pytest.fixture(scope="module")
def phrases() -> Phrases:
    return Phrases(BRANDS)


@pytest.mark.parametrize(
    "kind", ["positive", "negative", "neutral", "crisis.negative", "launch.positive", "captions_named"]
)
@pytest.mark.parametrize("roll", [0.0, 0.37, 0.999])
def test_the_brand_stands_where_it_is_said_to_stand(phrases, kind, roll):
    said = phrases.about(kind, 1, roll)
    ((brand, start, end, matched),) = said.named
    assert (brand, said.text[start:end], matched) == (1, "M&M <b>", "M&M <b>")
    assert "{" not in said.text


@pytest.mark.parametrize("mood", ["positive", "negative", "neutral"])
@pytest.mark.parametrize("roll", [0.0, 0.5, 0.999])
def test_two_brands_stand_where_they_are_said_to_stand(phrases, mood, roll):
    said = phrases.together(mood, 0, 1, roll)
    assert sorted(name.brand for name in said.named) == [0, 1]
    for name in said.named:
        assert said.text[name.start : name.end] == BRANDS[name.brand].name


def test_some_endings_are_common_and_some_are_of_one_text_only(phrases):
    rolls = [n / 200 for n in range(200)]
    endings = [
        phrases.ending(roll, place, f"{n:x}").text for n, roll in enumerate(rolls) for place in (0.1, 0.9)
    ]
    assert any(ending.endswith("c7") for ending in endings)
    assert sum("Berlin" in ending for ending in endings) > 50
    assert len(set(endings)) > 40


def test_what_copy_would_misread_is_escaped():
    assert copied("a\tb\nc\\N\r") == "a\\tb\\nc\\\\N\\r"
