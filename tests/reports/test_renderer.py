"""Drawing in a child process: what aborts there is an error here, and the next job is done all the same."""

import os
import select
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.reports.renderer import Renderer, RenderingError

VERSION = "6.1"


def chart(name: str) -> dict[str, Any]:
    return {
        "data": {"values": [{"name": name, "n": 3}]},
        "mark": "bar",
        "encoding": {"y": {"field": "name", "type": "nominal"}, "x": {"field": "n", "type": "quantitative"}},
    }


# A billion rows: neither the memory nor the time of any machine here.
ENDLESS = {"data": {"sequence": {"start": 0, "stop": 1e9}}, "mark": "point"}


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.end()


def test_a_chart_is_svg_and_the_child_is_kept(renderer: Renderer) -> None:
    assert "Acme" in "".join(ET.fromstring(renderer.chart(chart("Acme"), VERSION)).itertext())
    first = renderer.pid
    renderer.chart(chart("Umbrella"), VERSION)
    assert renderer.pid == first


def test_an_abort_is_an_error_that_says_why_and_the_next_chart_is_drawn(renderer: Renderer) -> None:
    with pytest.raises(RenderingError, match=r"code -6: .*panicked"):
        renderer.chart(chart("a\ufffeb"), VERSION)
    assert renderer.chart(chart("Acme"), VERSION)


def test_an_exception_is_an_error_and_the_child_stays(renderer: Renderer) -> None:
    with pytest.raises(RenderingError, match="Vega-Lite"):
        renderer.chart({"mark": "no such mark"}, VERSION)
    before = renderer.pid
    with pytest.raises(RenderingError, match="is no JSON"):
        renderer.chart({"n": float("nan")}, VERSION)
    assert renderer.chart(chart("Acme"), VERSION)
    assert renderer.pid == before


def test_what_takes_too_long_is_ended(renderer: Renderer) -> None:
    hasty = Renderer(seconds=0.5)  # before it has taken all the memory that it may
    with pytest.raises(RenderingError, match=r"took longer than 0\.5 s"):
        hasty.chart(ENDLESS, VERSION)
    assert hasty.pid is None


def test_what_takes_too_much_memory_is_ended() -> None:
    small = Renderer(megabytes=1_000)
    with pytest.raises(RenderingError, match="ended with code"):
        small.chart(ENDLESS, VERSION)
    assert small.chart(chart("Acme"), VERSION)
    small.end()


def test_a_child_that_was_killed_while_idle_is_replaced(renderer: Renderer) -> None:
    renderer.chart(chart("Acme"), VERSION)
    assert renderer.pid is not None
    os.kill(renderer.pid, signal.SIGKILL)
    assert renderer.chart(chart("Acme"), VERSION)


def test_threads_share_one_child(renderer: Renderer) -> None:
    names = [f"brand{n}" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda name: renderer.chart(chart(name), VERSION), names))
    assert all(name in svg for name, svg in zip(names, drawn, strict=True))


def test_pages_that_cannot_be_set_are_an_error(renderer: Renderer, tmp_path: Path) -> None:
    layout = tmp_path / "report.typ"
    layout.write_text('#image("gone.svg")')
    with pytest.raises(RenderingError, match=r"gone\.svg"):
        renderer.pages(layout, tmp_path, datetime.now(UTC))
    layout.write_text("Fine")
    assert renderer.pages(layout, tmp_path, datetime.now(UTC)).startswith(b"%PDF-")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends the child")
def test_the_child_ends_with_a_parent_that_is_killed() -> None:
    """Killed while the child draws, so that it cannot notice by itself."""
    program = (
        "from threading import Thread; from monitor.reports.renderer import Renderer; r = Renderer()\n"
        f"r.chart({chart('Acme')!r}, {VERSION!r}); print(r.pid, flush=True)\n"
        f"Thread(target=r.chart, args=({ENDLESS!r}, {VERSION!r})).start()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    watch = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    poll = select.poll()
    poll.register(watch)
    assert poll.poll(10_000), "the child outlives its parent"
    os.close(watch)
