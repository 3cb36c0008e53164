"""HTML of posts and feeds: the text as a reader sees it, and the pictures it shows."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml import html as lxml_html
from lxml.etree import ParserError

# Tables row by row, not drawn: to fill up its cells a small one becomes gigabytes.
_ROW = HtmlElement(display=Display.block)
_CELL = HtmlElement(suffix=" ")
_PLAIN: dict[str, Any] = dict.fromkeys(("table", "tr", "td", "th"))
_READER = ParserConfig(
    css={**CSS_PROFILES["strict"], "table": _ROW, "tr": _ROW, "td": _CELL, "th": _CELL},
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(_PLAIN, _PLAIN),
)
_MOST_CHARACTERS = 1_000_000
"""Of HTML that are read, a second's work; a mention's text holds a tenth."""
_LEAST_SIDE = 32
"""Pixels: what says that it is smaller is an emoji or counts readers."""
# What libxml2 cannot take, and no text means.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")
_EMOJI = {"emoji", "custom-emoji", "emojione", "wp-smiley"}


def text_of(html: str) -> str:
    """What a reader sees of a page or fragment, paragraphs and list items on lines of their own; "" of none.

    Never raises: of broken HTML it is what libxml2 makes of it. Addresses of links are left out, hidden
    parts of visible ones (Mastodon's) are not. Plain text passes as it is, but for its line breaks.
    """
    lines = get_text(_clean(html), _READER).split("\n")
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def pictures_of(html: str, base: str | None = None) -> tuple[str, ...]:
    """Addresses of the pictures shown, in order, each once; relative ones are resolved against `base`.

    Emoji, pixels that count readers and pictures inside of the HTML itself (`data:`) are left out.
    Never raises.
    """
    html = _clean(html).strip()
    if not html:
        return ()
    try:
        shown = lxml_html.document_fromstring(html).iter("img")
    except ParserError:  # nothing but comments
        return ()
    found = (address(image.get("src"), base) for image in shown if not _is_small(image))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def address(written: str | None, base: str | None = None) -> str | None:
    """An http or https address, whole, as it stands in a feed or page; None where it is none."""
    if not written:
        return None
    try:
        whole = urljoin(base or "", written.strip())
        parts = urlsplit(whole)
        named = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:  # a port or an IPv6 address that is none
        return None
    return whole if named else None


def _clean(html: str) -> str:
    return _UNWANTED.sub("", html[:_MOST_CHARACTERS])


def _is_small(image: lxml_html.HtmlElement) -> bool:
    if _EMOJI & set((image.get("class") or "").split()):
        return True
    sides = (image.get(side, "").strip().removesuffix("px") for side in ("width", "height"))
    return any(re.fullmatch(r"\d{1,2}", side, re.ASCII) and int(side) < _LEAST_SIDE for side in sides)
