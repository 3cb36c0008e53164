"""Alerts that people set: rules, whom they are told to, and what became of each alert at each recipient.

What there was, a watch for sudden criticism of our brands behind MONITOR_ALERTS, becomes the first rule, and
what it raised becomes that rule's. Whom those alerts were sent to was never stored.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NEW = ("alert_rule", "alert_recipient", "alert_delivery")

_KINDS = (
    "kind IN ('volume-up', 'volume-down', 'criticism', 'negative-share', 'theme', 'reach', 'competitor',"
    " 'silence')"
)
_TABLE = "What rules raised; each window raises one alert a rule and subject at most."
_TABLE_BEFORE = "Sudden criticism of a brand; each window raises one alert at most."

_OBSERVED = (
    "Posts in the window; of criticism and negative-share, the negative texts; of reach, the posts that reach so "
    "many."
)
_EXPECTED = "How many the same hours of earlier weeks had on average; null of reach."
_P_VALUE = "How often chance alone gives something as unusual, 0..1; null of reach."

# Column, type, comment: what alerts have that the old ones had not.
_ADDED = (
    ("query", sa.Text(), "The rule's query then."),
    (
        "share",
        sa.Double(),
        "Of negative-share: the negative part of the texts with a verdict, 0..1; else null.",
    ),
    ("usual_share", sa.Double(), "The same in the earlier windows."),
    ("reach", sa.BigInteger(), "Of reach: the widest reach of the posts."),
    (
        "cause",
        sa.Text(),
        "What made it happen, in words, where one thing did. May name an author or a source.",
    ),
    (
        "first_mention_id",
        sa.Uuid(),
        "The mention that the cause names the author of: with it, the words of the cause go.",
    ),
)


def upgrade() -> None:
    _rules()
    op.execute(
        "INSERT INTO alert_rule (name, kind, scope, sensitivity, cool_down, zone)"
        " VALUES ('Sudden criticism of our brands', 'criticism', 'own', 'clear', 24, 'UTC')"
    )
    _widen_alerts()
    _deliveries()
    _forget_what_is_erased()
    _rights()


def downgrade() -> None:
    op.execute("DROP TRIGGER mention_untold ON mention")
    op.execute("DROP FUNCTION alert_forget()")
    op.drop_table("alert_delivery")
    # The old table knows criticism of brands only.
    op.execute("DELETE FROM alert WHERE kind <> 'criticism' OR brand_id IS NULL OR query IS NOT NULL")
    op.execute(
        "DELETE FROM alert AS a USING alert AS b"
        " WHERE a.brand_id = b.brand_id AND a.since = b.since AND a.id > b.id"
    )
    for name in ("kind", "share"):
        op.drop_constraint(op.f(f"alert_{name}_ck"), "alert", type_="check")
    op.drop_constraint(op.f("alert_rule_id_subject_until_uq"), "alert", type_="unique")
    op.drop_index("alert_raised_at_ix", table_name="alert")
    op.drop_index("alert_unpublished_ix", table_name="alert")
    for name in ("rule_id", "subject", "title", *(each for each, _, _ in _ADDED)):
        op.drop_column("alert", name)
    op.alter_column("alert", "kind", new_column_name="rule", comment="Which rule raised it.")
    op.execute("UPDATE alert SET rule = 'negative-spike'")
    op.alter_column("alert", "brand_id", nullable=False, comment="About which brand.")
    op.alter_column("alert", "observed", comment="Negative texts about the brand in the window.")
    op.alter_column(
        "alert", "expected", nullable=False, comment="How many the same hours of earlier weeks had."
    )
    op.alter_column("alert", "p_value", nullable=False, comment="How often chance alone gives as many, 0..1.")
    op.add_column(
        "alert",
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            comment="When it was handed to the recipients; null: still to do.",
        ),
    )
    op.execute("UPDATE alert SET sent_at = raised_at")
    op.create_unique_constraint(op.f("alert_rule_brand_id_since_uq"), "alert", ["rule", "brand_id", "since"])
    op.create_table_comment("alert", _TABLE_BEFORE, existing_comment=_TABLE)
    _for_role("brand_monitor_write", "GRANT UPDATE (sent_at) ON alert TO brand_monitor_write")
    op.drop_table("alert_recipient")
    op.drop_table("alert_rule")


def _rules() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _text("name", "What people call it.", nullable=False),
        _text(
            "kind",
            "What it watches for: volume-up, volume-down, criticism, negative-share, theme, reach, competitor, "
            "silence.",
            nullable=False,
        ),
        _text(
            "scope",
            "Whose posts: brand (one), own (each brand of ours), others (each other brand), any.",
            nullable=False,
        ),
        sa.Column("brand_id", sa.Integer(), nullable=True, comment="The one brand."),
        _text("query", "Only posts of which this query is true; null: all of them."),
        _text("source", "For silence: which source; null: each one."),
        sa.Column(
            "reach",
            sa.BigInteger(),
            nullable=True,
            comment="For reach: how many people an author has to reach.",
        ),
        _text("sensitivity", "How unusual it has to be: emergencies, clear, unusual.", nullable=False),
        sa.Column(
            "cool_down",
            sa.Integer(),
            nullable=False,
            comment="Hours that a subject is left alone for after an alert.",
        ),
        sa.Column(
            "to_default",
            sa.Boolean(),
            nullable=False,
            server_default=sa.true(),
            comment="Told to MONITOR_ALERT_TO besides its own recipients.",
        ),
        _time("quiet_from", "Quiet hours: nothing is sent from here, on the clock of the zone,"),
        _time("quiet_until", "to here; past midnight where it is the earlier one."),
        _text("digest", "hour or day: alerts are gathered into one message; null: sent at once."),
        _time("digest_at", "When the message of the day is sent, on the clock of the zone."),
        _text("zone", "IANA time zone of these times.", nullable=False),
        sa.Column(
            "paused",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="Watches nothing until it is resumed.",
        ),
        _moment("made_at", "When it was set.", default=True),
        _text("made_by", "Who set it; null: it came with the service."),
        _moment("changed_at", "When it became what it is.", default=True),
        _text("changed_by", "Who changed it last."),
        _moment("ended_at", "When it was given up; its alerts are kept.", nullable=True),
        _moment("looked_at", "End of the last window that was looked at.", nullable=True),
        _text("problem", "Why it could not be looked at, the last time; null: it could."),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_rule_pk")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("alert_rule_brand_id_fk")),
        sa.CheckConstraint(_KINDS, name=op.f("alert_rule_kind_ck")),
        sa.CheckConstraint("scope IN ('brand', 'own', 'others', 'any')", name=op.f("alert_rule_scope_ck")),
        sa.CheckConstraint("(scope = 'brand') = (brand_id IS NOT NULL)", name=op.f("alert_rule_brand_ck")),
        sa.CheckConstraint("kind <> 'theme' OR query IS NOT NULL", name=op.f("alert_rule_query_ck")),
        sa.CheckConstraint(
            "(kind = 'reach') = (reach IS NOT NULL) AND reach > 0", name=op.f("alert_rule_reach_ck")
        ),
        sa.CheckConstraint(
            "sensitivity IN ('emergencies', 'clear', 'unusual')", name=op.f("alert_rule_sensitivity_ck")
        ),
        sa.CheckConstraint("cool_down BETWEEN 1 AND 720", name=op.f("alert_rule_cool_down_ck")),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("alert_rule_quiet_ck")),
        sa.CheckConstraint("digest IN ('hour', 'day')", name=op.f("alert_rule_digest_ck")),
        sa.CheckConstraint(
            "(digest IS NOT DISTINCT FROM 'day') = (digest_at IS NOT NULL)",
            name=op.f("alert_rule_digest_at_ck"),
        ),
        comment="What people asked to be told of. Rules are changed and given up, never deleted.",
    )
    op.create_table(
        "alert_recipient",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        _text("name", "The address without its secrets, as pages show it.", nullable=False),
        _text(
            "address",
            "The apprise address with its secrets; brand_monitor_read may not read it.",
            nullable=False,
        ),
        _moment("added_at", "When.", default=True),
        _text("added_by", "Who added it."),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_recipient_pk")),
        sa.ForeignKeyConstraint(["rule_id"], ["alert_rule.id"], name=op.f("alert_recipient_rule_id_fk")),
        sa.UniqueConstraint("rule_id", "name", name=op.f("alert_recipient_rule_id_name_uq")),
        comment="Whom the alerts of a rule are sent to. A row goes when the recipient is taken off.",
    )


def _widen_alerts() -> None:
    op.drop_constraint(op.f("alert_rule_brand_id_since_uq"), "alert", type_="unique")
    op.alter_column(
        "alert",
        "rule",
        new_column_name="kind",
        comment="What the rule watched for then; as in alert_rule.",
    )
    op.execute("UPDATE alert SET kind = 'criticism'")
    op.add_column("alert", sa.Column("rule_id", sa.BigInteger(), comment="Which rule raised it."))
    op.add_column(
        "alert",
        _text("subject", "The brand, source or query that did something; cut where long."),
    )
    op.add_column("alert", _text("title", "What happened, in words."))
    for name, kind, comment in _ADDED:
        op.add_column("alert", sa.Column(name, kind, nullable=True, comment=comment))
    op.execute("""
        UPDATE alert AS a SET rule_id = (SELECT id FROM alert_rule), subject = b.name,
               title = 'Sudden criticism of ' || b.name || ': ' || a.observed || ' negative texts in 24 hours'
        FROM brand AS b WHERE b.id = a.brand_id
    """)
    for name in ("rule_id", "subject", "title"):
        op.alter_column("alert", name, nullable=False)
    op.alter_column("alert", "brand_id", nullable=True, comment="About which brand, where it is about one.")
    op.alter_column("alert", "observed", comment=_OBSERVED)
    op.alter_column("alert", "expected", nullable=True, comment=_EXPECTED)
    op.alter_column("alert", "p_value", nullable=True, comment=_P_VALUE)
    op.drop_column("alert", "sent_at")
    op.create_foreign_key(op.f("alert_rule_id_fk"), "alert", "alert_rule", ["rule_id"], ["id"])
    op.create_unique_constraint(
        op.f("alert_rule_id_subject_until_uq"), "alert", ["rule_id", "subject", "until"]
    )
    op.create_check_constraint(op.f("alert_kind_ck"), "alert", _KINDS)
    op.create_check_constraint(
        op.f("alert_share_ck"), "alert", "share BETWEEN 0 AND 1 AND usual_share BETWEEN 0 AND 1"
    )
    op.create_index(op.f("alert_raised_at_ix"), "alert", ["raised_at"])
    op.create_index("alert_unpublished_ix", "alert", ["id"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_table_comment("alert", _TABLE, existing_comment=_TABLE_BEFORE)


def _deliveries() -> None:
    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        _text("recipient", "Whom; an apprise address without its secrets.", nullable=False),
        _text(
            "state",
            "waiting: to be sent at due_at; sending: handed over, or cut off while it was; sent; failed: to be "
            "tried again at due_at; given-up: refused too often; dropped: nobody to send it to any more.",
            nullable=False,
        ),
        _text("held", "Why it was not sent at once: quiet (hours) or digest; null: it was."),
        _moment("due_at", "When it is to be sent, or tried again."),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="How often it was handed over.",
        ),
        _moment("changed_at", "When the state became what it is.", default=True),
        _text("detail", "Why it failed, as the service said."),
        sa.PrimaryKeyConstraint("alert_id", "recipient", name=op.f("alert_delivery_pk")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("alert_delivery_alert_id_fk")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'failed', 'given-up', 'dropped')",
            name=op.f("alert_delivery_state_ck"),
        ),
        sa.CheckConstraint("held IN ('quiet', 'digest')", name=op.f("alert_delivery_held_ck")),
        comment="What became of each alert at each recipient: nobody is told twice, and nothing is lost in "
        "silence.",
    )
    op.create_index(
        "alert_delivery_due_ix",
        "alert_delivery",
        ["due_at"],
        postgresql_where=sa.text("state IN ('waiting', 'failed')"),
    )


def _forget_what_is_erased() -> None:
    """The words of a cause may hold an author's name: they go with the mention."""
    op.execute("""
        CREATE FUNCTION alert_forget() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            UPDATE alert SET cause = NULL, first_mention_id = NULL
            WHERE first_mention_id IN (SELECT id FROM gone);
            RETURN NULL;
        END $$
    """)
    op.execute("REVOKE ALL ON FUNCTION alert_forget() FROM PUBLIC")
    op.execute("""
        CREATE TRIGGER mention_untold AFTER DELETE ON mention REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION alert_forget()
    """)


