"""The catalogue: packaged brands to pick from, with their spellings, logo labels and queries.

It is monitor/brands.toml, the brands that the shipped logo model knows, and monitor/homonyms.toml. No brand
of it is anybody's own.
"""

from functools import cache

from monitor.brands import Brand, Brands, brands_path, homonyms_path, load_brands
from monitor.texts import read


@cache
def catalogue() -> Brands:
    """All brands of the catalogue, by name."""
    brands = (*load_brands(brands_path()), *load_brands(homonyms_path()))
    return Brands(sorted(brands, key=lambda brand: read(brand.name).folded))


def picked(name: str) -> Brand:
    """The brand of the catalogue that is called so, as "mini" is Mini Cooper; else one of that name alone."""
    name = name.strip()
    return _by_name().get(read(name).folded) or Brand(name=name)


@cache
def _by_name() -> dict[str, Brand]:
    return {read(word).folded: brand for brand in catalogue() for word in (brand.name, *brand.written)}
