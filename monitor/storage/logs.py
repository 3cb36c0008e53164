"""Lives of a log: a topic deleted and made anew, or a broker emptied, counts its offsets from 0 again.

A record's place is (log_id, topic, partition, offset). The first life of a topic in a cluster has the
cluster's id for a log_id; a further one, told by Kafka's topic id, has "CLUSTER/TOPIC-ID".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from monitor.storage.log_tables import log


class _Life(NamedTuple):
    log_id: str
    topic_id: str | None


def find_logs(connection: Connection, cluster_id: str, topic_ids: Mapping[str, str | None]) -> dict[str, str]:
    """Topic -> log_id of the lives that now have these ids (None: the broker tells none). Writes nothing."""
    known = _lives(connection, cluster_id)
    return {topic: _log_id(known[topic], cluster_id, topic_id) for topic, topic_id in topic_ids.items()}


def open_logs(connection: Connection, cluster_id: str, topic_ids: Mapping[str, str | None]) -> dict[str, str]:
    """As `find_logs`, and registers lives met for the first time. Needs a transaction; whoever comes at the
    same time waits for its end."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('brand-monitor logs'))"))
    known = _lives(connection, cluster_id)
    found = {}
    for topic, topic_id in topic_ids.items():
        log_id = found[topic] = _log_id(known[topic], cluster_id, topic_id)
        if log_id not in (life.log_id for life in known[topic]):
            connection.execute(
                insert(log).values(log_id=log_id, topic=topic, cluster_id=cluster_id, topic_id=topic_id)
            )
        elif topic_id is not None:
            connection.execute(
                update(log)
                .where(log.c.log_id == log_id, log.c.topic == topic, log.c.topic_id.is_(None))
                .values(topic_id=topic_id)
            )
    return found


def _lives(connection: Connection, cluster_id: str) -> defaultdict[str, list[_Life]]:
    """Topic -> its lives in this cluster, the latest last."""
    lives: defaultdict[str, list[_Life]] = defaultdict(list)
    rows = connection.execute(
        select(log.c.topic, log.c.log_id, log.c.topic_id)
        .where(log.c.cluster_id == cluster_id)
        .order_by(log.c.opened_at, log.c.log_id)
    )
    for topic, log_id, topic_id in rows:
        lives[topic].append(_Life(log_id, topic_id))
    return lives


def _log_id(lives: Sequence[_Life], cluster_id: str, topic_id: str | None) -> str:
    if not lives:
        return cluster_id
    if topic_id is None:
        return lives[-1].log_id
    # One without an id is the first life of a topic, from before anybody asked for ids: it is this one.
    of_it = [life.log_id for life in lives if life.topic_id in (topic_id, None)]
    return of_it[-1] if of_it else f"{cluster_id}/{topic_id}"
