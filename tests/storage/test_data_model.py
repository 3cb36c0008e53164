"""docs/data-model.md: every query on it runs and answers, and it tells of every table and view."""

import re
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from monitor.storage.records import Batch
from monitor.storage.tables import metadata

PAGE = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text("utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
async def told(writer, made):
    """At least one row for every query on the page."""
    results = (
        made.text(0, text="VMware", brands=(made.named(),), reach=5, author="ann"),
        made.text(1, text="VMware", label="negative", brands=(made.named(),)),
        made.text(3, text="VMware", label="unsure", brands=(made.named(),)),
        *(made.text(n, text="VMware works", brands=(made.named(),)) for n in range(10, 13)),
        made.image(0, id="silent", detections=(made.found("VMware"),)),
        made.image(1, id="sign", picture="sign", detections=(made.read("VMware"),)),
    )
    await writer.write(Batch(log_id="c", results=results, rejections=(made.rejected(2),)))


def test_the_page_has_queries():
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", QUERIES)
async def test_every_query_answers(told, engine, query):
    with engine.connect() as connection:
        assert connection.execute(text(query)).all()


def test_the_page_tells_of_every_table_and_view(engine):
    for name in [*metadata.tables, *inspect(engine).get_view_names()]:
        assert f"`{name}`" in PAGE, name


def test_the_page_tells_of_every_function_that_counts(engine):
    with engine.connect() as connection:
        query = "SELECT proname FROM pg_proc WHERE proretset AND 'since' = ANY(proargnames)"
        functions = connection.execute(text(query)).scalars().all()
    assert "brand_counts" in functions
    assert [name for name in functions if f"`{name}`" not in PAGE] == []
