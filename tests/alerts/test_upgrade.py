"""What was raised before alerts were set on a page belongs to the first of them, and goes back as it was."""

from sqlalchemy import text

from monitor.alerts import store
from monitor.settings import load_settings
from monitor.storage import schema
from monitor.storage.engine import sync_engine

_OLD = "SELECT rule, brand_id, since, until, observed, expected, baseline_windows, p_value FROM alert"


def test_the_alerts_there_were_become_those_of_the_first_rule(database):
    settings = load_settings(database_url=database)
    schema.downgrade(settings, "0015")
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO brand (name, own) VALUES ('Acme', true)"))
        connection.execute(
            text("""
                INSERT INTO alert (rule, brand_id, since, until, observed, expected,
                                   baseline_windows, p_value)
                SELECT 'negative-spike', id, '2026-03-08T10:00Z', '2026-03-09T10:00Z', 30, 3, 8, 0.00001
                FROM brand
            """)
        )
        before = connection.execute(text(_OLD)).all()
    schema.upgrade(settings)
    with engine.begin() as connection:
        (rule,) = store.rules(connection)
        assert (rule.kind, rule.scope, rule.sensitivity, rule.to_default) == (
            "criticism",
            "own",
            "clear",
            True,
        )
        found = connection.execute(text("SELECT rule_id, kind, subject, title FROM alert")).all()
        assert [tuple(row) for row in found] == [
            (rule.id, "criticism", "Acme", "Sudden criticism of Acme: 30 negative texts in 24 hours")
        ]
        connection.execute(
            text("""
                INSERT INTO alert (rule_id, kind, subject, since, until, observed, baseline_windows, title)
                VALUES (:rule, 'silence', 'forum', '2026-03-08', '2026-03-09', 0, 8, 'forum is silent')
            """),
            {"rule": rule.id},
        )
    schema.downgrade(settings, "0015")
    with engine.begin() as connection:
        assert connection.execute(text(_OLD)).all() == before
    schema.upgrade(settings)
    engine.dispose()
