"""Table of the views that people have sent to them; what was sent stands in `report_delivery`.

`metadata` is that of `monitor.storage.tables`, with this in it.
"""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, DateTime, Identity, Table, Text, func

from monitor.storage.tables import metadata

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
