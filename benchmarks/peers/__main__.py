"""`python -m benchmarks.peers`."""

import argparse

from .comparing import compare, table
from .programs import PEERS

parser = argparse.ArgumentParser(description="Brand Monitor beside what people would write instead.")
parser.add_argument("--records", type=int, default=2_000, help="records of the backlog and around the kills")
parser.add_argument("--kills", type=int, default=3, help="kill -9 so many times")
parser.add_argument("--peers", default=",".join(PEERS), help="names with commas between them")
parser.add_argument("--kafka", help="HOST:PORT of a broker; without, an embedded one")
arguments = parser.parse_args()
found = compare(
    arguments.records, kills=arguments.kills, peers=arguments.peers.split(","), bootstrap=arguments.kafka
)
print(table(found))
