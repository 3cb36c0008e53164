"""brands.toml is changed without losing a word that a person wrote in it, whole or not at all."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.brands import Brand, load_brands, ready_queries
from monitor.brands_file import BrandsFile, start_file
from monitor.catalogue import catalogue, picked
from monitor.errors import SetupError
from monitor.texts import Term, Terms, read
from monitor.texts.characters import is_sought

WRITTEN = """\
# Ours first.
[[brand]]
name = "Acme"            # since 1949
aliases = ["acme corp"]  # more to come
own = true

# The competition.
[[brand]]
name = 'Bolt'
logos = ["bolt"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "brands.toml"
    path.write_text(WRITTEN)
    return path


def test_a_new_brand_comes_last_and_everything_else_stays(path: Path) -> None:
    file = BrandsFile(path)
    put = file.put("Crane", ["crane inc", "#crane"], own=False)
    file.save()
    assert path.read_text().startswith(WRITTEN)
    assert load_brands(path).named("Crane") == put
    assert put.aliases == ("crane inc", "#crane")
    assert '\n\n[[brand]]\nname = "Crane"' in path.read_text()


def test_a_known_brand_gets_what_is_new_and_keeps_its_comments(path: Path) -> None:
    file = BrandsFile(path)
    put = file.put("Acme", ["ACME Corp", "acme ltd", "acme ltd", "Acme"], own=False)
    file.save()
    assert put.aliases == ("acme corp", "acme ltd")
    assert put.own is True
    assert load_brands(path).named("Acme") == put
    for words in ("# Ours first.", "# since 1949", "# The competition."):
        assert words in path.read_text()


def test_ours_is_noted_and_stays_noted(path: Path) -> None:
    file = BrandsFile(path)
    file.put("Bolt", [], own=True)
    file.put("Bolt", [], own=False)
    file.save()
    assert load_brands(path).named("Bolt").own is True


def test_putting_what_is_there_changes_nothing(path: Path) -> None:
    """Not even the file's time: workers would look at it again."""
    before = path.stat()
    file = BrandsFile(path)
    file.put("Acme", ["acme corp"], own=True)
    assert not file.changed
    file.save()
    assert path.read_text() == WRITTEN
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_query_comes_as_it_was_written_and_never_over_another(path: Path) -> None:
    (gap, _), (tide, _) = ready_queries()["gap"], ready_queries()["tide"]
    file = BrandsFile(path)
    assert file.put("Gap", gap.aliases, own=False, query=gap.query).query == gap.query
    file.put("Gap", [], own=False, query=tide.query)
    file.put("Bolt", [], own=False, query='"bolt ride"')
    assert file.check().named("Gap") == gap
    file.save()
    assert load_brands(path).named("Gap") == gap
    assert load_brands(path).named("Bolt").query == '"bolt ride"'


def test_a_dropped_brand_leaves_the_others(path: Path) -> None:
    file = BrandsFile(path)
    assert file.drop("Acme")
    assert not file.drop("Acme")
    file.save()
    assert [brand.name for brand in load_brands(path)] == ["Bolt"]
    assert "# The competition." in path.read_text()


def test_what_would_be_ambiguous_is_refused_and_the_file_stays(path: Path) -> None:
    file = BrandsFile(path)
    file.put("Crane", ["bolt"], own=False)
    with pytest.raises(SetupError, match=r"brands.toml would be wrong: spelling '.*' of '.*' reads like"):
        file.save()
    assert path.read_text() == WRITTEN
    assert [entry.name for entry in path.parent.iterdir()] == ["brands.toml"], "nothing is left lying about"


def test_rights_stay(path: Path) -> None:
    path.chmod(0o640)
    file = BrandsFile(path)
    file.put("Crane", [], own=False)
    file.save()
    assert path.stat().st_mode & 0o777 == 0o640


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
            lambda word: any(map(is_sought, read(word).folded)) and Terms([Term(word)]).find(read(word))
        ),
        min_size=1,
        max_size=4,
        unique_by=str.casefold,
    )
)
def test_any_words_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("words") / "brands.toml"
    path.write_text('[[brand]]\nname = "one that is there already"\n')
    file = BrandsFile(path)
    put = file.put(words[0], words[1:], own=False)
    file.save()
    assert load_brands(path).named(words[0]) == put
    assert put.spellings == tuple(words)


