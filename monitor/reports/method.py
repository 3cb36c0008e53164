"""How a report's figures come about, in sentences: the same in the page and in the PDF."""

from typing import Final

from monitor.reports.content import Report
from monitor.reports.wording import counted

_COUNTING: Final = """
A post is everything with one source and id: its text and its picture count once. Share of voice is a
brand's posts among the posts of all watched brands, so a post about two brands counts for both. Net
sentiment is (positive - negative) / texts that name the brand and have a sentiment; brand health is
positive / (positive + negative), with Wilson's 95% interval. Sentiment is the one toward the brand where
the model can tell, else that of the whole text. Where even the best of the three labels is less probable
than the model's threshold, the model was not sure: such a text, like one in a language that it does not
speak, counts as a mention, apart, and in no sentiment until a person judges it. A story is one text or
picture with its copies; by stories, only the first of them counts, where and when it appeared.
"""

_COMPARING: Final = """
The period before is as long and ends where this one begins. Changes are tested with the two-proportion z
test, adjusted over the brands (Holm), and take mentions for independent, which reposts are not: counted by
posts, a change just beyond chance is a hint, not a proof.
"""


_SHOWING: Final = """
A picture shows a brand by its look, which a network compares with the logos it knows, by its letters, where
the name is read in it, or by both. The per cent beside it say how probable that is.
"""


def method(report: Report) -> tuple[str, ...]:
    """Paragraphs for whoever asks where a number comes from."""
    figures = report.figures
    corrections = figures.corrections
    told = [
        " ".join(_COUNTING.split()),
        " ".join(_COMPARING.split()),
        " ".join(_SHOWING.split()),
        f"Rejected records count by the time of rejection. Days and times are in {report.zone}. "
        f"{counted(corrections, 'correction')} by people {'is' if corrections == 1 else 'are'} counted in.",
    ]
    if figures.models:
        used = ", ".join(
            f"{each.model_version} ({counted(each.mentions, 'text' if each.kind == 'text' else 'picture')})"
            for each in figures.models
        )
        told.append(
            f"Scored by: {used}. Each model's data, measurements and limits are in the CARD.md of its folder."
        )
    return tuple(told)
