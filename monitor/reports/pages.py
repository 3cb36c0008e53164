"""Templates of the report and the pages: everything escaped, numbers and dates written one way."""

from datetime import datetime, tzinfo
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from monitor.reports import feeling, labels, languages, wording


@lru_cache(maxsize=16)
def template(zone: tzinfo | None = None) -> Template:
    """The report page; moments are shown in `zone`, or UTC. Compiling it takes longer than filling it in."""
    return environment("monitor.reports", zone).get_template("report.html.j2")


def environment(package: str, zone: tzinfo | None = None) -> Environment:
    """The templates of a package; moments are shown in `zone`, or UTC."""

    def day(moment: datetime) -> str:
        return wording.day(moment, zone)

    def minute(moment: datetime) -> str:
        return wording.minute(moment, zone)

    pages = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(
        # In place of Jinja's own, which cuts an emoji in two.
        truncate=labels.cut,
        label=labels.label,
        number=wording.number,
        percent=wording.percent,
        found_by=wording.found_by,
        signed=wording.signed,
        day=day,
        minute=minute,
        counted=wording.counted,
        telling=wording.telling,
        pruned=wording.pruned,
        language=wording.language,
        unscored=languages.in_words,
        unsure=feeling.in_words,
    )
    pages.tests["web_address"] = wording.is_web_address
    return pages
