"""Terms that set praise apart from criticism: what is left out, what counts, and what chance explains."""

import pytest

from monitor.reports.charts import terms_chart
from monitor.reports.filters import Filter
from monitor.reports.terms import distinctive, terms

PRAISE = ["I love the support, quick and friendly"] * 30 + ["It works. My team likes it"] * 30
BLAME = ["I hate the billing page, it was down again"] * 30 + ["Never again: not working for us"] * 30


def told(positive: list[str], negative: list[str], **more: object) -> list[str]:
    return [each.term for each in distinctive(positive, negative, 20, **more)]  # type: ignore[arg-type]


def test_function_words_name_nothing_and_denials_do() -> None:
    found = told(PRAISE, BLAME)
    assert not {"i", "the", "it", "was", "my", "for", "us"} & set(found)
    assert {"love", "friendly", "not working"} <= set(found)


def test_a_word_said_in_one_pair_only_is_told_by_the_pair() -> None:
    found = told(PRAISE, BLAME)
    assert "billing page" in found
    assert not {"billing", "page"} & set(found)


def test_a_pair_has_nothing_but_space_between() -> None:
    found = told(PRAISE, BLAME)
    assert "support quick" not in found  # a comma
    assert "works my" not in found
    assert "again not" not in found


def test_the_brands_own_names_and_addresses_are_passed_over() -> None:
    positive = ["VMware rocks https://vmware.example/rocks @vmware #love"] * 5
    found = told(positive, ["VMware fails"] * 5, without=["vmware"])
    assert found == ["rocks", "fails"]


def test_praise_is_above_zero_and_both_sides_are_counted() -> None:
    found = {each.term: each for each in distinctive(PRAISE, BLAME, 20)}
    assert found["love"].z > 1.96
    assert found["hate"].z < -1.96
    assert (found["love"].positive, found["love"].negative) == (30, 0)
    assert (found["love"].positive_texts, found["love"].negative_texts) == (60, 60)


def test_equal_texts_have_nothing_beyond_chance() -> None:
    found = distinctive(PRAISE, PRAISE, 20)
    assert all(abs(each.z) < 1e-9 for each in found)
    assert terms_chart("VMware", found) is None


@pytest.mark.parametrize(("positive", "negative"), [([], BLAME), (PRAISE, []), ([], [])])
def test_one_side_alone_is_no_comparison(positive: list[str], negative: list[str]) -> None:
    assert distinctive(positive, negative, 20) == ()


def test_the_chart_says_how_many_and_names_both_sides() -> None:
    drawn = terms_chart("VMware", distinctive(PRAISE, BLAME, 20))
    assert drawn is not None
    assert drawn.title.startswith("VMware: praise says \N{LEFT DOUBLE QUOTATION MARK}")
    assert "; criticism says " in drawn.title
    assert "n = 60 positive and 60 negative texts" in drawn.note
    assert drawn.svg.startswith("<svg")


def test_few_texts_of_a_database_say_nothing(month, since, until) -> None:
    assert all(abs(each.z) < 1.96 for each in terms(month.connection, Filter(since, until), "VMware"))
    assert terms(month.connection, Filter(since, until), "Quiet") == ()
