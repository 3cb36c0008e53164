"""The stream beside its limits: what it costs around the models, how it grows, how late it is.

    python benchmarks/stream.py                     # every part; about half an hour on two quiet cores
    python benchmarks/stream.py null path --kafka   # some parts, on Apache Kafka as well (Java and Maven)
    python benchmarks/stream.py --texts FILE        # with texts of one's own, JSON lines with a "text" each
    python benchmarks/stream.py --quick             # a few seconds each: does it run?

Parts: null, writer, path, growth, backlog, latency, kill, peers. Each compares within one run on one
machine; on a busy one compare CPU seconds. Results: benchmarks/results/stream.md, and a JSON file a part in
benchmarks/results/stream/; a part that is not run keeps its last results. `--quick` writes nothing.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.streaming import (
    backlog,
    brokers,
    growth,
    kill,
    latency,
    load,
    null,
    path,
    peers,
    results,
    writer,
)
from benchmarks.streaming.tables import TABLES

PARTS: dict[str, Callable[[Sequence[str], bool], list[dict[str, Any]]]] = {
    "null": null.measure,
    "writer": writer.measure,
    "path": path.measure,
    "growth": growth.measure,
    "backlog": backlog.measure,
    "latency": latency.measure,
    "kill": kill.measure,
    "peers": peers.measure,
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    options.add_argument("--kafka", action="store_true", help="on Apache Kafka as well")
    options.add_argument("--quick", action="store_true", help="a few seconds of each, nothing kept")
    options.add_argument("--texts", type=Path, help="texts to read instead of the 52 samples, JSON lines")
    given = options.parse_args()
    if given.texts:
        os.environ[load.TEXTS] = str(given.texts.resolve())  # processes that this one starts read them, too
    if unknown := set(given.parts) - PARTS.keys():
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    kinds = brokers.kinds(given.kafka)
    for part in given.parts or PARTS:
        rows = PARTS[part](kinds, given.quick)
        print(f"\n{part}\n{TABLES[part][1](rows)}", flush=True)
        if not given.quick:
            results.keep(
                part, rows, " ".join(["python benchmarks/stream.py", *sys.argv[1:]]), load.described()
            )
            print(f"written: {results.write(TABLES)}")


if __name__ == "__main__":
    main()
