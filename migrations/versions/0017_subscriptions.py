"""Views that are sent by themselves: table subscription, and in report_delivery which of them was sent.

Recipients' addresses hold passwords: readers of the database may read every column but that one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_SHOWN = "id, view, schedule, recipients, created_at, created_by, stopped_at, stopped_by"
_ONCE = ("subscription_id", "recipient", "since", "until")


def _moment(name: str, comment: str, *, default: bool = False) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not default,
        comment=comment,
        server_default=sa.text("now()") if default else None,
    )


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "view",
            sa.Text(),
            nullable=False,
            comment="What is sent: a page's address without days, such as /brand?name=VMware&source=forum.",
        ),
        sa.Column(
            "schedule",
            sa.Text(),
            nullable=False,
            comment="When: WEEKDAY HH:MM ZONE or daily HH:MM ZONE; zones of IANA.",
        ),
        sa.Column(
            "recipients",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="To whom, as people are shown it: addresses without their secrets.",
        ),
        sa.Column(
            "addresses",
            sa.Text(),
            nullable=True,
            comment="To whom, as it is sent: addresses with their secrets, separated by spaces; "
            "null once it is stopped.",
        ),
        _moment("created_at", "When.", default=True),
        sa.Column("created_by", sa.Text(), nullable=False, comment="Who asked for it."),
        _moment("stopped_at", "When it was stopped; null: it is sent."),
        sa.Column("stopped_by", sa.Text(), nullable=True, comment="Who stopped it."),
        sa.PrimaryKeyConstraint("id", name=op.f("subscription_pk")),
        sa.CheckConstraint("view LIKE '/%' AND length(view) <= 4000", name=op.f("subscription_view_ck")),
        sa.CheckConstraint("cardinality(recipients) > 0", name=op.f("subscription_recipients_ck")),
        sa.CheckConstraint(
            "(addresses IS NULL) = (stopped_at IS NOT NULL)", name=op.f("subscription_secrets_ck")
        ),
        sa.CheckConstraint(
            "(stopped_by IS NULL) = (stopped_at IS NULL)", name=op.f("subscription_stopped_ck")
        ),
        comment="Views of the pages that are sent by themselves, and to whom.",
    )
    op.add_column(
        "report_delivery",
        sa.Column(
            "subscription_id",
            sa.BigInteger(),
            nullable=True,
            comment="The view that was sent; null: the report that the settings schedule.",
        ),
    )
    op.create_foreign_key(
        op.f("report_delivery_subscription_id_fk"),
        "report_delivery",
        "subscription",
        ["subscription_id"],
        ["id"],
    )
    op.drop_constraint(op.f("report_delivery_recipient_since_until_uq"), "report_delivery", type_="unique")
    op.create_unique_constraint(
        op.f("report_delivery_subscription_id_recipient_since_until_uq"),
        "report_delivery",
        list(_ONCE),
        postgresql_nulls_not_distinct=True,
    )
    _for_role("brand_monitor_read", f"GRANT SELECT ({_SHOWN}) ON subscription TO brand_monitor_read")
    _for_role(
        "brand_monitor_write",
        "GRANT SELECT, INSERT, UPDATE (addresses, stopped_at, stopped_by) ON subscription TO brand_monitor_write",
    )
    _for_role("brand_monitor_migrate", "ALTER TABLE subscription OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    op.execute("DELETE FROM report_delivery WHERE subscription_id IS NOT NULL")
    op.drop_constraint(
        op.f("report_delivery_subscription_id_recipient_since_until_uq"), "report_delivery", type_="unique"
    )
    op.drop_constraint(op.f("report_delivery_subscription_id_fk"), "report_delivery", type_="foreignkey")
    op.drop_column("report_delivery", "subscription_id")
    op.create_unique_constraint(
        op.f("report_delivery_recipient_since_until_uq"), "report_delivery", ["recipient", "since", "until"]
    )
    op.drop_table("subscription")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
