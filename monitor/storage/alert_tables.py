"""Tables of alerts: the rules people set, whom they are told to, what was raised, and what became of each.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
    true,
)

from monitor.storage.tables import brand, metadata, moment

__all__: Final = ["alert", "alert_delivery", "alert_recipient", "alert_rule", "metadata"]

alert_rule = Table(
    "alert_rule",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, comment="What people call it."),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="What it watches for: volume-up, volume-down, criticism, negative-share, theme, reach, "
        "competitor, silence.",
    ),
    Column(
        "scope",
        Text,
        nullable=False,
        comment="Whose posts: brand (one), own (each brand of ours), others (each other brand), any.",
    ),
    Column("brand_id", Integer, ForeignKey(brand.c.id), comment="The one brand."),
    Column("query", Text, comment="Only posts of which this query is true; null: all of them."),
    Column("source", Text, comment="For silence: which source; null: each one."),
    Column("reach", BigInteger, comment="For reach: how many people an author has to reach."),
    Column(
        "sensitivity",
        Text,
        nullable=False,
        comment="How unusual it has to be: emergencies, clear, unusual.",
    ),
    Column(
        "cool_down", Integer, nullable=False, comment="Hours that a subject is left alone for after an alert."
    ),
    Column(
        "to_default",
        Boolean,
        nullable=False,
        server_default=true(),
        comment="Told to MONITOR_ALERT_TO besides its own recipients.",
    ),
    Column("quiet_from", Time, comment="Quiet hours: nothing is sent from here, on the clock of the zone,"),
    Column("quiet_until", Time, comment="to here; past midnight where it is the earlier one."),
    Column("digest", Text, comment="hour or day: alerts are gathered into one message; null: sent at once."),
    Column("digest_at", Time, comment="When the message of the day is sent, on the clock of the zone."),
    Column("zone", Text, nullable=False, comment="IANA time zone of these times."),
    Column(
        "paused",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="Watches nothing until it is resumed.",
    ),
    moment("made_at", "When it was set.", server_default=func.now()),
    Column("made_by", Text, comment="Who set it; null: it came with the service."),
    moment("changed_at", "When it became what it is.", server_default=func.now()),
    Column("changed_by", Text, comment="Who changed it last."),
    moment("ended_at", "When it was given up; its alerts are kept.", nullable=True),
    moment("looked_at", "End of the last window that was looked at.", nullable=True),
    Column("problem", Text, comment="Why it could not be looked at, the last time; null: it could."),
    CheckConstraint(
        "kind IN ('volume-up', 'volume-down', 'criticism', 'negative-share', 'theme', 'reach', 'competitor',"
        " 'silence')",
        name="kind",
    ),
    CheckConstraint("scope IN ('brand', 'own', 'others', 'any')", name="scope"),
    CheckConstraint("(scope = 'brand') = (brand_id IS NOT NULL)", name="brand"),
    CheckConstraint("kind <> 'theme' OR query IS NOT NULL", name="query"),
    CheckConstraint("(kind = 'reach') = (reach IS NOT NULL) AND reach > 0", name="reach"),
    CheckConstraint("sensitivity IN ('emergencies', 'clear', 'unusual')", name="sensitivity"),
    CheckConstraint("cool_down BETWEEN 1 AND 720", name="cool_down"),
    CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
    CheckConstraint("digest IN ('hour', 'day')", name="digest"),
    CheckConstraint("(digest IS NOT DISTINCT FROM 'day') = (digest_at IS NOT NULL)", name="digest_at"),
    comment="What people asked to be told of. Rules are changed and given up, never deleted.",
)

alert_recipient = Table(
    "alert_recipient",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("rule_id", BigInteger, ForeignKey(alert_rule.c.id), nullable=False),
    Column("name", Text, nullable=False, comment="The address without its secrets, as pages show it."),
    Column(
        "address",
        Text,
        nullable=False,
        comment="The apprise address with its secrets; brand_monitor_read may not read it.",
    ),
    moment("added_at", "When.", server_default=func.now()),
    Column("added_by", Text, comment="Who added it."),
    UniqueConstraint("rule_id", "name"),
    comment="Whom the alerts of a rule are sent to. A row goes when the recipient is taken off.",
)

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "rule_id", BigInteger, ForeignKey(alert_rule.c.id), nullable=False, comment="Which rule raised it."
    ),
    Column("kind", Text, nullable=False, comment="What the rule watched for then; as in alert_rule."),
    Column(
        "subject",
        Text,
        nullable=False,
        comment="The brand, source or query that did something; cut where long.",
    ),
    Column("brand_id", Integer, ForeignKey(brand.c.id), comment="About which brand, where it is about one."),
    Column("query", Text, comment="The rule's query then."),
    moment("since", "The window: mentions published from here,"),
    moment("until", "to before here."),
    Column(
        "observed",
        BigInteger,
        nullable=False,
        comment="Posts in the window; of criticism and negative-share, the negative texts; of reach, the "
        "posts that reach so many.",
    ),
    Column(
        "expected", Double, comment="How many the same hours of earlier weeks had on average; null of reach."
    ),
    Column("baseline_windows", Integer, nullable=False, comment="Earlier windows it was compared with."),
    Column(
        "p_value", Double, comment="How often chance alone gives something as unusual, 0..1; null of reach."
    ),
    Column(
        "share",
        Double,
        comment="Of negative-share: the negative part of the texts with a verdict, 0..1; else null.",
    ),
    Column("usual_share", Double, comment="The same in the earlier windows."),
    Column("reach", BigInteger, comment="Of reach: the widest reach of the posts."),
    Column("title", Text, nullable=False, comment="What happened, in words."),
    Column(
        "cause",
        Text,
        comment="What made it happen, in words, where one thing did. May name an author or a source.",
    ),
    Column(
        "first_mention_id",
        Uuid,
        comment="The mention that the cause names the author of: with it, the words of the cause go.",
    ),
    moment("raised_at", "When it was found.", server_default=func.now()),
    moment("published_at", "When it was published to Kafka; null: still to do.", nullable=True),
    UniqueConstraint("rule_id", "subject", "until"),
    Index(None, "raised_at"),
    Index("alert_unpublished_ix", "id", postgresql_where=text("published_at IS NULL")),
    CheckConstraint(
        "kind IN ('volume-up', 'volume-down', 'criticism', 'negative-share', 'theme', 'reach', 'competitor',"
        " 'silence')",
        name="kind",
    ),
    CheckConstraint("since < until", name="window"),
    CheckConstraint("p_value BETWEEN 0 AND 1", name="p_value"),
    CheckConstraint("share BETWEEN 0 AND 1 AND usual_share BETWEEN 0 AND 1", name="share"),
    comment="What rules raised; each window raises one alert a rule and subject at most.",
)

alert_delivery = Table(
    "alert_delivery",
    metadata,
    Column("alert_id", BigInteger, ForeignKey(alert.c.id), primary_key=True),
    Column("recipient", Text, primary_key=True, comment="Whom; an apprise address without its secrets."),
    Column(
        "state",
        Text,
        nullable=False,
        comment="waiting: to be sent at due_at; sending: handed over, or cut off while it was; sent; failed: "
        "to be tried again at due_at; given-up: refused too often; dropped: nobody to send it to any more.",
    ),
    Column("held", Text, comment="Why it was not sent at once: quiet (hours) or digest; null: it was."),
    moment("due_at", "When it is to be sent, or tried again."),
    Column(
        "attempts", Integer, nullable=False, server_default=text("0"), comment="How often it was handed over."
    ),
    moment("changed_at", "When the state became what it is.", server_default=func.now()),
    Column("detail", Text, comment="Why it failed, as the service said."),
    Index("alert_delivery_due_ix", "due_at", postgresql_where=text("state IN ('waiting', 'failed')")),
    CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'given-up', 'dropped')", name="state"),
    CheckConstraint("held IN ('quiet', 'digest')", name="held"),
    comment="What became of each alert at each recipient: nobody is told twice, and nothing is lost in "
    "silence.",
)
