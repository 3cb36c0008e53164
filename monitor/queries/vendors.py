"""Operators of other tools: which of ours they are, and why the others cannot be honoured.

Names are compared without case. What is said of each tool is from its public help pages; docs/queries.md has
them side by side.
"""

import re
from typing import Final, NamedTuple

from monitor.queries.tree import FieldName

BRANDWATCH: Final = "Brandwatch"
GDELT: Final = "GDELT"
MELTWATER: Final = "Meltwater"
TALKWALKER: Final = "Talkwalker"
X: Final = "the X API"

FIELDS: Final[dict[str, FieldName]] = {
    "author": "author",
    "from": "author",
    "image": "image",
    "lang": "lang",
    "language": "lang",
    "sourcelang": "lang",
    "site": "site",
    "domain": "site",
    "domainis": "site",
    "domain_url": "site",
    "host_url": "site",
    "topleveldomain": "site",
    "source": "source",
}
"""A field as some tool writes it -> ours."""

RAW: Final = "raw"
"""Not a field of the mention: `raw:"Apple"` is a term whose case and accents count."""


class Refusal(NamedTuple):
    """An operator that cannot be honoured: why, what to do, and whose it is ("" where many have it)."""

    why: str
    remedy: str
    vendor: str


def _all(names: str, why: str, remedy: str, vendor: str = "") -> dict[str, Refusal]:
    return dict.fromkeys(names.split(), Refusal(why, remedy, vendor))


_TITLE = ("mentions have no title", "leave it away: the words are looked for in the whole text")
_LINKS = (
    "words inside links are not read",
    "write site:HOST for where a mention stands, without a path",
)
_PLACE = ("nobody tells where an author is", "leave it away, or ask for a language: lang:en")
_KIND = (
    "mentions are not told apart by kind (post, reply, repost)",
    "leave it away; figures can be counted by stories, where copies count once",
)
_AUTHOR = ("of an author only the name is known", "leave it away, or name the author: author:NAME")
_NUMBER = (
    "sentiment, reach and ratings are no part of a query",
    "leave it away, and choose it on the pages or in the report",
)
_PICTURE = ("of pictures only the brands they show are known", "write image:BRAND")
_TIME = ("a query says nothing of time", "leave it away, and choose the dates on the pages or with --since")
_POST = ("posts are not looked up by their numbers", "leave it away")

REFUSED: Final[dict[str, Refusal]] = {
    **_all("title headline intitle", *_TITLE),
    **_all("ingress", *_TITLE, MELTWATER),
    **_all("url link links inurl", *_LINKS),
    **_all("country", *_PLACE),
    **_all("location state county", *_PLACE),
    **_all("continent region city latitude longitude", *_PLACE, BRANDWATCH),
    **_all("place place_country point_radius bounding_box", *_PLACE, X),
    **_all("sourcecountry", *_PLACE, GDELT),
    **_all("sourcegeo", *_PLACE, TALKWALKER),
    **_all("engagementtype engagingwith engagingwithguid publishersubtype pubtype", *_KIND, BRANDWATCH),
    **_all("filter min_retweets min_faves min_replies", *_KIND, X),
    **_all("is has to retweets_of context entity conversation_id list sample", *_KIND, X),
    **_all(
        "authorgender authorverified authorverifiedtype authorfollowers redditauthorflair",
        *_AUTHOR,
        BRANDWATCH,
    ),
    **_all(
        "bio bio_name bio_location followers_count following_count tweets_count listed_count", *_AUTHOR, X
    ),
    **_all("rating itemreview", *_NUMBER, BRANDWATCH),
    **_all("tone toneabs theme repeat", *_NUMBER, GDELT),
    **_all("reach sentiment engagement", *_NUMBER),
    **_all("brandids objects imagetype", *_PICTURE, BRANDWATCH),
    **_all("imagetag imagewebtag imageocrmeta imagewebcount imagenumfaces imagefacetone", *_PICTURE, GDELT),
    **_all("hashtag hashtags", "hashtags are words of the text", "write #nike"),
    **_all("mention mentions at_mentions", "handles are words of the text", "write @nike"),
    **_all("minuteofday", *_TIME, BRANDWATCH),
    **_all("since until", *_TIME, X),
    **_all("guid channelid parentpostid rootpostid", *_POST, BRANDWATCH),
    **_all("in_reply_to_tweet_id retweets_of_tweet_id quotes_of_tweet_id", *_POST, X),
    **_all(
        "blogname parentblogname rootblogname weblogtitle subreddit subredditnsfw subreddittopics tags "
        "publication sensitivecontent redditpostflair redditspoiler",
        "mentions carry a source, a site and an author, not this",
        "write source:, site: or author: instead",
        BRANDWATCH,
    ),
    **_all(
        "sourcetype",
        "a mention's source is a name that its publisher chose",
        "write source:NAME, as brand-monitor status lists them",
        TALKWALKER,
    ),
}

