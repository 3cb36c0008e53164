"""What is known of each public text set: what its labels are toward, who may use it, which rows are read.

Two kinds of labels, never mixed: toward a target (a span of the text), and of the whole text. Where both are
known for a tweet they agree in 78.5% of the cases, so neither is taught as the other.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal


class LicenceClass(StrEnum):
    """Who may train on a set, as far as its publisher says."""

    COMMERCIAL = "commercial"
    """MIT, Apache-2.0, CC BY, CC BY-SA, public domain: stated for the data, not only for code beside them."""
    NONCOMMERCIAL = "noncommercial"
    """The licence forbids commercial use."""
    RESEARCH = "research"
    """Given out for research, or under terms of a shared task."""
    UNSTATED = "unstated"
    """Nothing stated for the data, or tweets whose terms stand above what is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSet:
    """One set. Everything that is done to it in particular stands here."""

    name: str
    toward: Literal["target", "whole", "either"]
    classes: Literal[2, 3] = 3
    """Two where the raters had no neutral to choose: such a set says nothing about it."""
    licence: LicenceClass
    terms: str
    """The licence in words, as found with the data."""
    note: str
    """What it holds, and its traps."""
    family: str | None = None
    """The pair of `FAMILIES` it belongs to: related sets are left out together."""
    rows: tuple[tuple[str, object], ...] = ()
    """Columns and the value a row must have to be read."""
    unread_sources: frozenset[str] = frozenset()
    """Values of `source` whose rows are not read."""
    dev_by: Literal["target", "topic", "text"] | None = "text"
    """What dev is taken by where the set has none; None: it gives none up."""
    spelled: dict[str, str] = field(default_factory=dict)
    """Targets by another name than the text's, with that name."""


FAMILIES: Final = {
    "brand tweets": ("airline", "sxsw"),
    "tweets": ("twitter_target", "twitter1517"),
    "aspects": ("semeval14_aspect", "mams"),
    "news": ("newsmtsc", "sentfin"),
    "topics": ("semeval16_topics", "twitter_entity"),
}
"""Pairs of target sets that leave-one-out leaves out together and tests on."""

_COMMERCIAL, _NONCOMMERCIAL = LicenceClass.COMMERCIAL, LicenceClass.NONCOMMERCIAL
_RESEARCH, _UNSTATED = LicenceClass.RESEARCH, LicenceClass.UNSTATED
_X: Final = "tweets under the terms of X"

