"""GDELT: headlines of the world's news, by the full-text search of its DOC 2.0 API.

The search looks into whole articles. Of these the API gives the title, the address and the picture that
stands for it on social media, which make the mention.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import structlog

from monitor.errors import SetupError
from monitor.sources.answers import identifier, items_of, json_of
from monitor.sources.context import Context
from monitor.sources.html import address
from monitor.sources.interface import Page, Post, Skipped, SourceOutageError, State
from monitor.sources.options import Options, Seconds
from monitor.sources.terms import batches, phrases
from monitor.sources.windows import Answer, Windows

_log = structlog.get_logger(__name__)

_HOST: Final = "api.gdeltproject.org"
_PAUSE: Final = 6.0
"""Seconds between two requests: GDELT asks for five, and shuts out for longer whoever is early."""
_REST: Final = 60.0
"""Seconds after which to come again when it says that we were."""
_MOST_RECORDS: Final = 250
_MOST_CHARACTERS: Final = 240
"""Of a query; those of 250 and more are refused as too long."""
_SHORTEST_PHRASE: Final = 5
"""Characters of a phrase in quotation marks; shorter ones are refused."""
_PLAIN_WORD: Final = re.compile(r"\w+")
_A_QUARTER: Final = 15 * 60
"""Seconds between two updates: all articles of one bear its moment."""
_A_DAY: Final = 24 * 3600

_ESCAPE: Final = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\')
_CONTROL: Final = re.compile(r"[\x00-\x1f]+")
_ARTICLE: Final = re.compile(r'\{\s*"url"\s*:.*?\}(?=\s*[,\]])')
_TIME: Final = "%Y%m%d%H%M%S"
_LANGUAGES: Final = dict(
    re.findall(
        r"(\w+):(\w+)",
        "afrikaans:af albanian:sq arabic:ar armenian:hy azerbaijani:az bengali:bn bosnian:bs bulgarian:bg "
        "catalan:ca chinese:zh croatian:hr czech:cs danish:da dutch:nl english:en estonian:et finnish:fi "
        "french:fr galician:gl georgian:ka german:de greek:el gujarati:gu hebrew:he hindi:hi hungarian:hu "
        "icelandic:is indonesian:id italian:it japanese:ja kannada:kn kazakh:kk korean:ko latvian:lv "
        "lithuanian:lt macedonian:mk malay:ms malayalam:ml marathi:mr mongolian:mn nepali:ne norwegian:nb "
        "norwegiannynorsk:nn persian:fa polish:pl portuguese:pt punjabi:pa romanian:ro russian:ru serbian:sr "
        "sinhalese:si slovak:sk slovenian:sl somali:so spanish:es swahili:sw swedish:sv tamil:ta telugu:te "
        "thai:th tibetan:bo turkish:tr ukrainian:uk urdu:ur vietnamese:vi",
    )
)
"""GDELT's names of the languages that it reads."""


class GdeltOptions(Options, frozen=True, kw_only=True):
    """What an entry of kind `gdelt` may say."""

    every: Seconds = Seconds(_A_QUARTER)
    only_brands: bool = True
    """False: also articles that name a brand in their text, but not in the title that is all we get."""
    narrow: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Behind every query, in GDELT's words: `sourcelang:english`, `sourcecountry:germany`."""
    pictures: bool = True
    """Take the picture that stands for the article, too."""
    first: Seconds = Seconds(_A_DAY)
    """How far back the first pass looks."""
    url: str = f"https://{_HOST}/api/v2/doc/doc"


class _Article(msgspec.Struct, frozen=True):
    url: Annotated[str, msgspec.Meta(min_length=1)]
    title: str
    seendate: str
    socialimage: str | None = None
    language: str | None = None


