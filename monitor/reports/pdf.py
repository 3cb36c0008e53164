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
from monitor.reports import tables
from monitor.reports.charts import Drawing
from monitor.reports.content import Report
from monitor.reports.labels import breakable, cut, label
from monitor.reports.mentions import MentionLine, Quote
from monitor.reports.method import method
from monitor.reports.pictures import ShownPicture
from monitor.reports.renderer import renderer
from monitor.reports.tables import Table
from monitor.reports.thumbnails import thumbnail
from monitor.reports.wording import counted, day, is_web_address, minute, number, percent, signed
from monitor.storage.pictures import PictureStore

_MOST_SAID: Final = 320
"""Characters of a text that are shown."""

_MOST_PICTURES: Final = 12
"""Two pages' worth of the wall; the page has more."""


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
    return {
        "title": breakable(f"{report.focus or 'Brands'}, {period}: brand report"),
        "focus": breakable(report.focus or ""),
        "headline": breakable(report.headline),
        "period": period,
        "limits": breakable(report.limits),
        "scope": _scope(report),
        "synthetic": figures.synthetic,
        "version": __version__,
        "made": f"{minute(report.generated_at, zone)} {report.zone}",
        "empty": figures.mentions == 0,
        "cards": _cards(report),
        "findings": [breakable(each) for each in report.findings],
        "sections": _sections(report, store, root),
        "method": [breakable(each) for each in method(report)],
    }


def _sections(report: Report, store: PictureStore, root: Path) -> list[dict[str, Any]]:
    """Title and blocks of each part; blocks with nothing to show are left out."""

    def charts(*names: str) -> list[dict[str, Any]]:
        drawn = [_chart(report.drawings[name], name, root) for name in names if name in report.drawings]
        return [{"kind": "charts", "items": drawn}] if drawn else []

    parts = (
        ("Who is talked about", [*charts("share", "change"), *_table(tables.voice_table(report))]),
        (
            "How people feel",
            [
                *charts("health", "trend", "health_over_time"),
                *_table(tables.feeling_table(report)),
                *_table(tables.over_time_table(report)),
            ],
        ),
        (
            "What is being said",
            [*(charts("terms") or _words(report.no_terms)), *_quotes(report), *_reached(report)],
        ),
        (
            "Logos without a word",
            _pictures(report, report.silent, "Pictures that show a brand nobody named", store, root),
        ),
        (
            "Where the logos show",
            _pictures(report, report.pictures[:_MOST_PICTURES], "Ours first, then the surest", store, root),
        ),
        (
            "Where it comes from",
            [
                *charts("sources"),
                *_table(tables.sources_table(report)),
                *_table(tables.authors_table(report)),
            ],
        ),
        ("What could not be read", _table(tables.rejected_table(report))),
    )
    return [{"title": title, "blocks": blocks} for title, blocks in parts if blocks]


def _scope(report: Report) -> str:
    figures = report.figures
    zone = report.chosen.since.tzinfo
    said = f"{counted(figures.texts, 'text')} and {counted(figures.images, 'picture')}"
    said += f" in {counted(figures.posts, 'post')} from {counted(figures.sources, 'source')}"
    if figures.authors is not None:
        said += f" and {counted(figures.authors, 'named author')}"
    if figures.first_published and figures.last_published:
        first, last = minute(figures.first_published, zone), minute(figures.last_published, zone)
        said += f". First {first}, last {last}"
    if figures.by_posts:
        said += f". {report.stories}"
    return said + "."


def _cards(report: Report) -> list[dict[str, str]]:
    figures, ours, felt = report.figures, report.ours, report.felt
    cards = []
    if ours is not None:
        detail = f"words {percent(ours.share_words)}, pictures {percent(ours.share_picture)}"
        cards.append((f"Share of voice, {ours.brand}", percent(ours.share), detail))
    if felt is not None:
        cards.append(
            (
                "Net sentiment",
                signed(felt.net_sentiment),
                f"-1 to +1, n = {number(felt.sure)}",
            )
        )
    if felt is not None and felt.health is not None:
        interval = f"{percent(felt.health_low or 0)} to {percent(felt.health_high or 0)}"
        cards.append(("Brand health", percent(felt.health), f"95%: {interval}, n = {number(felt.opinions)}"))
    cards.append(
        (
            "Logo shown, brand not named",
            number(figures.image_only),
            f"of {counted(figures.images, 'picture')}",
        )
    )
    cards.append(("Inputs rejected", number(figures.rejections), report.rejected_share))
    return [{"label": breakable(label), "value": value, "detail": detail} for label, value, detail in cards]


