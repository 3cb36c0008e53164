"""Alerts as JSON: what is watched and what was raised, without the addresses of recipients."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request

from monitor.alerts import store
from monitor.alerts.reading import Told, history
from monitor.alerts.rules import Rule
from monitor.delivery.links import base_address
from monitor.web.alerts import Older
from monitor.web.openapi import Answer, answering
from monitor.web.site import site

router: Final = APIRouter(prefix="/api/alerts", tags=["alerts"])


class Alerts(msgspec.Struct, frozen=True):
    """The rules in force, and what was raised, the newest first."""

    rules: tuple[Rule, ...]
    alerts: tuple[Told, ...]


@router.get("", **answering(Alerts))
def get_alerts(
    request: Request,
    rule: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only alerts of this rule.")] = None,
    before: Older = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Answer:
    """What is watched and what was raised, and what became of each alert at each recipient."""
    here = site(request)
    with here.databases.reading() as connection:
        told = history(connection, base_address(here.settings), here.zone, rule, before, limit)
        return Answer(Alerts(tuple(store.rules(connection)), tuple(told)))
