"""What `brand-monitor demo` (`make demo`) runs: the whole system once, on the samples."""

from monitor.demo.run import DemoOutcome, run_demo
from monitor.demo.samples import Samples, read_samples

__all__ = ["DemoOutcome", "Samples", "read_samples", "run_demo"]