def test_a_broken_file_is_told_and_left(path: Path) -> None:
    path.write_text("[[brand]\n")
    with pytest.raises(SetupError, match=r"docs/brands\.md"):
        BrandsFile(path)


def test_inline_brands_are_not_rewritten(path: Path) -> None:
    path.write_text('brand = [{name = "Acme"}]\n')
    with pytest.raises(SetupError, match=r"write brands as \[\[brand\]\] blocks"):
        BrandsFile(path).put("Bolt", [], own=False)


def test_a_block_is_left_where_a_text_looks_like_one(path: Path) -> None:
    path.write_text(WRITTEN + 'query = """\n[[brand]]\n"""\n')
    with pytest.raises(SetupError, match="out by hand"):
        BrandsFile(path).drop("Bolt")


def test_one_starts_with_a_copy_that_nothing_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    start_file(path)
    assert load_brands(path) == load_brands()
    assert "catalogue" not in path.read_text("utf-8")
    with pytest.raises(SetupError, match="is there already"):
        start_file(path)
    with pytest.raises(SetupError, match="choose another place"):
        start_file(tmp_path / "nowhere" / "mine.toml")


def test_a_new_file_holds_what_was_picked_with_all_it_has(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    file = BrandsFile(path, new=True)
    file.choose([Brand("Acme", aliases=("acme corp",))], map(picked, ["mini", "Target", "nike"]))
    assert not path.exists()
    file.save()
    mine = load_brands(path)
    assert [(brand.name, brand.own) for brand in mine] == [
        ("Acme", True),
        ("Mini Cooper", False),
        ("Target", False),
        ("Nike", False),
    ]
    assert mine[1:] == tuple(catalogue().named(brand.name) for brand in mine[1:])
    assert path.read_text().startswith("# The brands watched here")
    assert "\n\n\n" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
    late = BrandsFile(path, new=True)
    late.choose([picked("Acme")], [])
    with pytest.raises(SetupError, match="is there already"):
        late.save()


def test_choosing_leaves_the_catalogue_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    start_file(path)
    with path.open("a") as written:
        written.write('\n# Ours to watch.\n[[brand]]\nname = "Zed"\n')
    file = BrandsFile(path)
    file.put("Ford", ["model t"], own=False)
    file.choose([picked("Acme")], [picked("Apple")])
    file.save()
    mine = load_brands(path)
    assert [brand.name for brand in mine] == ["Apple", "Ford", "Zed", "Acme"]
    assert [brand.name for brand in mine if brand.own] == ["Acme"]
    assert "# Ours to watch." in path.read_text()
    assert "\n\n\n" not in path.read_text()


def test_spellings_and_sides_are_changed(path: Path) -> None:
    file = BrandsFile(path)
    assert file.change("Acme", ["Acme Ltd", "ACME", "Acme Ltd"], own=False)
    assert file.change("Bolt", [], own=True)
    assert not file.change("Crane", [], own=True)
    file.save()
    assert load_brands(path) == (
        Brand("Acme", aliases=("Acme Ltd",)),
        Brand("Bolt", logos=("bolt",), own=True),
    )
    assert "# since 1949" in path.read_text()


def test_a_change_to_what_is_there_changes_nothing(path: Path) -> None:
    file = BrandsFile(path)
    file.change("Acme", ["acme corp"], own=True)
    file.change("Bolt", [], own=False)
    assert not file.changed


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write_is_told(path: Path) -> None:
    path.parent.chmod(0o500)
    file = BrandsFile(path)
    file.put("Crane", [], own=False)
    with pytest.raises(SetupError, match="cannot write"):
        file.save()
