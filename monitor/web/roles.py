"""Who may do what: viewers look, analysts correct and answer, admins choose brands, alerts and recipients.

Where nobody logs in, the pages are served to this machine alone, and whoever sits at it may everything.
"""

from typing import Final

from fastapi import Request

from monitor.web.people import People, Role
from monitor.web.site import person

__all__ = ["ForbiddenError", "Role", "may", "require", "role", "viewers_only_look"]

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_OPEN: Final = ("/login", "/logout")
"""What whoever has no role may send."""

_WHO: Final = {Role.VIEWER: "Everybody", Role.ANALYST: "Analysts and admins", Role.ADMIN: "Admins"}


class ForbiddenError(Exception):
    """A person asked for what their role does not allow; says who may. Shown with status 403."""


def role(request: Request) -> Role:
    """The role of whoever sent the request."""
    people: People | None = request.app.state.people
    return Role.ADMIN if people is None else people.role(person(request) or "")


def may(request: Request, least: str) -> bool:
    """Whether whoever sent the request has the role of that name ("analyst") or a higher one."""
    return role(request) >= Role[least.upper()]


def require(request: Request, least: Role) -> None:
    """Raises `ForbiddenError` where whoever sent the request has a lower role."""
    present = role(request)
    if present >= least:
        return
    people: People | None = request.app.state.people
    names = ", ".join(people.with_role(least)) if people else ""
    raise ForbiddenError(
        f"{_WHO[least]} may do this{f': {names}' if names else ''}. You are here as {present.name.lower()}; "
        f"`brand-monitor web add-user NAME --role {least.name.lower()}` changes that."
    )


def viewers_only_look(request: Request) -> None:
    """Before every route: what changes something takes an analyst, whatever else the route asks for. Raises
    `ForbiddenError`."""
    if request.method not in _SAFE and request.url.path not in _OPEN:
        require(request, Role.ANALYST)
