"""The tables of benchmarks/results/stream.md, each with what it says."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks import peers as rivals
from benchmarks.streaming.results import Rows, table

_BUSY: Final = 0.1
"""Share of the time from which on a thread counts as busy."""


def _null(rows: Rows) -> str:
    heads = ("broker", "", "records", "records/CPU-s", "records/s", "CPU us a record")
    return table(
        heads,
        [
            (
                *(row["broker"], row["contender"], row["records"], row["per_cpu_second"]),
                *(row["per_second"], 1e6 / row["per_cpu_second"]),
            )
            for row in rows
        ],
    )


def _writer(rows: Rows) -> str:
    heads = (
        "one worker",
        "mentions/s",
        "worker, us",
        "server, us",
        "log, bytes",
        "statements",
        "round trips",
    )
    return table(heads, [tuple(row.values()) for row in rows])


def _path(rows: Rows) -> str:
    heads = (
        *("broker", "load", "workers", "models alone/s", "whole/s", "ratio"),
        *("alone/CPU-s", "whole/CPU-s", "ratio", "database CPU-s", "cores busy alone, whole", "threads busy"),
    )
    return table(heads, [_path_row(row) for row in rows])


def _path_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    alone, whole = row["alone"], row["whole"]
    cores = f"{alone['cpu'] / alone['seconds']:.2f}, {whole['cpu'] / whole['seconds']:.2f}"
    return (
        *(row["broker"], row["load"], row["workers"]),
        *(_rate(alone, "seconds"), _rate(whole, "seconds"), row["wall_ratio"]),
        *(_rate(alone, "cpu"), _rate(whole, "cpu"), row["cpu_ratio"]),
        *(whole["database_cpu"], cores, f"{_busy(alone)}, {_busy(whole)}"),
    )


def _growth(rows: Rows) -> str:
    heads = ("broker", "partitions", "workers", "texts/s", "texts/CPU-s", "database CPU-s", "threads busy")
    return table(
        heads,
        [
            (
                *(row["broker"], row["partitions"], row["workers"], _rate(row, "seconds")),
                *(_rate(row, "cpu"), row["database_cpu"], _busy(row)),
            )
            for row in rows
        ],
    )


def _backlog(rows: Rows) -> str:
    heads = (
        *("broker", "", "records", "seconds", "records/s", "records/CPU-s"),
        *("peak MiB, first third", "second", "last", "rebalances"),
    )
    return table(
        heads,
        [
            (
                *(row["broker"], row["what"], row["records"], row["seconds"]),
                *(_rate(row, "seconds"), _rate(row, "cpu")),
                *(row["peak_1"], row["peak_2"], row["peak_3"], row["rebalances"]),
            )
            for row in rows
        ],
    )


def _latency(rows: Rows) -> str:
    return table(
        ("broker", "share of what one worker takes", "texts/s", "texts", "p50 ms", "p99 ms"),
        [
            (
                *(row["broker"], f"{row['share']:.0%}", row["per_second"], row["texts"]),
                *(1000 * row["p50"], 1000 * row["p99"]),
            )
            for row in rows
        ],
    )


def _kill(rows: Rows) -> str:
    return table(
        ("broker", "published", "kill -9 after", "rows", "dead letters", "seconds", "audit"),
        [
            (
                *(row["broker"], row["published"], row["killed_at"], row["stored"], row["dead"]),
                *(row["seconds"], row["audit"]),
            )
            for row in rows
        ],
    )


def _peers(rows: Rows) -> str:
    kinds = dict.fromkeys(row["broker"] for row in rows)
    names = [one.name for one in dataclasses.fields(rivals.PeerResult)]
    pages = []
    for kind in kinds:
        found = [
            rivals.PeerResult(**{name: row[name] for name in names}) for row in rows if row["broker"] == kind
        ]
        pages.append(f"On the broker {kind}:\n\n{rivals.table(found)}")
    return "\n\n".join(pages)


def _rate(taken: Mapping[str, Any], by: str) -> float:
    return taken["records"] / taken[by] if taken[by] else 0.0


def _busy(taken: Mapping[str, Any]) -> int:
    return sum(share >= _BUSY for share in taken["threads"])


TABLES: Final[dict[str, tuple[str, Callable[[Rows], str]]]] = {
    "null": (
        """
## Null path

What the stream costs when models and database cost nothing. `aiokafka` is the limit: the client's `getmany`
and the decoding of each record. `worker` is the same with all that keeps records from being lost or
doubled: Faust's agent, our reading off the wire, batches of 64, the ledger, commits every 250 ms.
""",
        _null,
    ),
    "writer": (
        """
## Writer

Mentions with one brand each into the embedded database with its durable defaults, by one worker's writer
alone. CPU time and log (WAL) are a mention's, statements and round trips a batch's (benchmarks/storage.py).
""",
        _writer,
    ),
    "path": (
        """
## The whole path over the models

`models alone` is a worker's own scoring (decode, language, brands, sentiment; pictures with their files)
called in a loop on the same records in the same batch sizes, in as many processes as there are workers,
before and after;
`whole` is workers with broker and PostgreSQL beside them on the same cores. CPU seconds are the workers'
own. A thread is busy that is at work for a tenth of the time.
""",
        _path,
    ),
    "growth": (
        """
## Partitions and workers

Texts with brands, the whole path, on the cores that the database and the broker use as well.
""",
        _growth,
    ),
    "backlog": (
        """
## Backlog

`null` reads a million texts: broker, reading, decoding, batches, ledger and commits are real, models and
database take nothing. `whole` is a worker as it is shipped, for two minutes. Rebalances are those after
the first assignment.
""",
        _backlog,
    ),
    "latency": (
        """
## Latency

From the moment a text is published until its row's commit, by the clock of one machine, at shares of what
one worker took just before.
""",
        _latency,
    ),
    "kill": (
        """
## kill -9

A mix with 2 % pictures and 1 % broken, the worker killed half-way and another one started.
""",
        _kill,
    ),
    "peers": (
        """
## Beside what people would write instead

The same ONNX model, PostgreSQL, records and broker in one run (`python -m benchmarks.peers`).
""",
        _peers,
    ),
}
