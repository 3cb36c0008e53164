"""A made-up database of any size, for trying pages, reports and benchmarks; marked as such for good."""

from monitor.seeding.load import seed

__all__ = ["seed"]
