"""The form of an alert: its fields as people fill them in, and the rule they ask for."""

import re
from datetime import time
from typing import Annotated, Any, Final, get_args

import msgspec
from fastapi import Form, Query

from monitor.alerts.rules import KINDS, MOST_NAME, SENSITIVITIES, Digest, Rule, RuleError, check
from monitor.reports.labels import label

_TIME: Final = re.compile(r"\d\d:\d\d(:\d\d)?")
_BRAND: Final = "brand:"


class Asked:
    """The fields, as typed: everything is text, so that a wrong one is shown beside what is wrong."""

    def __init__(
        self,
        name: Annotated[str, Form()] = "",
        kind: Annotated[str, Form()] = "criticism",
        about: Annotated[str, Form()] = "own",
        query: Annotated[str, Form()] = "",
        source: Annotated[str, Form()] = "",
        reach: Annotated[str, Form()] = "",
        sensitivity: Annotated[str, Form()] = "clear",
        cool_down: Annotated[str, Form()] = "24",
        to_default: Annotated[str, Form()] = "",
        to: Annotated[str, Form()] = "",
        quiet_from: Annotated[str, Form()] = "",
        quiet_until: Annotated[str, Form()] = "",
        digest: Annotated[str, Form()] = "",
        digest_at: Annotated[str, Form()] = "",
        zone: Annotated[str, Form()] = "",
    ) -> None:
        """`about` is own, others, any, or brand:NAME; `digest` is empty, hour or day."""
        self.name, self.kind, self.about = name.strip(), kind, about
        self.query, self.source, self.reach = query.strip(), source, reach.strip()
        self.sensitivity, self.cool_down = sensitivity, cool_down
        self.to_default, self.to = to_default, to
        self.quiet_from, self.quiet_until = quiet_from, quiet_until
        self.digest, self.digest_at, self.zone = digest, digest_at, zone.strip()

    @classmethod
    def like(cls, rule: Rule) -> "Asked":
        """The form filled in with a rule."""
        return cls(
            name=rule.name,
            kind=rule.kind,
            about=f"{_BRAND}{rule.brand}" if rule.scope == "brand" else rule.scope,
            query=rule.query or "",
            source=rule.source or "",
            reach=str(rule.reach or ""),
            sensitivity=rule.sensitivity,
            cool_down=str(rule.cool_down),
            to_default="1" if rule.to_default else "",
            quiet_from=_shown(rule.quiet_from),
            quiet_until=_shown(rule.quiet_until),
            digest=rule.digest or "",
            digest_at=_shown(rule.digest_at),
            zone=rule.zone,
        )

    def rule(self, zone: str, id: int = 0) -> Rule:
        """The rule that is asked for; `zone` where none was typed. Raises `RuleError`."""
        if self.kind not in KINDS or self.sensitivity not in SENSITIVITIES:
            raise RuleError("choose what to watch for, and how sensitive the alert is")
        if self.digest not in ("", *get_args(Digest)):
            raise RuleError("messages come at once, once an hour or once a day")
        silence, reach = self.kind == "silence", self.kind == "reach"
        brand = self.about.removeprefix(_BRAND) if self.about.startswith(_BRAND) else None
        scope: Any = "any" if silence else "brand" if brand is not None else self.about
        if scope not in ("brand", "own", "others", "any"):
            raise RuleError("choose whose mentions to watch")
        asked = Rule(
            id=id,
            name="-",
            kind=self.kind,
            scope=scope,
            brand=None if silence else brand,
            query=None if silence else self.query or None,
            source=self.source or None if silence else None,
            reach=_whole(self.reach) if reach else None,
            sensitivity=self.sensitivity,
            cool_down=_whole(self.cool_down) or 0,
            to_default=bool(self.to_default),
            quiet_from=_time(self.quiet_from),
            quiet_until=_time(self.quiet_until),
            digest=self.digest or None,  # type: ignore[arg-type] # looked up above
            digest_at=(_time(self.digest_at) or time(8)) if self.digest == "day" else None,
            zone=self.zone or zone,
        )
        return _with_name(asked, self.name)


def asked_of(
    query: Annotated[str, Query(description="Only mentions of which this is true.")] = "",
    about: Annotated[str, Query(description="own, others, any, or brand:NAME.")] = "",
    kind: Annotated[str, Query(description="What to watch for.")] = "",
    source: Annotated[str, Query(description="For silence: which source.")] = "",
    brand: Annotated[list[str] | None, Query(description="Instead of about=brand:NAME.")] = None,
) -> Asked:
    """The form as an address fills it in: with a query, a theme's."""
    named = f"{_BRAND}{brand[0]}" if brand else ""
    return Asked(
        query=query,
        about=about or named or ("any" if query else "own"),
        kind=kind if kind in KINDS else "theme" if query else "silence" if source else "criticism",
        source=source,
        to_default="1",
    )


def _with_name(rule: Rule, name: str) -> Rule:
    """Named as typed, else by what it does: `Many more negative texts than usual: our brands`.

    Raises `RuleError` for what cannot be watched.
    """
    made = f"{KINDS[rule.kind]}: {rule.about}"
    named_so = msgspec.structs.replace(rule, name=name or label(made, MOST_NAME))
    check(named_so)
    return named_so


def _whole(text: str) -> int | None:
    digits = re.sub(r"[\s,._]", "", text)
    if not digits:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise RuleError(f"{text[:40]!r} is no whole number")
    return int(digits)


def _time(text: str) -> time | None:
    if not text:
        return None
    try:
        if _TIME.fullmatch(text):
            return time.fromisoformat(text)
    except ValueError:
        pass
    raise RuleError(f"{text[:20]!r} is no time of day; write it like 22:00")


def _shown(at: time | None) -> str:
    return "" if at is None else f"{at:%H:%M}"