REFUSED_WORDS: Final[tuple[tuple[re.Pattern[str], Refusal], ...]] = (
    (
        re.compile(r"(?:tone|toneabs|imagewebcount|imagenumfaces|imagefacetone)[<>=!].*", re.IGNORECASE),
        Refusal(*_NUMBER, GDELT),
    ),
    (
        re.compile(r"repeat\d+:.*", re.IGNORECASE),
        Refusal("how often a word stands in a text is not asked for", "leave it away", GDELT),
    ),
    (
        re.compile(r"O?SENTENCE"),
        Refusal(
            "sentences are not told apart",
            'write NEAR/n with the number of words between, or "sentence" in quotes for the word',
            TALKWALKER,
        ),
    ),
    (
        re.compile(r"[^~]+~[\d.]*"),
        Refusal(
            "words that only look alike are not found",
            'write the spellings out: (roam OR foam); "car sharing" finds carsharing and car-sharing, too',
            TALKWALKER,
        ),
    ),
    (
        re.compile(r"!.*"),
        Refusal(
            "an exclamation mark means NOT in one tool and case in another",
            'write NOT apple, or raw:"Apple" where case counts',
            "",
        ),
    ),
    (
        re.compile(r"(?:w|n|p|pre|adj|within)?/(?:\d+|[sp])|(?:o?near|adj)\d+f?", re.IGNORECASE),
        Refusal("words near each other are asked for otherwise", "write apple NEAR/5 juice", ""),
    ),
    (
        re.compile(r".*\|.*"),
        Refusal("| joins nothing here", 'write OR; a name with | stands in quotes: "a|b"', ""),
    ),
    (
        re.compile(r".*&(?:quot|lt|gt|apos|#\d+);.*"),
        Refusal("a query as HTML writes it", 'write the signs themselves: " for &quot;', ""),
    ),
    (
        re.compile(r"&&?|&amp;"),
        Refusal("& joins nothing here", 'write AND; a name with & stands in quotes: "Ben & Jerry\'s"', ""),
    ),
)
"""Words, whole, that are operators elsewhere."""

_LANGUAGES: Final = """
af afrikaans|ar arabic|az azerbaijani|be belarusian|bg bulgarian|bn bengali|bs bosnian|ca catalan
cs czech|cy welsh|da danish|de german|el greek|en english|es spanish|et estonian|eu basque|fa persian
fi finnish|fr french|ga irish|gl galician|gu gujarati|he hebrew|hi hindi|hr croatian|hu hungarian
hy armenian|id indonesian|is icelandic|it italian|ja japanese|ka georgian|kk kazakh|km khmer|kn kannada
ko korean|lo lao|lt lithuanian|lv latvian|mk macedonian|ml malayalam|mn mongolian|mr marathi|ms malay
my burmese|ne nepali|nl dutch|no norwegian|pa punjabi|pl polish|pt portuguese|ro romanian|ru russian
si sinhala|sk slovak|sl slovenian|so somali|sq albanian|sr serbian|sv swedish|sw swahili|ta tamil
te telugu|th thai|tl tagalog|tr turkish|uk ukrainian|ur urdu|uz uzbek|vi vietnamese|zh chinese
"""

LANGUAGES: Final[dict[str, str]] = {
    name: code for code, name in map(str.split, re.split(r"[|\n]", _LANGUAGES.strip()))
}
"""Names of languages, which GDELT takes beside codes -> the code of a mention."""
