"""The report as PDF, set by Typst: a compiler in a Python wheel, so that no machine lacks a library for it.

Everything a publisher wrote reaches Typst as strings in a JSON file, never as markup. Fonts for Latin, Greek
and Cyrillic letters and common symbols are carried; other scripts need a font on the machine
(docs/reports.md).
"""

import tempfile
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from monitor import __version__
from monitor.reports import layout, tables
from monitor.reports.charts import Drawing
from monitor.reports.content import Report
from monitor.reports.labels import breakable, cut, label
from monitor.reports.method import method
from monitor.reports.pictures import ShownPicture
from monitor.reports.renderer import renderer
from monitor.reports.tables import Table
from monitor.reports.thumbnails import thumbnail
from monitor.reports.wording import day, is_web_address, minute
from monitor.storage.pictures import PictureStore

_MOST_CAPTION: Final = 120
"""Characters of a picture's caption that are shown."""


def pdf(report: Report, store: PictureStore) -> bytes:
    """Lay the report out on A4 pages, tagged for screen readers. Blocks, for a second or two;
    raises `RenderingError`."""
    with tempfile.TemporaryDirectory(prefix="brand-monitor-report-") as folder:
        root = Path(folder)
        data = _document(report, store, root)
        (root / "data.json").write_bytes(msgspec.json.encode(data))
        layout = resources.files("monitor.reports").joinpath("templates", "report.typ").read_bytes()
        (root / "report.typ").write_bytes(layout)
        fonts = resources.files("monitor.reports").joinpath("fonts")
        return renderer.pages(root / "report.typ", Path(str(fonts)), report.generated_at)


def _document(report: Report, store: PictureStore, root: Path) -> dict[str, Any]:
    """What report.typ reads; pictures and charts become files under `root`."""
    figures, zone = report.figures, report.chosen.since.tzinfo
    last_day = report.chosen.until - timedelta(microseconds=1)
    period = f"{day(report.chosen.since, zone)} to {day(last_day, zone)} ({report.zone})"
    about = layout.about(report)
    return {
        "title": breakable(f"{about}, {period}: brand report"),
        "about": breakable(label(about, 60)),
        "headline": breakable(report.headline),
        "period": period,
        "limits": breakable(report.limits),
        "scope": breakable(layout.scope(report)),
        "synthetic": figures.synthetic,
        "version": __version__,
        "made": f"{minute(report.generated_at, zone)} {report.zone}",
        "empty": figures.mentions == 0,
        "cards": [
            {"label": breakable(name), "value": value, "detail": breakable(detail)}
            for name, value, detail in tables.cards(report)
        ],
        "sections": [
            {
                "title": section.title,
                "blocks": [_block(each, report, store, root) for each in section.blocks],
            }
            for section in layout.sections(report)
        ],
        "method": [breakable(each) for each in method(report)],
    }


def _block(block: layout.Block, report: Report, store: PictureStore, root: Path) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": block.kind}
    match block:
        case layout.Entries():
            return told | {"columns": block.columns, "items": [_entry(each) for each in block.items]}
        case layout.Charts():
            return told | {"items": [_chart(each, n, root) for n, each in enumerate(block.items)]}
        case layout.Rows():
            return told | {"items": [_table(each) for each in block.items]}
        case layout.Posts():
            return told | {"items": [_said(each) for each in block.items]}
        case layout.Pictures():
            shown = [_picture(each, report, store, root) for each in block.items]
            return told | {"note": block.note, "items": shown}
        case layout.Words():
            return told | {"text": breakable(block.text)}


def _entry(entry: layout.Entry) -> dict[str, Any]:
    return {
        "title": breakable(entry.title),
        "text": breakable(entry.text),
        "note": breakable(entry.note),
        "tone": entry.tone,
        "said": None if entry.said is None else _said(entry.said),
    }


def _said(said: layout.Said) -> dict[str, str]:
    return {
        "text": breakable(said.text),
        "origin": breakable(said.origin),
        "url": said.url if said.url and is_web_address(said.url) else "",
        "tone": said.tone,
    }


def _chart(drawing: Drawing, number: int, root: Path) -> dict[str, str]:
    drawn, file = drawing.svg, ""
    if drawn is not None:
        file = f"chart-{number}.svg"
        # A page is white: text is black there.
        (root / file).write_text(drawn.replace("currentColor", "#000000"), "utf-8")
    return {"title": breakable(drawing.title), "note": breakable(drawing.note), "file": file}


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": breakable(table.caption),
        "columns": [
            {"heading": each.heading, "numeric": each.numeric, "width": each.width} for each in table.columns
        ],
        "rows": [[breakable(cell, every=10) for cell in row] for row in table.rows],
        "own": list(table.own),
    }


def _picture(shown: ShownPicture, report: Report, store: PictureStore, root: Path) -> dict[str, str]:
    small = thumbnail(store, shown)
    file = f"{shown.sha256}.jpg" if small.jpeg is not None else ""
    if small.jpeg is not None:
        (root / file).write_bytes(small.jpeg)
    who = f"{label(shown.author) if shown.author else 'unnamed author'}, {label(shown.source)}"
    caption = cut(" ".join((shown.caption or "").split()), _MOST_CAPTION)
    return {
        "file": file,
        "fault": breakable(f"Picture not available: {small.fault}") if small.fault else "",
        "alt": f"Picture with {', '.join(sorted({found.brand for found in shown.detections}))}",
        "brands": breakable(shown.finds),
        "unnamed": breakable(", ".join(f"{brand} not named" for brand in shown.unnamed)),
        "caption": breakable(caption),
        "origin": breakable(f"{who}, {minute(shown.published_at, report.chosen.since.tzinfo)}"),
    }
