"""Tables of reports that are sent by themselves: the views that people have sent to them, and what was sent.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from monitor.storage.tables import metadata, moment

subscription = Table(
    "subscription",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "view",
        Text,
        nullable=False,
        comment="What is sent: a page's address without days, such as /brand?name=VMware&source=forum.",
    ),
    Column(
        "schedule",
        Text,
        nullable=False,
        comment="When: WEEKDAY HH:MM ZONE or daily HH:MM ZONE; zones of IANA.",
    ),
    Column(
        "recipients",
        ARRAY(Text),
        nullable=False,
        comment="To whom, as people are shown it: addresses without their secrets.",
    ),
    Column(
        "addresses",
        Text,
        comment="To whom, as it is sent: addresses with their secrets, separated by spaces; "
        "null once it is stopped.",
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="When."),
    Column("created_by", Text, nullable=False, comment="Who asked for it."),
    Column("stopped_at", DateTime(timezone=True), comment="When it was stopped; null: it is sent."),
    Column("stopped_by", Text, comment="Who stopped it."),
    CheckConstraint("view LIKE '/%' AND length(view) <= 4000", name="view"),
    CheckConstraint("cardinality(recipients) > 0", name="recipients"),
    CheckConstraint("(addresses IS NULL) = (stopped_at IS NOT NULL)", name="secrets"),
    CheckConstraint("(stopped_by IS NULL) = (stopped_at IS NULL)", name="stopped"),
    comment="Views of the pages that are sent by themselves, and to whom.",
)

report_delivery = Table(
    "report_delivery",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recipient", Text, nullable=False, comment="Whom; an apprise address without its secrets."),
    moment("since", "The report is about mentions published from here,"),
    moment("until", "to before here."),
    moment("due_at", "When the schedule asked for it."),
    Column(
        "state",
        Text,
        nullable=False,
        comment="skipped: due before the recipient was named; sending: handed over, or cut off while it was; "
        "sent; failed: to be tried again.",
    ),
    Column("attempts", Integer, nullable=False, comment="How often it was handed over."),
    moment("changed_at", "When the state became what it is.", server_default=func.now()),
    Column("detail", Text, comment="Why it failed, as the service said."),
    Column(
        "subscription_id",
        BigInteger,
        ForeignKey(subscription.c.id),
        comment="The view that was sent; null: the report that the settings schedule.",
    ),
    UniqueConstraint("subscription_id", "recipient", "since", "until", postgresql_nulls_not_distinct=True),
    CheckConstraint("state IN ('skipped', 'sending', 'sent', 'failed')", name="state"),
    CheckConstraint("since < until AND until <= due_at", name="period"),
    comment="Scheduled reports: what was sent to whom, so that nobody gets a period twice or misses one.",
)
