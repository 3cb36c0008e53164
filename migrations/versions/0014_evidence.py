"""A detection says by what it was found: the network's look, the letters read, or both. Names read in pictures
count like logos, and the table of those that did not (0007) goes.

What was stored before was found by its look, and its score is the network's own: `look` gets it, too.
"""

import re
import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COLUMNS = {
    "evidence": (sa.Text(), "look, letters or both: by what it was found."),
    "look": (sa.Double(), "The network's own score, 0..1; null: it saw nothing there."),
    "letters": (sa.Double(), "The reader's confidence in the letters, 0..1; null: none name the brand."),
    "line": (sa.Text(), "The whole line that names the brand, as read; null: none does."),
}
_CHECKS = {
    "evidence": "evidence IN ('look', 'letters', 'both')",
    "look": "(look IS NOT NULL OR evidence = 'letters') AND look BETWEEN 0 AND 1",
    "letters": "(letters IS NOT NULL AND line IS NOT NULL OR evidence = 'look') AND letters BETWEEN 0 AND 1",
}
_SCORE = "Probability that the brand is shown there, 0..1; of finds stored before schema 0014 the network''s score."
_SCORE_BEFORE = "Confidence, 0..1; only finds at or above the threshold."

# In order of dependence; PostgreSQL lets the first two grow at their end.
_VIEWS = {
    "effective_detection": """
        SELECT s.picture_sha256, s.model_version, f.detection_id, f.brand_id, f.score, f.x, f.y, f.width, f.height,
               f.correction_id, f.evidence, f.look, f.letters, f.line
        FROM picture_scan AS s
        CROSS JOIN LATERAL (
            SELECT d.id AS detection_id, coalesce(c.brand_id, d.brand_id) AS brand_id, d.score,
                   coalesce(c.x, d.x) AS x, coalesce(c.y, d.y) AS y, coalesce(c.width, d.width) AS width,
                   coalesce(c.height, d.height) AS height, c.id AS correction_id,
                   CASE WHEN c.id IS NULL THEN d.evidence END AS evidence,
                   CASE WHEN c.id IS NULL THEN d.look END AS look,
                   CASE WHEN c.id IS NULL THEN d.letters END AS letters,
                   CASE WHEN c.id IS NULL THEN d.line END AS line
            FROM logo_detection AS d
            LEFT JOIN correction AS c ON c.detection_id = d.id AND c.subject = 'logo' AND c.undone_at IS NULL
            WHERE d.picture_sha256 = s.picture_sha256 AND d.model_version = s.model_version
              AND (c.id IS NULL OR c.brand_id IS NOT NULL)
            UNION ALL
            SELECT NULL, c.brand_id, 1, c.x, c.y, c.width, c.height, c.id, NULL, NULL, NULL, NULL
            FROM correction AS c
            WHERE c.content_sha256 = s.picture_sha256 AND c.subject = 'logo' AND c.detection_id IS NULL
              AND c.undone_at IS NULL
        ) AS f
    """,
    "logo_sighting": """
        SELECT m.id AS mention_id, m.post_id, m.published_at, m.source, m.author, m.url, m.reach,
               m.picture_sha256, d.brand_id, b.name AS brand, d.score, d.x, d.y, d.width, d.height,
               d.model_version, d.detection_id, d.correction_id IS NOT NULL AS corrected,
               d.evidence, d.look, d.letters, d.line
        FROM mention AS m
        JOIN effective_detection AS d
          ON d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
        JOIN brand AS b ON b.id = d.brand_id
    """,
    "mention_detail": """
        SELECT m.id AS mention_id, m.kind, m.source, m.external_id, m.published_at, m.author, m.url, m.lang, m.reach,
               m.text,
               ARRAY(SELECT DISTINCT b.name FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
                     WHERE n.mention_id = m.id ORDER BY 1) AS brands_named,
               ARRAY(SELECT DISTINCT l.brand FROM logo_sighting AS l WHERE l.mention_id = m.id ORDER BY 1)
                   AS brands_shown,
               ARRAY(SELECT coalesce(best.evidence, 'person')
                     FROM (SELECT DISTINCT ON (l.brand) l.brand, l.evidence FROM logo_sighting AS l
                           WHERE l.mention_id = m.id ORDER BY l.brand, l.score DESC, l.x, l.y) AS best
                     ORDER BY best.brand) AS shown_by,
               coalesce(c.label, s.label) AS sentiment, s.p_negative, s.p_neutral, s.p_positive,
               EXISTS (SELECT FROM sentiment_correction AS c WHERE c.mention_id = m.id)
                   OR EXISTS (SELECT FROM logo_sighting AS l WHERE l.mention_id = m.id AND l.corrected) AS corrected,
               p.url AS picture_url, p.width AS picture_width, p.height AS picture_height, m.model_version, m.stored_at,
               m.language, m.story_id, m.lead
        FROM mention AS m
        LEFT JOIN sentiment AS s ON s.mention_id = m.id AND s.brand_id IS NULL
        LEFT JOIN sentiment_correction AS c ON c.mention_id = m.id AND c.brand_id IS NULL
        LEFT JOIN picture AS p ON p.sha256 = m.picture_sha256
    """,
}
_COMMENTS = {
    "COLUMN effective_detection.score": "The probability that the brand is shown; 1 for a logo a person added.",
    **{
        f"COLUMN {view}.{column}": comment
        for view in ("effective_detection", "logo_sighting")
        for column, comment in {
            "evidence": "look, letters or both; null where a person said what is there.",
            **{name: _COLUMNS[name][1] for name in ("look", "letters", "line")},
        }.items()
    },
    "COLUMN mention_detail.shown_by": "By what each of brands_shown was found, its surest logo: look, letters or "
    "both; person where one said so.",
}
# What depends on the columns, and has to be made anew without them.
_DEPENDENT = ("expected_presence", "image_only_mentions", "logo_sighting", "effective_detection")


