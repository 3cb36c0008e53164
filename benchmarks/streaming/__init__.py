"""The parts of benchmarks/stream.py; each measures one thing beside its own limit, in one run."""
