"""The language of a text: its publisher's word, else its letters; English is not taken for something else."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.texts import read
from monitor.texts.detection import Detector
from monitor.texts.language import DETECTED, UNDETERMINED, language_of, primary_subtag, tag_of

CORPUS: Final = [
    (language, text)
    for line in (Path(__file__).parent / "language_corpus.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
    for language, text in [line.split("\t")]
]


def detected(text: str) -> str:
    return language_of(read(text), None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Never buying from them again, the zipper broke", "en"),
        ("Mein Paket ist immer noch nicht da", "de"),
        ("Mon colis n'est toujours pas arrivé", "fr"),
        ("Mi pedido todavía no ha llegado", "es"),
        ("Il mio pacco non è ancora arrivato", "it"),
        ("Meu pedido ainda não chegou", "pt"),
        ("Mijn pakket is nog steeds niet binnen", "nl"),
        ("Kargom hâlâ gelmedi, rezalet", "tr"),
        ("Paczka nadal nie przyszła", "pl"),
        ("Paketet har fortfarande inte kommit", "sv"),
        ("Посылка так и не пришла", "ru"),
        ("Посилка досі не прийшла", "uk"),
        ("Το δέμα δεν έχει έρθει ακόμα", "el"),
        ("החבילה עדיין לא הגיעה", "he"),
        ("الطلب لم يصل حتى الآن", "ar"),
        ("सामान अभी तक नहीं आया", "hi"),
        ("ของยังไม่ส่งเลย", "th"),
        ("Hàng của tôi vẫn chưa đến", "vi"),
        ("Paket saya belum sampai juga", "id"),
        ("荷物がまだ届きません", "ja"),
        ("快递还没有到", "zh"),
        ("택배가 아직도 안 왔어요", "ko"),
        # One word is enough where the script tells.
        ("スズキ", "ja"),
        ("현대", "ko"),
        ("喜欢", "zh"),
        ("ดี", "th"),
        # Capitals, full width, a key held down, accents left out: as people write.
        ("MEIN PAKET IST IMMER NOCH NICHT DA", "de"),
        ("Ｍｅｉｎ　Ｐａｋｅｔ　ｉｓｔ　ｎｏｃｈ　ｎｉｃｈｔ　ｄａ", "de"),
        ("queeee rabiaaaaa, otra vez sin conexion", "es"),
        ("Kargom hala gelmedi, rezalet", "tr"),
    ],
)
def test_it_is_told_from_short_posts(text: str, language: str) -> None:
    assert detected(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "😀😀😀",
        "👍🏽 🔥",
        "Nike",
        "lol ok",
        "haha",
        "hahahaha",
        "kkkkkkkk",
        "omg",
        "wow!!!",
        "a",
        "1234 5678",
        "...",
        "BMW M3",
        "https://www.spiegel.de/wirtschaft/warum-die-bahn-schon-wieder-verspaetung-hat",
        "@deutschebahn #nachhaltigkeit #zukunft",
        "Kontakt@beispiel-unternehmen.de",
        "\u200b\u3164\u2800",
    ],
)
def test_nothing_to_tell_it_from_is_undetermined(text: str) -> None:
    assert detected(text) == UNDETERMINED


@pytest.mark.parametrize(
    "text",
    [
        "my Volkswagen broke down again https://www.volkswagen.de/de/modelle/der-neue-golf.html",
        "so happy with the service @DeutscheTelekom #wirklichgut #dankeschön",
        "the new croissant at Chez Pierre is to die for",
        "Great weekend in München, thanks to everybody at the Oktoberfest!",
        "i luv my new Citroën C3 sooooo much",
        "gr8 phone but da battery sux tbh",
    ],
)
def test_english_with_foreign_names_links_and_handles_is_english(text: str) -> None:
    assert detected(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das neue Update ist echt awesome, love it, aber der Akku ist leider schnell leer", "de"),
        ("Me encanta el nuevo iPhone, best phone ever, pero la batería no dura nada", "es"),
        ("新しいiPhone、best everだと思う", "ja"),
        ("This is the best thing ever, wie meine Oma sagen würde, and I mean it", "en"),
    ],
)
def test_of_two_languages_the_one_with_more_words_counts(text: str, language: str) -> None:
    assert detected(text) == language


def test_names_of_brands_have_no_say() -> None:
    matcher = BrandMatcher(load_brands())
    brands = [brand.name for brand in load_brands()]
    assert {name: found for name in brands if (found := matcher.language(read(name), None)) != "und"} == {}
    assert {matcher.language(read(f"{name} " * 50), None) for name in brands} <= {"en", "und"}
    english = [f"{name} or {other}?" for name, other in pairwise(brands)]
    assert {matcher.language(read(text), None) for text in english} <= {"en", "und"}


def test_a_text_of_nothing_but_names_is_in_no_language() -> None:
    matcher = BrandMatcher(Brands((Brand(name="VMware"),)))
    for times in (1, 30, 14_000):
        assert matcher.language(read("VMware " * times), None) == UNDETERMINED


def test_names_are_asked_for_only_where_the_text_looks_foreign() -> None:
    def fail() -> list[tuple[int, int]]:
        raise AssertionError

    assert language_of(read("love the new shoes from that shop down the road"), None, fail) == "en"
    assert language_of(read("Schwarzkopf"), "en", fail) == "en"
    assert language_of(read("Schwarzkopf"), None, lambda: [(0, 11)]) == UNDETERMINED


@pytest.mark.parametrize(
    ("tag", "subtag"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" en-GB ", "en"),
        ("en_US", "en"),
        ("en_US.UTF-8", "en"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("pt-BR", "pt"),
        ("zh-Hant", "zh"),
        ("zh-Hans-CN", "zh"),
        ("cmn", "zh"),
        ("nb", "no"),
        ("nn-NO", "no"),
        ("iw", "he"),
        ("in", "id"),
        ("pcm", "pcm"),
        ("haw", "haw"),
    ],
)
def test_a_publishers_tag_wins(tag: str, subtag: str) -> None:
    assert primary_subtag(tag) == subtag
    assert language_of(read("Mein Paket ist immer noch nicht da"), tag) == subtag


@pytest.mark.parametrize(
    "tag",
    [
        "",
        " ",
        "und",
        "zxx",
        "mul",
        "mis",
        "art",
        "qme",
        "x-en",
        "x-klingon",
        "qst",
        "xx",
        "C",
        "nan",
        "null",
        "None",
        "unknown",
        "english",
        "n/a",
        "??",
        "de,en",
        "en;q=0.8",
        "e\u0301n",
        "en\x00",
        "\ud800",
        "en-" * 10_000,
        "x" * 100_000,
    ],
)
def test_a_tag_that_names_no_language_is_as_if_not_there(tag: str) -> None:
    assert primary_subtag(tag) is None
    assert language_of(read("Mein Paket ist immer noch nicht da"), tag) == "de"


def test_a_corpus_of_short_posts() -> None:
    """A floor: every foreign post here is recognised today, and no English one called foreign but by a name
    it consists of ("Louis Vuitton bag, 20% off")."""
    assert len(CORPUS) >= 200
    assert len({language for language, _ in CORPUS}) >= 20
    matcher = BrandMatcher(load_brands())
    wrong = [
        (language, found, text)
        for language, text in CORPUS
        if (found := matcher.language(read(text), None)) != language
    ]
    foreign = [one for one in wrong if one[0] != "en"]
    assert len(foreign) <= 2, foreign
    english = [one for one in wrong if one[0] == "en" and one[1] != UNDETERMINED]
    assert len(english) <= 3, english
    assert Counter(one[1] for one in wrong if one[0] == "en")[UNDETERMINED] <= 6


@given(st.text(max_size=200), st.none() | st.text(max_size=12))
def test_any_text_has_a_language(text: str, tag: str | None) -> None:
    found = language_of(read(text), tag)
    assert found == found.lower()
    assert 2 <= len(found) <= 3
    if tag is None:
        assert found in (*DETECTED, UNDETERMINED)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "wort " * 20_000,
        "漢" * 100_000,
        "https://a.de " * 8_000,
        "😀" * 100_000,
        "\ud800" * 100_000,
    ],
    ids=["one letter", "one word", "one sign", "links", "emoji", "surrogates"],
)
def test_long_texts_cost_no_more(text: str) -> None:
    """Beside the reading, which is as long as the text."""
    reading = read(text)
    assert reading.marks is not None
    language_of(read("warm up"), None)
    started = time.process_time()
    language_of(reading, None)
    assert time.process_time() - started < 0.2


def test_what_stands_behind_many_links_is_read() -> None:
    assert detected("https://example.com/a " * 500 + "Mein Paket ist immer noch nicht da") == "de"


def test_threads_share_the_detector() -> None:
    texts = [text for _, text in CORPUS]
    alone = [detected(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert all(found == alone for found in threads.map(lambda _: [detected(t) for t in texts], range(8)))


@pytest.mark.parametrize(
    ("asked", "tag"),
    [("EN", "en"), ("en-GB", "en"), (" deu", "de"), ("iw", "he"), ("und", "und"), ("??", "??")],
)
def test_a_language_asked_for_is_named_as_rows_name_it(asked: str, tag: str) -> None:
    assert tag_of(asked) == tag


def test_the_detector_answers_as_its_library_does() -> None:
    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    library.set_languages([*DETECTED, "zxx"])
    detector = Detector([*DETECTED, "zxx"])
    for text in ["", "1234", "ОЧЕНЬ ХОРОШО", "\ud800", *(text for _, text in CORPUS)]:
        found: dict[str, float] = {}
        for language, probability in zip(
            detector.languages, detector.probabilities(text).tolist(), strict=True
        ):
            found.setdefault(language, probability)
        assert found == pytest.approx(dict(library.rank(text)), abs=1e-6)
