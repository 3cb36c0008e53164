"""Watched names in lines: as they stand, misread, set apart, over several lines; and what is none."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.brands import Brand, Brands, load_brands
from monitor.logos.evidence import Name
from monitor.logos.words import TextLine
from monitor.logos.words.misreadings import is_known
from monitor.logos.words.names import NameMatcher, NameReader
from monitor.settings import Device

FURTHER = (
    Brand("Columbia"),
    Brand("Marlboro"),
    Brand("Suzuki", aliases=("スズキ",)),
    Brand("The North Face", aliases=("north face",)),
    Brand("Tommy Hilfiger"),
    Brand("Uniqlo"),
)


def at(text: str, x: float = 0.0, y: float = 0.0, width: float = 1.0, height: float = 0.1) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)))


@pytest.fixture(scope="module")
def matcher() -> NameMatcher:
    return NameMatcher(Brands([*load_brands(), *FURTHER]))


@pytest.mark.parametrize(
    ("text", "brand", "matched"),
    [
        ("vmware", "VMware", "vmware"),
        ("VMWARE®", "VMware", "VMWARE"),
        ("Maximizing VMware Cloud", "VMware", "VMware"),
        ("REDBULL", "Red Bull", "REDBULL"),
        ("Red  Bull", "Red Bull", "Red  Bull"),
        ("CITROËN", "Citroën", "CITROËN"),
        ("Google搜索", "Google", "Google"),
        ("スズキ自動車", "Suzuki", "スズキ"),
        ("(MINI)", "Mini Cooper", "MINI"),
        ("SUPREME®", "Supreme New York", "SUPREME"),
        ("V M W A R E", "VMware", "V M W A R E"),
        ("STAR BUCKS", "Starbucks", "STAR BUCKS"),
        ("www.vmware.com/explore", "VMware", "vmware"),
        ("@vmware", "VMware", "vmware"),
        ("#vmwareexplore", "VMware", "vmware"),
        ("#ilovestarbucks #shopstarbucks", "Starbucks", "starbucks"),
    ],
)
def test_names_as_they_stand_in_pictures(matcher: NameMatcher, text: str, brand: str, matched: str) -> None:
    (name,) = matcher.find([at(text)])
    assert (name.brand, name.matched, name.line, name.score, name.errors) == (brand, matched, text, 0.9, 0)


@pytest.mark.parametrize(
    ("text", "brand", "errors"),
    [  # lines read in val pictures
        ("CoaCola", "Coca-Cola", 1),
        ("HACOSTE", "Lacoste", 1),
        ("ortonwork", "Hortonworks", 2),
        ("YAHOQ!", "Yahoo", 1),
        ("Splite", "Sprite", 1),
        ("PRAIA", "Prada", 1),
    ],
)
def test_letters_read_wrong(matcher: NameMatcher, text: str, brand: str, errors: int) -> None:
    (name,) = matcher.find([at(text)])
    assert (name.brand, name.errors, name.whole) == (brand, errors, True)


@pytest.mark.parametrize(
    "text",
    [
        "OXFORD",  # Ford, val picture
        "TOMFORD",  # Ford, val picture
        "iUNiKER",  # Nike without a letter, val picture
        "Chapel",  # Chanel but for a letter, as are those below
        "channel",
        "Colombia",
        "the sprint",
        "in tel 5550",  # Intel, set apart
        "",
        "®",
        "APC1424@YAHOO.COM",  # val picture
        "vmworld",
        "19909",
        "N1KE",  # too short to tell
        "a box of Marlhoro",  # misread among other words
        "fordable",
        "VMwareTips.com",  # somebody else's page, val picture
        "in tel",
    ],
)
def test_what_only_looks_like_a_name(matcher: NameMatcher, text: str) -> None:
    assert matcher.find([at(text)]) == ()


@pytest.mark.parametrize(
    ("text", "whole", "everyday"),
    [
        ("supreme pizza", False, True),
        ("SUPREME", True, True),
        ("Supreme New York", True, False),
        ("#supreme", True, True),
        ("500 hp", False, True),
        ("an apple", False, True),
        ("iPhone 5", False, False),
        ("TOM FORD", False, False),
        ("Nike®", True, False),
        ("スズキ", True, False),
    ],
)
def test_what_decides_whether_a_name_suffices(
    matcher: NameMatcher, text: str, whole: bool, everyday: bool
) -> None:
    (name,) = matcher.find([at(text)])
    assert (name.whole, name.everyday) == (whole, everyday)


@pytest.mark.parametrize(
    ("lines", "brand"),
    [
        ((at("TOMMY", 0.1, 0.1, 0.4), at("HILFIGER", 0.1, 0.22, 0.5)), "Tommy Hilfiger"),
        ((at("TOMMY", 0.1, 0.1, 0.4), at("HILEIGER", 0.1, 0.22, 0.5)), "Tommy Hilfiger"),
        ((at("COLA", 0.45, 0.12, 0.3), at("COCA", 0.1, 0.1, 0.3)), "Coca-Cola"),
        ((at("UNI", 0.1, 0.1, 0.2), at("QLO", 0.1, 0.22, 0.2)), "Uniqlo"),
        ((at("THE", 0, 0.1, 0.3), at("NORTH", 0, 0.22, 0.4), at("FACE", 0, 0.34, 0.4)), "The North Face"),
        (tuple(at(letter, 0.1 * place, 0.5, 0.06) for place, letter in enumerate("VMWARE")), "VMware"),
        (tuple(at(letter, 0.5, 0.12 * place, 0.06) for place, letter in enumerate("VMWARE")), "VMware"),
    ],
)
def test_names_over_several_lines(matcher: NameMatcher, lines: tuple[TextLine, ...], brand: str) -> None:
    (name,) = matcher.find(lines)
    assert (name.brand, name.whole) == (brand, True)
    assert sorted(name.line.splitlines()) == sorted(line.text for line in lines)
    for line in lines:
        assert name.box.x <= line.corners[0][0] + 1e-9
        assert name.box.y + name.box.height >= line.corners[2][1] - 1e-9


@pytest.mark.parametrize(
    "lines",
    [
        (at("COCA", 0.1, 0.1, 0.3), at("COLA", 0.1, 0.8, 0.3)),  # at the other end of the picture
        (at("COCA", 0.0, 0.1, 0.1), at("COLA", 0.8, 0.1, 0.1)),
        (at("COCA", 0.1, 0.1, 0.3, 0.02), at("COLA", 0.1, 0.13, 0.3, 0.3)),  # of another size
        (at("COCA", 0.1, 0.1, 0.3), at("COLA light", 0.1, 0.22, 0.3)),  # goes on
        (at("COLA", 0.1, 0.1, 0.3), at("COCA", 0.1, 0.22, 0.3)),  # the other way round
    ],
)
def test_lines_that_have_nothing_to_do_with_each_other(
    matcher: NameMatcher, lines: tuple[TextLine, ...]
) -> None:
    assert matcher.find(lines) == ()


def test_a_longer_name_over_two_lines_takes_the_shorter_one_in_it() -> None:
    matcher = NameMatcher(Brands([Brand("Ford"), Brand("Tom Ford")]))
    (name,) = matcher.find([at("TOM", 0.1, 0.1, 0.3), at("FORD", 0.1, 0.22, 0.35)])
    assert name.brand == "Tom Ford"


def test_a_word_as_near_to_two_brands_is_neither() -> None:
    assert NameMatcher(Brands([Brand("Marlbora"), Brand("Marlborg")])).find([at("Marlborp")]) == ()


def test_the_box_is_around_the_name_and_not_the_line(matcher: NameMatcher) -> None:
    (name,) = matcher.find([at("we love VMware")])
    assert (round(name.box.x, 3), round(name.box.width, 3)) == (round(8 / 14, 3), round(6 / 14, 3))


def test_every_line_and_every_name_counts_in_order(matcher: NameMatcher) -> None:
    lines = [at("VMware and Intel"), at("nothing", y=0.3), at("vmware", y=0.6)]
    assert [(name.brand, name.line) for name in matcher.find(lines)] == [
        ("VMware", "VMware and Intel"),
        ("Intel", "VMware and Intel"),
        ("VMware", "vmware"),
    ]


@settings(deadline=None)
@given(
    texts=st.lists(st.text(max_size=40) | st.sampled_from(["V", "m", "TOM", "rn"]), max_size=6),
    data=st.data(),
)
def test_whatever_is_read_names_lie_in_the_picture(
    matcher: NameMatcher, texts: list[str], data: st.DataObject
) -> None:
    share = st.floats(0, 0.6)
    lines = [at(text, data.draw(share), data.draw(share), 0.3) for text in texts]
    for name in matcher.find(lines):
        assert set(name.line.split("\n")) <= {part for text in texts for part in text.split("\n")}
        assert name.box.x >= 0
        assert name.box.x + name.box.width <= 1.000001


long_names = st.sampled_from(
    [brand.name for brand in (*load_brands(), *FURTHER) if brand.name.isalpha() and len(brand.name) >= 6]
)


@settings(deadline=None)
@given(name=long_names, data=st.data())
def test_one_other_letter_in_a_long_name_is_read_over(
    matcher: NameMatcher, name: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    word = name[:place] + data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz")) + name[place + 1 :]
    assume(not is_known(word.lower()))
    found: tuple[Name, ...] = matcher.find([at(word)])
    assert [one.brand for one in found] == [name]
    assert found[0].errors == (word.lower() != name.lower())


class Fixed:
    identity = "reader-1"
    device = Device.CPU

    def read(self, pixels: object) -> tuple[TextLine, ...]:
        return (at("VMware"), at("nothing", y=0.5))


def test_a_picture_gives_names_and_all_lines() -> None:
    letters = NameReader(Fixed(), load_brands()).read(None)  # type: ignore[arg-type]
    assert [name.brand for name in letters.names] == ["VMware"]
    assert [line.text for line in letters.lines] == ["VMware", "nothing"]


def identity(*brands: Brand) -> str:
    return NameReader(Fixed(), Brands(brands)).identity


def test_other_spellings_make_another_version() -> None:
    plain = identity(Brand("Acme"), Brand("B"))
    assert plain.startswith("words-reader-1-")
    assert plain == identity(Brand("B"), Brand("Acme"))  # the file's order matters to nobody
    changed = (Brand("Acme", aliases=("c",)), Brand("Acme", written=("c",)), Brand("Acme", query="acme"))
    assert len({plain, *(identity(one, Brand("B")) for one in changed)}) == 4


@pytest.mark.parametrize("words", ["everyday.common_words", "logos.words.names.known_words"])
def test_other_lists_of_words_make_another_version(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity(Brand("Acme"))
    monkeypatch.setattr(f"monitor.{words}", lambda: frozenset({"acme"}))
    assert identity(Brand("Acme")) != before


def test_of_two_names_with_the_same_letters_the_order_of_the_file_chooses_none() -> None:
    one, other = Brand("Rolls & Royce"), Brand("RollsRoyce")
    lines = [at("R O L L S R O Y C E"), at("ROLLSROYCF", y=0.5)]
    assert NameMatcher(Brands((one, other))).find(lines) == NameMatcher(Brands((other, one))).find(lines)
