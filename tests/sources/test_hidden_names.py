"""Where authors are hidden, what collectors publish is called by ids that name nobody."""

import json
from typing import Any

from pydantic import SecretStr

from monitor.privacy import Privacy
from monitor.settings import Authors
from tests.sources.conftest import Collecting
from tests.sources.polled_servers import Site, served

HIDDEN = {"authors": Authors.PSEUDONYMOUS, "authors_key": SecretStr("word-" * 8)}


def uri(number: int) -> str:
    return f"https://example.social/users/ann/statuses/{number}"


def feed(*texts: str) -> str:
    items = [{"id": uri(number), "content_text": text} for number, text in enumerate(texts)]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


def published(collecting: Collecting) -> dict[str, Any]:
    assert collecting.once().returncode == 0
    found = {id: said.text for (_, id), said in collecting.mentions().items()}
    assert {id for (id,) in collecting.rows("SELECT id FROM collected")} == set(found)
    return found


def test_new_posts_name_nobody_and_those_published_before_keep_their_ids(collecting: Collecting) -> None:
    site = Site()
    with served(site.app) as at:
        collecting.write(f'[[source]]\nkind = "rss"\nsource = "forum"\nfeeds = ["http://{at}/feed"]\n')
        site.put("/feed", feed("Nike"))
        assert published(collecting) == {uri(0): "Nike"}
        collecting.settings = collecting.settings.model_copy(update=HIDDEN)
        shown = Privacy(collecting.settings).id("forum", uri(1))
        assert "ann" not in shown
        site.put("/feed", feed("Nike!", "Puma"))
        assert published(collecting) == {uri(0): "Nike!", shown: "Puma"}
        site.put("/feed", feed("Nike!", "Puma!"))
        assert published(collecting) == {uri(0): "Nike!", shown: "Puma!"}
