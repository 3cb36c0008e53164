"""Takes e-mail addresses and phone numbers out of a text: `[e-mail]` and `[phone]` stand in their places.

Numbers are those that the world's numbering plans hold (phonenumbers, the port of Google's library): with
their country's code anywhere, without it where the text's language says in which country it may be dialled.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

E_MAIL: Final = "[e-mail]"
PHONE: Final = "[phone]"

_DIGITS: Final = re.compile(r"\d(?:[^\w,;:!?]{0,4}\d){5,}")
"""Six digits, as many as the shortest numbers with their area have (Munich's), or more, and between them what
may stand there: a text without needs no look. Pagers had five, which are German postcodes by now."""
_MOST_DIGITS: Final = 1_000
"""Of a text whose numbers are looked at one by one: each digit more may cost half a millisecond, and a text
of nothing else would hold up all others."""

# The domain is looked for first, and the name before it then: from the left, a long word would be read again
# from each of its letters.
_DOMAIN: Final = re.compile(
    r"(?:[@\uff20\ufe6b]|&#0*64;|&#[xX]0*40;|&commat;)"
    r"(?:[\w-]{1,63}\.){1,10}(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})(?![^\W_])"
)
_NAME: Final = re.compile(r"[\w.+%'-]{1,64}\Z")
_LONGEST_NAME: Final = 64
_BEFORE_A_NAME: Final = "'_%."
"""Signs that a name may hold and that, at its beginning, belong to what stands before it."""

REGIONS: Final[dict[str, tuple[str, ...]]] = {
    "ar": ("EG", "SA"),
    "bg": ("BG",),
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("DE", "AT", "CH"),
    "el": ("GR",),
    "en": ("US", "GB"),
    "es": ("ES", "MX"),
    "et": ("EE",),
    "fi": ("FI",),
    "fr": ("FR",),
    "he": ("IL",),
    "hi": ("IN",),
    "hr": ("HR",),
    "hu": ("HU",),
    "id": ("ID",),
    "it": ("IT",),
    "ja": ("JP",),
    "ko": ("KR",),
    "lt": ("LT",),
    "lv": ("LV",),
    "nb": ("NO",),
    "nl": ("NL", "BE"),
    "nn": ("NO",),
    "no": ("NO",),
    "pl": ("PL",),
    "pt": ("BR", "PT"),
    "ro": ("RO",),
    "ru": ("RU",),
    "sk": ("SK",),
    "sl": ("SI",),
    "sr": ("RS",),
    "sv": ("SE",),
    "th": ("TH",),
    "tr": ("TR",),
    "uk": ("UA",),
    "vi": ("VN",),
    "zh": ("CN", "TW"),
}
"""Where numbers without a country's code are dialled, by language: where most of its speakers live who write
about brands. Each region more takes as long again, in texts with so many digits."""


def without_contacts(text: str, language: Callable[[], str]) -> str:
    """The text with what reaches a person replaced; linear in the text, with a small factor.

    In a text of more than 1,000 digits whatever is as long as a number is taken for one. `language`, an ISO
    639 code, is asked for only where there are enough digits for a number."""
    text = _replaced(text, _addresses(text), E_MAIL)
    if not _DIGITS.search(text):
        return text
    if sum(map(str.isdecimal, text)) > _MOST_DIGITS:
        return _DIGITS.sub(PHONE, text)
    from phonenumbers import PhoneNumberMatcher  # a quarter of a second, which only those wait who want it

    places = [
        (found.start, found.end)
        for region in REGIONS.get(language(), (None,))
        for found in PhoneNumberMatcher(text, region)
    ]
    return _replaced(text, _united(places), PHONE)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    last = 0
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        name = _NAME.search(text, max(last, at - _LONGEST_NAME), at)
        start = name.start() if name else at
        while start < at and text[start] in _BEFORE_A_NAME:
            start += 1
        # @ann@example.social is a name of the Fediverse, as @ann is one elsewhere.
        if start < at and text[start - 1 : start] != "@":
            last = domain.end()
            yield start, last


def _united(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that overlap as one: what is a whole number here may be the end of one elsewhere."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if united and start < united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _replaced(text: str, places: Iterable[tuple[int, int]], by: str) -> str:
    kept: list[str] = []
    last = 0
    for start, end in places:
        kept += [text[last:start], by]
        last = end
    return "".join([*kept, text[last:]]) if kept else text
