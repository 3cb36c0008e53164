"""`brand-monitor init`: asks, or takes what was typed; the file and the line in .env make commands use it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.brands import load_brands
from monitor.cli import app
from monitor.errors import SetupError
from monitor.settings import load_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to begin in, and no brands file anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_BRANDS_FILE", raising=False)
    return tmp_path


def init(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=answers)


def test_it_asks_for_ours_its_spellings_and_competitors(here: Path) -> None:
    done = init(answers="\nZed\nzed corp, @zed\nTarget, nike, Nike\n")
    assert done.exit_code == 0, done.output
    mine = load_brands(here / "brands.toml")
    assert [(brand.name, brand.own) for brand in mine] == [("Zed", True), ("Target", False), ("Nike", False)]
    assert mine.named("Zed").aliases == ("zed corp", "@zed")
    assert mine.named("Target").query is not None
    assert "ours: Zed; competitors: Target, Nike" in done.stdout
    assert "Target is a word, too: its query tells the brand from it" in done.stdout
    assert "brand-monitor up" in done.stdout
    assert "Supreme New York" in done.stderr


def test_everything_may_be_typed_at_once(here: Path) -> None:
    done = init("--own", "Gap", "--alias", "the gap shop", "--own", "Zed", "--competitor", "Target")
    assert done.exit_code == 0, done.output
    mine = load_brands(here / "brands.toml")
    assert [brand.name for brand in mine if brand.own] == ["Gap", "Zed"]
    assert "the gap shop" in mine.named("Gap").aliases
    assert mine.named("Zed").aliases == ()


def test_commands_of_this_folder_use_it_and_the_rest_of_env_stays(here: Path) -> None:
    (here / ".env").write_text("MONITOR_TOPIC_PREFIX=ours\nMONITOR_BRANDS_FILE=/gone.toml\nMONITOR_OCR=false")
    done = init("--own", "Zed", "--file", "mine.toml")
    assert done.exit_code == 0, done.output
    settings = load_settings()
    assert (settings.brands_file, settings.topic_prefix, settings.ocr) == (here / "mine.toml", "ours", False)
    assert (here / ".env").read_text().count("MONITOR_BRANDS_FILE") == 1


def test_a_new_env_is_nobody_else_s_to_read(here: Path) -> None:
    init("--own", "Zed")
    assert (here / ".env").stat().st_mode & 0o077 == 0


def test_a_file_named_by_the_environment_is_the_one_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_BRANDS_FILE", str(here / "named.toml"))
    assert init("--own", "Zed").exit_code == 0
    assert load_brands(here / "named.toml").named("Zed").own
    assert not (here / ".env").exists()
    other = init("--own", "Zed", "--file", "other.toml")
    assert f"set it to {here / 'other.toml'}" in other.stdout


def test_a_file_that_says_whose_brand_it_is_is_left(here: Path) -> None:
    init("--own", "Zed")
    before = (here / "brands.toml").read_bytes()
    again = init("--own", "Acme")
    assert isinstance(again.exception, SetupError)
    assert "says already whose brand it is: Zed" in str(again.exception)
    assert (here / "brands.toml").read_bytes() == before


def test_a_file_without_one_is_completed(here: Path) -> None:
    (here / "brands.toml").write_text('# kept\n[[brand]]\nname = "Rival"\n')
    assert init("--own", "Zed").exit_code == 0
    mine = load_brands(here / "brands.toml")
    assert [(brand.name, brand.own) for brand in mine] == [("Rival", False), ("Zed", True)]
    assert (here / "brands.toml").read_text().startswith("# kept")


def test_the_whole_catalogue_is_begun_with_once(here: Path) -> None:
    assert init("--catalogue").exit_code == 0
    assert load_brands(here / "brands.toml") == load_brands()
    init("--own", "Zed")
    before = (here / "brands.toml").read_bytes()
    again = init("--catalogue")
    assert "Zed is ours" in again.stdout
    assert (here / "brands.toml").read_bytes() == before


def test_names_that_cannot_be_told_apart_are_refused_and_nothing_is_written(here: Path) -> None:
    refused = init("--own", "Zed", "--competitor", "ZED.")
    assert refused.exit_code == 0  # "ZED." differs from "Zed" in punctuation, which is hinted at
    assert "differs from a spelling" in refused.stderr
    (here / "brands.toml").unlink()
    refused = init("--own", "Co-op", "--competitor", "Coop")
    assert isinstance(refused.exception, SetupError)
    assert "reads like" in str(refused.exception)
    assert not (here / "brands.toml").exists()