def _rights() -> None:
    _for_role(
        "brand_monitor_read",
        "GRANT SELECT ON alert_rule, alert_delivery TO brand_monitor_read",
        # Everything but the address, which holds passwords.
        "GRANT SELECT (id, rule_id, name, added_at, added_by) ON alert_recipient TO brand_monitor_read",
    )
    _for_role(
        "brand_monitor_write",
        f"GRANT SELECT, INSERT ON {', '.join(_NEW)} TO brand_monitor_write",
        "GRANT UPDATE ON alert_rule TO brand_monitor_write",
        "GRANT DELETE ON alert_recipient TO brand_monitor_write",
        "GRANT UPDATE (state, attempts, due_at, changed_at, detail) ON alert_delivery TO brand_monitor_write",
    )
    _for_role(
        "brand_monitor_migrate",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in _NEW),
        "ALTER FUNCTION alert_forget() OWNER TO brand_monitor_migrate",
    )


def _text(name: str, comment: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _time(name: str, comment: str) -> sa.Column:
    return sa.Column(name, sa.Time(), nullable=True, comment=comment)


def _moment(name: str, comment: str, *, nullable: bool = False, default: bool = False) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        comment=comment,
        server_default=sa.text("now()") if default else None,
    )


def _for_role(role: str, *statements: str) -> None:
    """Run statements about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {"; ".join(statements)}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