class Gdelt:
    """Articles that a search for the names finds; the address of an article is its id."""

    def __init__(self, name: str, options: GdeltOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.interval: float | None = options.every
        self.only_brands = options.only_brands
        self._options = options
        self._http = context.http
        self._http.slow_down(_HOST, _PAUSE)
        self._now = context.now
        self._refused: set[str] = set()
        asked = list(_long_enough(name, phrases(context.brands)))
        if not asked:
            raise SetupError(f"{name}: no name of brands.toml is long enough for GDELT's search")
        room = _MOST_CHARACTERS - len(options.narrow)
        self._queries = tuple(_query(batch) for batch in batches(asked, _query, room))
        self._windows = Windows(
            first=int(options.first),
            farthest=89 * _A_DAY,  # it searches three months
            again=2 * 3600,
            longest=_A_DAY,
            shortest=_A_QUARTER,
        )

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """As `Source` says; one part, "", with the state of `Windows`."""
        self._refused = set()
        async for page in self._windows.pages(self._ask, self._queries, states.get(""), self._now()):
            yield page

    async def _ask(self, query: str, since: int, until: int) -> Answer:
        params = {
            "query": f"{query} {self._options.narrow}".strip(),
            "mode": "ArtList",
            "format": "json",
            "sort": "DateDesc",
            "maxrecords": str(_MOST_RECORDS),
            "startdatetime": datetime.fromtimestamp(since, UTC).strftime(_TIME),
            "enddatetime": datetime.fromtimestamp(until, UTC).strftime(_TIME),
        }
        response = await self._http.get(self._options.url, params=params)
        try:
            articles = _articles(response.body.decode("utf-8", "replace").strip(), query)
        except SetupError as error:  # a name too common, say: the others are asked for all the same
            self._refused.add(query)
            if len(self._refused) == len(self._queries):
                raise
            return Answer(items=(Skipped(where=query, reason=str(error)),), is_cut=False)
        items = items_of(articles, _Article, self._post, f"articles of {query}")
        return Answer(items=items, is_cut=len(articles) >= _MOST_RECORDS)

    def _post(self, article: _Article) -> Post:
        title = article.title.strip()
        if not title:
            raise ValueError("has no title")
        picture = address(article.socialimage) if self._options.pictures else None
        return Post(
            id=identifier(article.url),
            text=title,
            published_at=datetime.strptime(article.seendate, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
            url=article.url,
            lang=_LANGUAGES.get((article.language or "").lower()),
            pictures=() if picture is None else (picture,),
        )


def _long_enough(name: str, asked: Iterable[str]) -> Iterable[str]:
    for phrase in asked:
        if _PLAIN_WORD.fullmatch(phrase) or len(phrase) >= _SHORTEST_PHRASE:
            yield phrase
        else:
            _log.warning("gdelt-takes-no-phrase-so-short", entry=name, phrase=phrase)


def _query(asked: Sequence[str]) -> str:
    """Joined by OR. A word stands without quotation marks, in which it would be too short for a phrase;
    all that is not letters and digits must stand in them."""
    terms = [phrase if _PLAIN_WORD.fullmatch(phrase) else f'"{phrase}"' for phrase in asked]
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _articles(body: str, query: str) -> list[Any]:
    """The articles of an answer. GDELT says in plain text, with status 200, what it does not like."""
    if not body.startswith("{"):
        said = _CONTROL.sub(" ", body)[:200] or "nothing"
        if "limit requests" in said.lower() or "too many requests" in said.lower():
            raise SourceOutageError(f"{_HOST}: {said}", _REST)
        if said.startswith("<") or said == "nothing":
            raise SourceOutageError(f"{_HOST}: answers no JSON")
        raise SetupError(f"GDELT refuses the query {query!r}: {said}")
    # Its titles hold backslashes that escape nothing, and control characters.
    mended = _ESCAPE.sub(lambda found: found[0] if len(found[0]) > 1 else r"\\", _CONTROL.sub(" ", body))
    try:
        answer = json_of(mended)
    except ValueError as error:
        return _one_by_one(mended, error)
    found = answer.get("articles")
    return found if isinstance(found, list) else []


def _one_by_one(body: str, fault: Exception) -> list[Any]:
    """Articles of a list that is broken somewhere: those that can be read, and None for each that cannot."""
    articles: list[Any] = []
    for found in _ARTICLE.finditer(body):
        try:
            articles.append(json_of(found[0]))
        except ValueError:
            articles.append(None)
    if not any(articles):
        raise SourceOutageError(f"{_HOST}: answers broken JSON: {fault}")
    return articles
