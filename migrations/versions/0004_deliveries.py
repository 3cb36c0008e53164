"""Scheduled reports sent, and alerts raised: tables report_delivery and alert, with the roles' rights."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("report_delivery", "alert")


def _moment(name: str, comment: str, *, nullable: bool = False, default: bool = False) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        comment=comment,
        server_default=sa.text("now()") if default else None,
    )


def upgrade() -> None:
    op.create_table(
        "report_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "recipient", sa.Text(), nullable=False, comment="Whom; an apprise address without its secrets."
        ),
        _moment("since", "The report is about mentions published from here,"),
        _moment("until", "to before here."),
        _moment("due_at", "When the schedule asked for it."),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="skipped: due before the recipient was named; sending: handed over, or cut off while it was; "
            "sent; failed: to be tried again.",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was handed over."),
        _moment("changed_at", "When the state became what it is.", default=True),
        sa.Column("detail", sa.Text(), nullable=True, comment="Why it failed, as the service said."),
        sa.PrimaryKeyConstraint("id", name=op.f("report_delivery_pk")),
        sa.UniqueConstraint(
            "recipient", "since", "until", name=op.f("report_delivery_recipient_since_until_uq")
        ),
        sa.CheckConstraint(
            "state IN ('skipped', 'sending', 'sent', 'failed')", name=op.f("report_delivery_state_ck")
        ),
        sa.CheckConstraint("since < until AND until <= due_at", name=op.f("report_delivery_period_ck")),
        comment="Scheduled reports: what was sent to whom, so that nobody gets a period twice or misses one.",
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False, comment="Which rule raised it."),
        sa.Column("brand_id", sa.Integer(), nullable=False, comment="About which brand."),
        _moment("since", "The window: mentions published from here,"),
        _moment("until", "to before here."),
        sa.Column(
            "observed",
            sa.BigInteger(),
            nullable=False,
            comment="Negative texts about the brand in the window.",
        ),
        sa.Column(
            "expected", sa.Double(), nullable=False, comment="How many the same hours of earlier weeks had."
        ),
        sa.Column(
            "baseline_windows",
            sa.Integer(),
            nullable=False,
            comment="Earlier windows it was compared with.",
        ),
        sa.Column(
            "p_value",
            sa.Double(),
            nullable=False,
            comment="How often chance alone gives as many, 0..1.",
        ),
        _moment("raised_at", "When it was found.", default=True),
        _moment("published_at", "When it was published to Kafka; null: still to do.", nullable=True),
        _moment("sent_at", "When it was handed to the recipients; null: still to do.", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_pk")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("alert_brand_id_fk")),
        sa.UniqueConstraint("rule", "brand_id", "since", name=op.f("alert_rule_brand_id_since_uq")),
        sa.CheckConstraint("since < until", name=op.f("alert_window_ck")),
        sa.CheckConstraint("p_value BETWEEN 0 AND 1", name=op.f("alert_p_value_ck")),
        comment="Sudden criticism of a brand; each window raises one alert at most.",
    )
    for table in _TABLES:
        _for_role("brand_monitor_read", f"GRANT SELECT ON {table} TO brand_monitor_read")
        _for_role("brand_monitor_write", f"GRANT SELECT, INSERT, UPDATE ON {table} TO brand_monitor_write")
        _for_role("brand_monitor_migrate", f"ALTER TABLE {table} OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
