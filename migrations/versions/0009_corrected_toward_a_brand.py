"""mention_detail.corrected also where a person corrected the sentiment toward one brand, as its comment says."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As in 0007, but for what `corrected` looks at.
_DETAIL = """
    SELECT m.id AS mention_id, m.kind, m.source, m.external_id, m.published_at, m.author, m.url, m.lang, m.reach,
           m.text,
           ARRAY(SELECT DISTINCT b.name FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
                 WHERE n.mention_id = m.id ORDER BY 1) AS brands_named,
           ARRAY(SELECT DISTINCT l.brand FROM logo_sighting AS l WHERE l.mention_id = m.id ORDER BY 1)
               AS brands_shown,
           s.label AS sentiment, s.p_negative, s.p_neutral, s.p_positive,
           {felt}
               OR EXISTS (SELECT FROM logo_sighting AS l WHERE l.mention_id = m.id AND l.corrected) AS corrected,
           p.url AS picture_url, p.width AS picture_width, p.height AS picture_height, m.model_version, m.stored_at,
           ARRAY(SELECT DISTINCT b.name FROM written_brand AS w JOIN brand AS b ON b.id = w.brand_id
                 WHERE w.picture_sha256 = m.picture_sha256 AND w.model_version = m.model_version ORDER BY 1)
               AS brands_written
    FROM mention AS m
    LEFT JOIN effective_sentiment AS s ON s.mention_id = m.id AND s.brand_id IS NULL
    LEFT JOIN picture AS p ON p.sha256 = m.picture_sha256
"""
_ANY = "EXISTS (SELECT FROM sentiment_correction AS c WHERE c.mention_id = m.id)"
_WHOLE = "s.correction_id IS NOT NULL"


def upgrade() -> None:
    op.execute(f"CREATE OR REPLACE VIEW mention_detail AS {_DETAIL.format(felt=_ANY)}")


def downgrade() -> None:
    op.execute(f"CREATE OR REPLACE VIEW mention_detail AS {_DETAIL.format(felt=_WHOLE)}")
