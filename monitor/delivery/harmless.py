"""What publishers wrote, in messages: one line each, that pings nobody and is no link and no markup."""

from typing import Final

from monitor.reports.labels import label

_HARMLESS: Final = str.maketrans(
    {
        "@": "\N{FULLWIDTH COMMERCIAL AT}",
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "*": "\N{ASTERISK OPERATOR}",
        "|": "\N{BROKEN BAR}",
        "`": "'",
    }
)
"""Signs that chat services read as a call to everybody, as a link or as markup, and what stands for them."""


def harmless(text: str, most: int = 400) -> str:
    """One line of at most `most` columns."""
    return label(text, most).translate(_HARMLESS).replace("://", ":")