def upgrade() -> None:
    for name, (kind, comment) in _COLUMNS.items():
        op.add_column("logo_detection", sa.Column(name, kind, comment=comment))
    # By rewriting the table, not by UPDATE: nothing that is counted changes, so no trigger has to look.
    op.execute("""
        ALTER TABLE logo_detection
            ALTER COLUMN evidence TYPE text USING 'look', ALTER COLUMN evidence SET NOT NULL,
            ALTER COLUMN look TYPE double precision USING score
    """)
    for name, check in _CHECKS.items():
        op.create_check_constraint(op.f(f"logo_detection_{name}_ck"), "logo_detection", check)
    op.execute(f"COMMENT ON COLUMN logo_detection.score IS '{_SCORE}'")
    op.execute("DROP VIEW mention_detail")
    op.execute("DROP VIEW written_sighting")
    op.drop_table("written_brand")
    for name, query in _VIEWS.items():
        _run(f"CREATE OR REPLACE VIEW {name} AS {query}")
    _comment({**_detail_comments(), **_COMMENTS})
    _readable(("mention_detail",))


def downgrade() -> None:
    for name in ("mention_detail", *_DEPENDENT):
        op.execute(f"DROP VIEW {name}")
    for name in reversed(_COLUMNS):  # with the checks on them
        op.drop_column("logo_detection", name)
    op.execute(f"COMMENT ON COLUMN logo_detection.score IS '{_SCORE_BEFORE}'")
    queries = {**_module("0002_views")["_VIEWS"], **_module("0008_views_at_scale")["_REPLACED"]}
    for name in reversed(_DEPENDENT[1:]):
        _run(f"CREATE VIEW {name} AS {queries[name]}")
    script = Path(__file__).with_name("0011_readings.sql").read_text("utf-8")
    presence = re.search(r"CREATE VIEW expected_presence.*?COMMENT ON VIEW.*?;", script, re.DOTALL)
    assert presence is not None
    _run(presence.group())
    _module("0007_written_brands")["upgrade"]()
    op.execute("DROP VIEW mention_detail")  # 0007's
    _run(f"CREATE VIEW mention_detail AS {_module('0011_readings')['_VIEWS']['mention_detail']}")
    _comment({**_comments_on(_DEPENDENT), **_detail_comments()})
    _comment(_comments_on(("mention_detail",), "0007_written_brands"))
    _readable(("mention_detail", *_DEPENDENT))


def _detail_comments() -> dict[str, str]:
    """Those that mention_detail has had, but of columns that only 0007 knows."""
    return _comments_on(("mention_detail",)) | _comments_on(("mention_detail",), "0011_readings")


def _comments_on(views: Iterable[str], module: str = "0002_views") -> dict[str, str]:
    return {
        thing: comment
        for thing, comment in _module(module)["_COMMENTS"].items()
        if thing.split()[1].split(".")[0] in views
    }


def _module(name: str) -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


def _run(script: str) -> None:
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def _comment(comments: dict[str, str]) -> None:
    for thing, comment in comments.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {thing} IS '{quoted}'")


def _readable(views: Iterable[str]) -> None:
    """Views made anew, for whoever reads; theirs who migrates."""
    for view in views:
        for role in ("brand_monitor_read", "brand_monitor_write"):
            _for_role(role, f"GRANT SELECT ON {view} TO {role}")
        _for_role("brand_monitor_migrate", f"ALTER VIEW {view} OWNER TO brand_monitor_migrate")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