def _chart(drawing: Drawing, name: str, root: Path) -> dict[str, str]:
    drawn, file = drawing.svg, ""
    if drawn is not None:
        file = f"{name}.svg"
        # A page is white: text is black there.
        (root / file).write_text(drawn.replace("currentColor", "#000000"), "utf-8")
    return {"title": breakable(drawing.title), "note": breakable(drawing.note), "file": file}


def _table(table: Table) -> list[dict[str, Any]]:
    if not table.rows:
        return []
    return [
        {
            "kind": "table",
            "caption": breakable(table.caption),
            "columns": [{"heading": each.heading, "numeric": each.numeric} for each in table.columns],
            "rows": [[breakable(cell) for cell in row] for row in table.rows],
            "own": list(table.own),
        }
    ]


def _words(text: str) -> list[dict[str, Any]]:
    return [{"kind": "words", "text": breakable(text)}] if text else []


def _quotes(report: Report) -> list[dict[str, Any]]:
    sides = (
        ("positive", f"Warmest about {report.focus}", report.praise),
        ("negative", f"Sharpest about {report.focus}", report.criticism),
    )
    told = [
        {
            "label": label,
            "title": breakable(title),
            "quotes": [_quote(each, label, report) for each in quotes],
        }
        for label, title, quotes in sides
    ]
    return [{"kind": "quotes", "sides": told}] if report.praise or report.criticism else []


def _quote(quote: Quote, label: str, report: Report) -> dict[str, str]:
    judged = "corrected by a person" if quote.corrected else f"{percent(quote.p)} {label}"
    reach = "" if quote.reach is None else f" · reach {number(quote.reach)}"
    when = minute(quote.published_at, report.chosen.since.tzinfo)
    who = _who(quote.author, quote.source)
    return {
        "text": _said(quote.text),
        "origin": f"{who}, {when} · {judged}{reach}",
        "url": quote.url if quote.url and is_web_address(quote.url) else "",
    }


def _reached(report: Report) -> list[dict[str, Any]]:
    def row(each: MentionLine) -> list[str]:
        brands = "; ".join(filter(None, (", ".join(each.brands_named), *each.seen)))
        who = _who(each.author, each.source)
        text = _said(each.text, 200) if each.text else "picture without words"
        when = minute(each.published_at, report.chosen.since.tzinfo)
        reach = number(each.reach) if each.reach is not None else "unknown"
        return [f"{text}\n{who}, {when}", breakable(brands), each.verdict, reach]

    if not report.reached:
        return []
    headings = (("Said", False), ("Brands", False), ("Sentiment", False), ("Reach", True))
    return [
        {
            "kind": "table",
            "caption": f"The mentions that most people may have seen: {len(report.reached)} of "
            f"{counted(report.figures.mentions, 'mention')}, those about a brand first",
            "columns": [{"heading": heading, "numeric": numeric} for heading, numeric in headings],
            "rows": [row(each) for each in report.reached],
            "own": [],
        }
    ]


def _pictures(
    report: Report, shown: tuple[ShownPicture, ...], note: str, store: PictureStore, root: Path
) -> list[dict[str, Any]]:
    items = []
    for each in shown:
        small = thumbnail(store, each)
        file = f"{each.sha256}.jpg" if small.jpeg is not None else ""
        if small.jpeg is not None:
            (root / file).write_bytes(small.jpeg)
        items.append(
            {
                "file": file,
                "fault": breakable(f"Picture not available: {small.fault}") if small.fault else "",
                "alt": f"Picture with {', '.join(sorted({found.brand for found in each.detections}))}",
                "brands": breakable(each.finds),
                "unnamed": breakable(", ".join(f"{brand} not named" for brand in each.unnamed)),
                "caption": _said(each.caption, 120) if each.caption else "",
                "origin": f"{_who(each.author, each.source)}, "
                f"{minute(each.published_at, report.chosen.since.tzinfo)}",
            }
        )
    return [{"kind": "pictures", "note": note, "items": items}] if items else []


def _said(text: str, most: int = _MOST_SAID) -> str:
    return breakable(cut(" ".join(text.split()), most))


def _who(author: str | None, source: str) -> str:
    return breakable(f"{label(author) if author else 'unnamed author'}, {label(source)}")
