"""HTML to the text that a reader sees, and to the pictures it shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.html import pictures_of, text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<p>Hello <a href='https://x.example'>world</a></p><p>Second<br>line</p>",
            "Hello world\n\nSecond\nline",
        ),
        ("I <3 AT&amp;T & you", "I <3 AT&T & you"),
        ("<ul><li>one<li>two<ul><li>deep</ul></ul>", "* one\n* two\n+ deep"),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d"),
        ("<script>x=1</script><style>p{}</style><!-- c -->seen", "seen"),
        ("<p style='display:none'>hidden</p>seen", "seen"),
        (
            "<a href='https://a.example/bcd'><span class='invisible'>https://</span>"
            "<span class='ellipsis'>a.example/b</span><span class='invisible'>cd</span></a>",
            "https://a.example/bcd",
        ),
        ("caf&eacute; &#128512; &nbsp;x", "caf\u00e9 \U0001f600 x"),
        ("<b>un</b>broken<wbr>word", "unbrokenword"),
        ("<?xml version='1.0' encoding='utf-8'?><p>declared</p>", "declared"),
        ("nul\x00 and half \ud800 a pair", "nul and half a pair"),
        ("<div style='margin-top:9999em'>far</div><p>below", "far\n\nbelow"),
        ("<p>never <b>closed <i>anything", "never closed anything"),
        ("", ""),
        ("<!-- nothing -->", ""),
    ],
)
def test_a_reader_sees(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "html", ["<div>" * 100_000 + "x", "<ul><li>" * 20_000, "&amp;" * 500_000, "<" * 100_000]
)
def test_what_would_exhaust_a_parser_ends(html: str) -> None:
    text_of(html)
    pictures_of(html)


@given(st.text(alphabet=st.characters(codec=None)) | st.text(alphabet="<>/!-[]&;?ap imgsrc=\"'\x00 \n"))
def test_anything_is_read(html: str) -> None:
    assert text_of(html) == text_of(html).strip()
    pictures_of(html, "https://a.example/")


def test_pictures_are_whole_addresses_each_once() -> None:
    html = """
    <img src="/a.jpg"><img src="https://b.example/b.png" width="640"><img src="/a.jpg">
    <img src="data:image/gif;base64,R0lGOD"><img src="/pixel.gif" width="1" height="1">
    <img class="wp-smiley" src="/smile.png"><img><img src=""><img src="https://[broken/">
    <img src="mailto:a@b.example">
    """
    assert pictures_of(html, "https://a.example/post/1") == (
        "https://a.example/a.jpg",
        "https://b.example/b.png",
    )
    assert pictures_of('<img src="/a.jpg">') == ()


def test_a_table_of_one_wide_cell_does_not_grow() -> None:
    html = "<table><tr><td>" + "a" * 100_000 + "<td>b" + "<tr><td>a<td>b" * 2000
    assert len(text_of(html)) < len(html)
