"""A worker notices another brands.toml, and nothing that only looks like one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.brands import load_brands
from monitor.brands_file import BrandsFile
from monitor.stream.brands import BrandsWatch

FILE = '[[brand]]\nname = "Acme"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "brands.toml"
    path.write_text(FILE)
    return path


def noticed(path: Path, *steps: Callable[[], object]) -> bool:
    """Whether it is noticed once all steps are done, and not before."""

    async def watch() -> bool:
        changed = asyncio.create_task(BrandsWatch(path, load_brands(path), every=0.001).changed())
        for step in steps:
            for _ in range(100):
                await asyncio.sleep(0.001)
            assert not changed.done()
            step()
        await asyncio.wait([changed], timeout=1)
        seen = changed.done()
        changed.cancel()
        return seen

    return asyncio.run(watch())


def add(path: Path) -> Callable[[], None]:
    def step() -> None:
        file = BrandsFile(path)
        file.put("Grafana", [], own=False)
        file.save()

    return step


def test_another_brand_is_noticed(path: Path) -> None:
    assert noticed(path, add(path))


def test_a_comment_is_no_change(path: Path) -> None:
    assert not noticed(path, lambda: path.write_text(f"# ours\n{FILE}"))


def test_a_file_that_is_wrong_or_gone_is_waited_out(path: Path) -> None:
    wrong, gone, back = (lambda: path.write_text("[[brand"), path.unlink, lambda: path.write_text(FILE))
    assert noticed(path, wrong, gone, back, add(path))


def test_a_folder_in_its_place_is_waited_out(path: Path) -> None:
    # As Docker makes one of a mount whose file is not there.
    back = (path.rmdir, lambda: path.write_text(FILE))
    assert noticed(path, path.unlink, path.mkdir, *back, add(path))


def test_a_file_that_is_still_written_is_not_begun_with(path: Path) -> None:
    """Cut off between two brands it is sound, and a worker that begins with the next piece is not."""
    watch = BrandsWatch(path, load_brands(path), every=0.2)

    def write(count: int) -> None:
        path.write_text("".join(FILE.replace("Acme", f"Acme {number}") for number in range(count)))

    async def waited() -> bool:
        changed = asyncio.create_task(watch.changed())
        for count in range(2, 12):
            write(count)
            await asyncio.sleep(0.1)
            if changed.done():
                return False
        await asyncio.wait_for(changed, timeout=5)
        return True

    assert asyncio.run(waited())


def test_what_came_between_reading_and_watching_is_noticed(path: Path) -> None:
    brands = load_brands(path)
    add(path)()
    asyncio.run(asyncio.wait_for(BrandsWatch(path, brands).changed(), timeout=5))
