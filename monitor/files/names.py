"""What columns are called, and which field of a mention each name means; ours first, best first."""

import re
from functools import lru_cache
from typing import Final

from monitor.files.interface import Target

_ASIDE: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN: Final = re.compile(r"[\W_]+")

TITLES: Final = (
    "title",
    "headline",
    "subject",
    "review title",
    "titel",
    "überschrift",
    "título",
    "titulo",
    "titre",
    "titolo",
)
"""Of a post: they stand before its text."""
TIMES: Final = ("time", "uhrzeit", "hora", "heure", "ora", "zeit")
"""Beside a column of days."""

NAMES: Final[dict[Target, tuple[str, ...]]] = {
    "id": (
        *("id", "id str", "post id", "tweet id", "status id", "message id", "comment id", "review id"),
        *(
            "mention id",
            "article id",
            "resource id",
            "document id",
            "external id",
            "network message id",
            "beitrags id",
            "guid",
            "uid",
            "uuid",
            "uri",
        ),
    ),
    "source": (
        *("source", "platform", "network", "social network", "source name", "channel", "source type"),
        *(
            "content source",
            "content source name",
            "site",
            "website",
            "domain",
            "publication",
            "outlet",
            "media",
        ),
        *("page type", "quelle", "plattform", "kanal", "fuente", "plataforma", "plateforme", "fonte"),
    ),
    "text": (
        *("text", "full text", "post text", "tweet text", "message text", "comment text", "review text"),
        *("mention text", "content", "full content", "post content", "message", "body", "tweet", "post"),
        *("review content", "text original", "text display"),
        *("comment", "review", "selftext", "status", "feedback", "verbatim", "mention", "hit sentence"),
        *("snippet", "opening text", "excerpt", "caption", "description", "summary", "beitrag", "inhalt"),
        *("nachricht", "kommentar", "bewertung", "texto", "contenido", "mensaje", "comentario", "texte"),
        *("contenu", "commentaire", "testo", "contenuto", "commento", "conteúdo", "mensagem", "tekst"),
    ),
    "published_at": (
        *("published at", "published", "published on", "date published", "publish date", "publication date"),
        *(
            "posted at",
            "posted on",
            "posted",
            "post date",
            "date posted",
            "created at",
            "created utc",
            "created on",
        ),
        *(
            "created",
            "creation date",
            "created time",
            "date time",
            "datetime",
            "date",
            "timestamp",
            "pub date",
        ),
        *("time", "date of post", "veröffentlicht am", "erstellt am", "datum", "zeitpunkt", "fecha", "data"),
        *("date de publication", "fecha de publicación", "moment"),
    ),
    "author": (
        *("author", "author name", "author username", "author handle", "author screen name", "author id"),
        *("user", "username", "user name", "user screen name", "screen name", "handle", "user handle"),
        *("account", "account name", "account acct", "account username", "creator", "posted by", "by"),
        *(
            "authors",
            "reviewer",
            "reviewer name",
            "reviewer nickname",
            "consumer name",
            "author display name",
        ),
        *("influencer", "poster", "from", "from name", "autor", "autorin", "benutzer", "nutzer", "usuario"),
        *("verfasser", "verfasserin", "auteur", "utilisateur", "autore", "utente", "usuário"),
    ),
    "url": (
        *("url", "link", "permalink", "post url", "post link", "tweet url", "permanent url", "article url"),
        *(
            "original url",
            "source url",
            "mention url",
            "web address",
            "href",
            "expanded url",
            "enlace",
            "lien",
            "adresse",
        ),
    ),
    "lang": (
        "lang",
        "language",
        "language code",
        "lang code",
        "sprache",
        "idioma",
        "langue",
        "lingua",
        "taal",
    ),
    "reach": (
        *("reach", "potential reach", "estimated reach", "impressions", "potential impressions"),
        *("audience", "followers", "follower count", "followers count", "author followers"),
        *("user followers", "user followers count", "account followers count", "views", "view count"),
        *("reichweite", "alcance", "portée", "portata", "seguidores", "abonnés"),
    ),
}

_RANKS: Final = {name: (target, rank) for target, names in NAMES.items() for rank, name in enumerate(names)}
_TITLES: Final = frozenset(TITLES)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """The name as it is compared: `createdAt`, `Created_At` and `created at (UTC)` are one."""
    return " ".join(_BETWEEN.sub(" ", _CAMEL.sub(" ", _ASIDE.sub(" ", name))).casefold().split())


def known(name: str) -> Target | None:
    """The field that a column of this name means; None where the name says nothing."""
    word = plain(name)
    if word in _TITLES:
        return "text"
    found = _RANKS.get(word)
    return found[0] if found else None


def rank(name: str) -> int:
    """How sure that is: 0 is our own name; only of names that are known."""
    return _RANKS[plain(name)][1]
