"""The catalogue: whatever of it is picked makes a file that the service takes."""

from pathlib import Path

import pytest

from monitor.brands import Brand, load_brands
from monitor.brands_file import BrandsFile
from monitor.catalogue import catalogue, picked


def test_it_holds_the_packaged_brands_and_the_homonyms_and_none_is_ours() -> None:
    names = [brand.name for brand in catalogue()]
    assert {brand.name for brand in load_brands()} | {"Gap", "Target", "Tide"} <= set(names)
    assert len(set(names)) == len(names)
    assert not any(brand.own for brand in catalogue())


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Nike", "Nike"),
        (" NIKE ", "Nike"),
        ("citroen", "Citroën"),
        ("mini", "Mini Cooper"),
        ("Supreme", "Supreme New York"),
        ("gap", "Gap"),
    ],
)
def test_a_name_picks_the_brand_that_is_called_so(typed: str, name: str) -> None:
    assert picked(typed) == catalogue().named(name)


def test_any_other_name_is_a_brand_of_that_name_alone() -> None:
    assert picked(" Acme Corp ") == Brand("Acme Corp")


def test_all_of_it_together_is_a_sound_file(tmp_path: Path) -> None:
    file = BrandsFile(tmp_path / "all.toml", new=True)
    file.choose([picked("Acme")], catalogue())
    file.save()
    assert load_brands(file.path)[1:] == tuple(catalogue())
