"""Where every watched brand stands: volume, share, health, net sentiment, beside before and its usual."""

from sqlalchemy import Connection

from monitor.insights.compared import Compared, Standing
from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Filter
from monitor.reports.voice import share_of_voice


def standings(connection: Connection, chosen: Filter, zone: str) -> tuple[Standing, ...]:
    """Each brand of the filter (all watched ones if it names none) that was present now or before, the most
    present first. Days of the usual are those of the IANA time zone."""
    felt = {each.brand: each for each in net_sentiment(connection, chosen)}
    return tuple(
        Standing(
            brand=each.brand,
            own=each.own,
            mentions=_bare("count", each.posts, each.posts),
            share=_bare("share", each.share, round(each.posts / each.share)),
            health=_bare("share", felt[each.brand].health, felt[each.brand].opinions)
            if each.brand in felt
            else _bare("share", None, 0),
            net=_bare("net", felt[each.brand].net_sentiment, felt[each.brand].sure)
            if each.brand in felt
            else _bare("net", None, 0),
        )
        for each in share_of_voice(connection, chosen)
    )


def _bare(scale: str, now: float | None, n: int) -> Compared:
    return Compared(
        scale=scale,  # type: ignore[arg-type]
        now=now,
        before=None,
        usual=None,
        n=n,
        n_before=0,
        since_before=None,
        from_usual=None,
    )
