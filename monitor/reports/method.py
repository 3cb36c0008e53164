"""How a report's figures come about, in a few sentences: the same in the page and in the PDF."""

from typing import Final

from monitor.reports import feeling
from monitor.reports.content import Report
from monitor.reports.languages import in_words
from monitor.reports.wording import counted

_COUNTING: Final = """
A post is everything with one source and id: its text and its picture count once. Share of voice is a brand's
posts among the posts of all watched brands; health is positive / (positive + negative) texts, net sentiment
(positive - negative) / all three. A brand's usual is what it had at the same hours and days of the week in
the eight weeks before. Every difference comes with the range that it lies in with a probability of 95%, from
that brand's own ups and downs; "may be chance" is said where this range holds no difference.
"""


def method(report: Report) -> tuple[str, ...]:
    """Paragraphs for whoever asks where a number comes from; docs/method.md has the formulas."""
    figures = report.figures
    n = figures.corrections
    told = [
        " ".join(_COUNTING.split()) + " docs/method.md has the formulas.",
        f"Days and times are in {report.zone}. {counted(n, 'correction')} by people "
        f"{'is' if n == 1 else 'are'} counted in. {report.rejected}. "
        + "".join(f"{said}. " for said in _apart(report)),
    ]
    if figures.models:
        used = ", ".join(
            f"{each.model_version} ({counted(each.mentions, 'text' if each.kind == 'text' else 'picture')})"
            for each in figures.models
        )
        told.append(f"Scored by: {used}.")
    return tuple(each.strip() for each in told)


def _apart(report: Report) -> tuple[str, ...]:
    """What counts as mentions and in no sentiment."""
    told = []
    unsure = feeling.in_words(report.figures.feeling)
    if unsure:
        told.append(f"{unsure}: counted apart, in no sentiment")
    if report.figures.unscored:
        one = len(report.figures.unscored) == 1
        told.append(
            f"{in_words(report.figures.unscored)} (the model does not speak "
            f"{'that language' if one else 'these languages'}: in no sentiment)"
        )
    return tuple(told)
