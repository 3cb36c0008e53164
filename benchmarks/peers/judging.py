"""What every peer asks the sentiment model, as Brand Monitor's worker asks it: how a text feels as a whole,
and toward each brand that it names. With the tables that somebody would make for the answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.sentiment import load_scorer
from monitor.settings import load_settings
from monitor.stream.asking import Said, ask
from monitor.texts import read

TABLES: Final = """
    CREATE TABLE mention (
        {number} id text NOT NULL, source text NOT NULL, author text, published_at timestamptz NOT NULL,
        text text NOT NULL
    );
    CREATE TABLE sentiment (
        {number} mention_id text NOT NULL, place integer NOT NULL, brand text NOT NULL, label text NOT NULL,
        p_negative double precision NOT NULL, p_neutral double precision NOT NULL,
        p_positive double precision NOT NULL
    );
"""
"""Place 0 is the whole text, brand ''."""

NUMBERED: Final = TABLES.format(number="number bigserial PRIMARY KEY,")
"""Tables as tutorials make them: a row has a number and nothing else tells it from another."""

KEYED: Final = TABLES.format(number="") + (
    "ALTER TABLE mention ADD PRIMARY KEY (id); ALTER TABLE sentiment ADD PRIMARY KEY (mention_id, place)"
)
"""Tables in which a record that comes again can be known."""

MENTION: Final = ("id", "source", "author", "published_at", "text")
SENTIMENT: Final = ("mention_id", "place", "brand", "label", "p_negative", "p_neutral", "p_positive")


def insert(table: str, columns: Sequence[str], keys: Sequence[str] = ()) -> str:
    """The statement for psycopg's executemany with mappings; with `keys` the last of two alike stays."""
    values = ", ".join(f"%({column})s" for column in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
    if not keys:
        return statement
    others = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns if column not in keys)
    return f"{statement} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {others}"


class Judge:
    """The shipped model with the settings that a worker would have. Blocks for as long as the model takes."""

    def __init__(self) -> None:
        settings = load_settings()
        folder = settings.models_dir / settings.sentiment_model
        self._scorer = load_scorer(folder, settings.device, settings.inference_threads)
        self._matcher = BrandMatcher(load_brands(settings.brands_file))
        self._max_targets = settings.text_max_targets
        self._scorer.warm_up()

    def __call__(self, posts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The rows of `sentiment` for these posts; none where the model does not speak a post's language."""
        said = []
        for post in posts:
            reading = read(post["text"])
            language = self._matcher.language(reading, post.get("lang"))
            said.append(Said(reading, language, self._matcher.find(reading)))
        rows = []
        for post, scored in zip(posts, ask(self._scorer, said, self._max_targets), strict=True):
            verdicts = [("", scored.sentiment), *((each.brand, each.sentiment) for each in scored.brands)]
            for place, (brand, verdict) in enumerate(verdicts):
                if verdict is not None:
                    answer = msgspec.structs.asdict(verdict)
                    rows.append({"mention_id": post["id"], "place": place, "brand": brand, **answer})
        return rows


def mention_row(post: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `mention`."""
    return {column: post.get(column) for column in MENTION}
