"""brands.toml: what loads, what is refused, and what `brands check` remarks on."""

from pathlib import Path

import pytest

from monitor.brands import Brand, Brands, brands_path, load_brands
from monitor.brands_file import BrandsFile
from monitor.doctor.brands import Weight, check_brands
from monitor.errors import SetupError
from monitor.settings import packaged


def load(folder: Path, text: str) -> Brands:
    path = folder / "brands.toml"
    path.write_text(text, "utf-8")
    return load_brands(path)


def test_packaged_brands_load_and_none_is_ours() -> None:
    brands = load_brands()
    assert [brand.name for brand in brands if brand.own] == []
    assert brands.by_logo()["vmware"].name == "VMware"


def test_the_samples_have_brands_of_their_own() -> None:
    brands = load_brands(packaged("samples") / "brands.toml")
    assert [brand.name for brand in brands if brand.own] == ["VMware"]
    packaged_ones = {brand.name: brand for brand in load_brands()}
    assert [each.logos for each in brands] == [packaged_ones[each.name].logos for each in brands]


def test_a_brand_is_found_by_name() -> None:
    brands = Brands([Brand(name="Acme")])
    assert brands.named("Acme").spellings == ("Acme",)
    with pytest.raises(KeyError):
        brands.named("acme")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "missing required field `brand`"),
        ("[[brand]]\naliases = ['a']", "missing required field `name`"),
        ("[[brand]]\nname = ''", "name"),
        ("[[brand]]\nname = 'A'\nalias = ['a']", "unknown field `alias`"),
        ("[[brand]]\nname = 'A'\naliases = 'a'", "aliases"),
        ("[[brand]\nname = 'A'", "brands.toml"),
        ("[[brand]]\nname = 'A'\naliases = [' ']", "spelling ' ' of 'A' is nothing but spacing"),
        ("[[brand]]\nname = 'A'\n[[brand]]\nname = 'B'\naliases = ['a']", "'a' of 'B' reads like 'A' of 'A'"),
        ("[[brand]]\nname = 'A'\n[[brand]]\nname = 'B'\nwritten = ['a']", "'a' of 'B' reads like 'A' of 'A'"),
        ("[[brand]]\nname = 'A'\nwritten = [' ']", "is nothing but spacing"),
        ("[[brand]]\nname = 'A'\nquery = 'b AND'", "query of 'A': line 1, column"),
        ("[[brand]]\nname = 'A'\nquery = 'NOT b'", "NOT b is true of every mention that does not say so"),
        ("[[brand]]\nname = 'A'\nquery = 'image:B'", "image:B is no brand of this file"),
        ("[[brand]]\nname = 'A'\naliases = ['-']", "spelling '-' of 'A' is nothing but spacing"),
        ("[[brand]]\nname = 'A'\naliases = ['.']", "spelling '.' of 'A' is nothing but punctuation"),
        ("[[brand]]\nname = 'A'\naliases = ['#']", "is nothing but punctuation"),
        ("[[brand]]\nname = 'A'\naliases = ['&amp;']", "is nothing but punctuation"),
        ("[[brand]]\nname = 'A'\naliases = ['\u3164']", "is nothing but spacing"),
        ("[[brand]]\nname = 'A'\naliases = ['https://a.example']", "is a link or a mail address"),
        ("[[brand]]\nname = 'A'\naliases = ['a----b']", "more than 3 spaces or hyphens in a row"),
        (
            "[[brand]]\nname = 'Co-op'\n[[brand]]\nname = 'Coop'",
            "'Coop' of 'Coop' reads like 'Co-op' of 'Co-op'",
        ),
        ("[[brand]]\nname = 'Caf\u00e9'\n[[brand]]\nname = 'Cafe'", "reads like 'Caf\u00e9'"),
        (
            "[[brand]]\nname = 'A'\nlogos = ['x']\n[[brand]]\nname = 'B'\nlogos = ['x']",
            "logo label 'x' of 'B' is also 'x' of 'A'",
        ),
    ],
)
def test_wrong_files_are_refused_with_file_and_fault(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SetupError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "brands.toml" in str(caught.value)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MONITOR_BRANDS_FILE"):
        load_brands(tmp_path / "none.toml")


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_bytes("[[brand]]\nname = 'Citroën'".encode("latin-1"))
    with pytest.raises(SetupError):
        load_brands(path)


def remarks(tmp_path: Path, *brands: Brand, labels: tuple[str, ...] = ()) -> list[tuple[str, Weight, str]]:
    found = check_brands(Brands(brands), labels, tmp_path)
    return [(remark.brand, remark.weight, remark.remark) for remark in found]


@pytest.mark.parametrize("word", ["Target", "orange", "Gap", "next", "GO", "it", "Monday", "April"])
def test_everyday_words_and_short_ones_get_a_hint(tmp_path: Path, word: str) -> None:
    assert [weight for _, weight, _ in remarks(tmp_path, Brand(name=word))] == [Weight.HINT]


@pytest.mark.parametrize("word", ["Target", "bolt", "VISA", "Supreme", "Puma"])
def test_a_query_that_is_ready_is_pointed_to(tmp_path: Path, word: str) -> None:
    ((_, weight, remark),) = remarks(tmp_path, Brand(name=word))
    assert weight is Weight.HINT
    path = Path(remark.partition("copy from ")[2].partition(" (")[0])
    assert any(word.casefold() in (one.name.casefold(), *one.written) for one in load_brands(path))


@pytest.mark.parametrize("word", ["Target", "Next"])
def test_an_everyday_word_with_a_query_gets_no_hint(tmp_path: Path, word: str) -> None:
    assert remarks(tmp_path, Brand(name=word, query="@target OR #next")) == []


@pytest.mark.parametrize("word", ["VMware", "@gap", "#next", "Target Corporation", "Hortonworks"])
def test_names_handles_and_full_names_do_not(tmp_path: Path, word: str) -> None:
    assert remarks(tmp_path, Brand(name=word)) == []


def test_spellings_told_apart_by_punctuation_only(tmp_path: Path) -> None:
    found = remarks(tmp_path, Brand(name="Yahoo!"), Brand(name="Yahoo"))
    assert {brand for brand, _, _ in found} == {"Yahoo!", "Yahoo"}


def test_labels_on_one_side_only(tmp_path: Path) -> None:
    found = remarks(tmp_path, Brand(name="Acme", logos=("acme", "acmee")), labels=("acme", "zenith"))
    assert [(brand, weight) for brand, weight, _ in found] == [("Acme", Weight.FAULT), ("", Weight.HINT)]
    assert "'acmee'" in found[0][2]
    assert "zenith" in found[1][2]


def test_a_missing_reference_picture_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"x")
    found = remarks(tmp_path, Brand(name="Acme", references=("there.png", "gone.png")))
    assert [(weight, "gone.png" in remark) for _, weight, remark in found] == [(Weight.FAULT, True)]


def test_packaged_references_exist() -> None:
    assert not [
        reference
        for brand in load_brands()
        for reference in brand.references
        if not (brands_path().parent / reference).is_file()
    ]


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    """As Windows' editor writes one."""
    path = tmp_path / "brands.toml"
    path.write_text('[[brand]]\nname = "Zürich"\n', "utf-8-sig")
    assert [brand.name for brand in load_brands(path)] == ["Zürich"]
    changed = BrandsFile(path)
    changed.put("Bern", [], own=False)
    changed.save()
    assert [brand.name for brand in load_brands(path)] == ["Zürich", "Bern"]
