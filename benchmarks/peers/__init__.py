"""Brand Monitor beside what people would write instead: the same records, model and servers in one run.

python -m benchmarks.peers                        # every peer; minutes
python -m benchmarks.peers --records 400 --kills 1 --peers loop,monitor
"""

from .comparing import PeerResult, compare, table

__all__ = ["PeerResult", "compare", "table"]