SETS: Final = {
    one.name: one
    for one in (
        TextSet(
            name="airline",
            toward="target",
            licence=_NONCOMMERCIAL,
            terms=f"CC BY-NC-SA 4.0; {_X}",
            family="brand tweets",
            dev_by="target",
            spelled={"Delta": "JetBlue"},
            note="Tweets to six airlines; what it calls Delta was written to @JetBlue. 63% negative.",
        ),
        TextSet(
            name="sxsw",
            toward="target",
            licence=_UNSTATED,
            terms=f"none stated; {_X}",
            family="brand tweets",
            rows=(("n_brands", 1),),
            dev_by="target",
            note="Tweets about Apple and Google. Only texts that name one of their brands: in the others, "
            "and in the rows without a target, whether a target is there tells the label.",
        ),
        TextSet(
            name="twitter_target",
            toward="target",
            licence=_UNSTATED,
            terms="none stated for the data (MIT is for the code beside it); cite Dong et al. 2014",
            family="tweets",
            dev_by="target",
            note="Tweets about celebrities, companies, products. Balanced by sampling.",
        ),
        TextSet(
            name="twitter1517",
            toward="target",
            licence=_UNSTATED,
            terms=f"none stated; {_X}",
            family="tweets",
            note="Twitter-2015 and -2017: persons, places, organisations. Raters saw a picture, too; places "
            "are neutral, persons positive.",
        ),
        TextSet(
            name="semeval14_aspect",
            toward="target",
            licence=_RESEARCH,
            terms="META-SHARE terms of SemEval-2014 task 4",
            family="aspects",
            dev_by="target",
            note="Aspects of laptops and restaurants; several labels for one sentence.",
        ),
        TextSet(
            name="mams",
            toward="target",
            licence=_COMMERCIAL,
            terms="Apache-2.0",
            family="aspects",
            note="Restaurant sentences, each with two labels or more: who does not look at the target cannot "
            "pass .59. The target's words alone tell much (waiter negative, dinner neutral).",
        ),
        TextSet(
            name="newsmtsc",
            toward="target",
            licence=_COMMERCIAL,
            terms="MIT by the data set's card; sentences quoted from news",
            family="news",
            rows=(("pronoun", False),),
            note="Persons and organisations in political news; pronouns as targets are not read.",
        ),
        TextSet(
            name="sentfin",
            toward="target",
            licence=_COMMERCIAL,
            terms="MIT",
            family="news",
            note="Indian financial headlines, a label for each company.",
        ),
        TextSet(
            name="semeval16_topics",
            toward="target",
            licence=_UNSTATED,
            terms="annotations CC BY 3.0; tweets must not be redistributed",
            family="topics",
            dev_by="topic",
            note="Tweets toward a topic, five points made three. The topic alone tells much.",
        ),
        TextSet(
            name="twitter_entity",
            toward="target",
            licence=_UNSTATED,
            terms=f"none stated; {_X}",
            family="topics",
            note="Tweets of 2020 about games and brands; noisy, often the tweet's mood. Rows that do not "
            "name the brand have other labels.",
        ),
        TextSet(
            name="hcr",
            toward="target",
            licence=_UNSTATED,
            terms=f"none stated; {_X}",
            note="Health care reform, 2010. Rows that do not name the target are 78% negative.",
        ),
        TextSet(
            name="selfdrive",
            toward="target",
            licence=_UNSTATED,
            terms=f"none stated; {_X}",
            note="Self-driving cars: one topic, 60% neutral; the raters' agreement is often half.",
        ),
        TextSet(
            name="products_absa",
            toward="target",
            licence=_RESEARCH,
            terms="research only",
            dev_by="target",
            note="Aspects of televisions and shirts in Indian shop reviews; 6% neutral.",
        ),
        TextSet(
            name="semeval16_absa",
            toward="target",
            licence=_RESEARCH,
            terms="META-SHARE terms of SemEval-2016 task 5; research only",
            rows=(("lang", "en"),),
            dev_by="target",
            note="Restaurant aspects, the English part; few neutral, mostly one label a sentence.",
        ),
        TextSet(
            name="finance_company",
            toward="target",
            licence=_UNSTATED,
            terms="none stated",
            note="Posts and headlines with a score toward a company, cut at .1 and -.1; 10% neutral.",
        ),
        TextSet(
            name="sentihood",
            toward="target",
            classes=2,
            licence=_UNSTATED,
            terms="none stated for the data (MIT is for the code beside it)",
            note="Answers about London districts; the target is a mask. No neutral.",
        ),
        TextSet(
            name="arts",
            toward="target",
            licence=_RESEARCH,
            terms="none stated; made from SemEval-2014 task 4",
            note="A test only: the sentences of SemEval-2014's test with the target's verdict turned.",
        ),
        TextSet(
            name="imdb",
            toward="whole",
            classes=2,
            licence=_UNSTATED,
            terms="none stated; cite Maas et al. 2011; text by IMDb's users",
            note="Film reviews.",
        ),
        TextSet(
            name="sst",
            toward="whole",
            licence=_UNSTATED,
            terms="none stated; cite Socher et al. 2013",
            note="Sentences of film reviews.",
        ),
        TextSet(
            name="sst_phrases",
            toward="whole",
            licence=_UNSTATED,
            terms="none stated; cite Socher et al. 2013",
            dev_by=None,
            note="Phrases of sst's training sentences.",
        ),
        TextSet(
            name="semeval2017",
            toward="whole",
            licence=_UNSTATED,
            terms="annotations CC BY 3.0; tweets must not be redistributed",
            note="Tweets of 2013 to 2017; names are masked as @user.",
        ),
        TextSet(
            name="goemotions",
            toward="whole",
            licence=_COMMERCIAL,
            terms="Apache-2.0",
            note="Comments on Reddit: the writer's emotion, made three classes.",
        ),
        TextSet(
            name="uci_sentences",
            toward="whole",
            classes=2,
            licence=_COMMERCIAL,
            terms="CC BY 4.0",
            note="Sentences of Amazon, IMDb and Yelp.",
        ),
        TextSet(
            name="cr",
            toward="whole",
            classes=2,
            licence=_UNSTATED,
            terms="none stated for the data (MIT is for the code beside it); cite Hu & Liu 2004",
            note="Sentences of product reviews.",
        ),
        TextSet(
            name="vader_groundtruth",
            toward="whole",
            licence=_COMMERCIAL,
            terms="MIT",
            unread_sources=frozenset({"vader-movieReviewSnippets", "vader-amazonReviewSnippets"}),
            note="Tweets and editorials with a mean rating; the films are cut from mr, the products from cr, "
            "and are not read.",
        ),
        TextSet(
            name="financial_phrasebank",
            toward="whole",
            licence=_NONCOMMERCIAL,
            terms="CC BY-NC-SA 3.0",
            note="Sentences of finance news.",
        ),
    )
}

SHORT, REVIEWS = "short_unlabelled", "imdb_unsup"
UNLABELLED_SETS: Final = {SHORT: _UNSTATED, REVIEWS: _UNSTATED}
"""Texts without labels, for word vectors and for teaching a student, with their licence."""

UNREAD: Final = {
    "mr": "sst's test sentences are cut from it",
    "umsab": "not English",
    "afrisenti": "not English",
    "nusax": "one comment in twelve languages",
    "rusentne": "not English",
    "sentirueval_banks": "not English",
}
"""Sets that lie beside the others and are left alone, with the reason."""


def own_set(name: str) -> TextSet:
    """A set nobody published: labels toward a target where one is given, else of the whole; yours to use."""
    return TextSet(
        name=name, toward="either", licence=_COMMERCIAL, terms="your own", note="Read as its columns say."
    )
