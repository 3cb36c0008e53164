"""What reaches a person is taken out of a text, and what only looks so stays."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberMatcher,
    PhoneNumberType,
    example_number_for_type,
    format_number,
)

from monitor.privacy.contacts import _DIGITS, E_MAIL, PHONE, REGIONS, without_contacts


def without(text: str, language: str = "en") -> str:
    return without_contacts(text, lambda: language)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Write to ann.smith+shop@mail.example.com, please", "Write to [e-mail], please"),
        ("Mail (ann@example.com) or <bob@example.co.uk>.", "Mail ([e-mail]) or <[e-mail]>."),
        ("ann@example.com;bob@example.com", "[e-mail];[e-mail]"),
        ("mailto:ann@example.com?subject=Hi", "mailto:[e-mail]?subject=Hi"),
        ("jürgen@müller.example wrote", "[e-mail] wrote"),
        ("иван@почта.рф", "[e-mail]"),
        ("an address with a code: ann&#64;example.com", "an address with a code: [e-mail]"),
        ("wide: ann＠example.com", "wide: [e-mail]"),
        ("_ann@example.com_", "_[e-mail]_"),
        ("ann@xn--mller-kva.example", "[e-mail]"),
        ("x" * 70 + "@example.com", "x" * 6 + "[e-mail]"),
    ],
)
def test_addresses_are_replaced(said: str, kept: str) -> None:
    assert without(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "@nike your shop is closed",
        "thanks @ann@social.example for the tip",  # a name of the Fediverse
        "https://medium.example/@ann.smith/a-story",
        "me @ work. Later",
        "3 @ 4.50 each",
        "ann@localhost",
        "a@b",
    ],
)
def test_names_and_signs_are_no_addresses(said: str) -> None:
    assert without(said) == said


@pytest.mark.parametrize(
    ("language", "said", "kept"),
    [
        ("und", "call +49 170 1234567 now", "call [phone] now"),
        ("und", "tel:+44-20-7946-0958.", "tel:[phone]."),
        ("en", "call 212-736-5000 or (020) 7946 0958", "call [phone] or [phone]"),
        ("de", "Ruf an: 030 1234567!", "Ruf an: [phone]!"),
        ("de", "Ruf an: 0043 1 58858-0", "Ruf an: [phone]"),
        ("fr", "au 01 42 68 53 00", "au [phone]"),
        ("ar", "اتصل +٩٦٦ ٥١ ٢٣٤ ٥٦٧٨", "اتصل [phone]"),
    ],
)
def test_numbers_are_replaced(language: str, said: str, kept: str) -> None:
    assert without(said, language) == kept


@pytest.mark.parametrize(
    "said",
    [
        "since 28.11.2026, 12:30, for 1.299,00 EUR",
        "2024-2025, 10-12-2026 18:45:00",
        "10,000,000 views, 1299.99 USD",
        "order 12345678",
        "https://x.example/a/status/1466112345678901234",
        "ISBN 978-3-16-148410-0",
    ],
)
@pytest.mark.parametrize("language", ["und", "de", "en"])
def test_dates_prices_and_other_numbers_stay(said: str, language: str) -> None:
    assert without(said, language) == said


def test_a_number_without_its_country_needs_the_language() -> None:
    assert without("030 1234567", "und") == "030 1234567"
    assert without("030 1234567", "de") == PHONE


def test_the_language_is_asked_for_only_where_digits_are() -> None:
    def never() -> str:
        raise AssertionError

    assert without_contacts("ann@example.com, 2 of 3", never) == f"{E_MAIL}, 2 of 3"


def test_a_text_of_nothing_but_numbers_costs_no_look_at_each() -> None:
    said = "1/2/3/4/5/6/7/8 and 12 of " * 5_000
    assert without(said, "de") == f"{PHONE} and 12 of " * 5_000


@pytest.mark.parametrize("kind", [PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE])
@pytest.mark.parametrize(
    ("language", "region"), [(language, region) for language, some in REGIONS.items() for region in some]
)
def test_numbers_of_every_region_are_replaced(language: str, region: str, kind: int) -> None:
    """As the region writes them, in its language, and with the country's code in any."""
    number = example_number_for_type(region, kind)
    national = format_number(number, PhoneNumberFormat.NATIONAL)
    international = format_number(number, PhoneNumberFormat.INTERNATIONAL)
    assert without(f"call {national}.", language) == "call [phone]."
    assert without(f"call {international}.", "und") == "call [phone]."


@given(st.text(alphabet="0123456789+()-./~ \u00a0\u2013\uff0d\uff0b,;x#", min_size=6, max_size=40))
@example("030000;")
def test_no_number_is_passed_over_without_a_look(text: str) -> None:
    found = (match for region in (None, "US", "DE", "JP") for match in PhoneNumberMatcher(text, region))
    there = any(sum(map(str.isdecimal, match.raw_string)) > 5 for match in found)
    assert not there or _DIGITS.search(text)


@given(st.text(alphabet="a1@. -+(&#64;é", max_size=80))
@example("a" * 50_000)
@example("a@" * 25_000)
@example("a@a." * 20_000)
@example("1 " * 20_000)
def test_any_text_is_read_once_and_for_all(text: str) -> None:
    once = without(text)
    assert without(once) == once
