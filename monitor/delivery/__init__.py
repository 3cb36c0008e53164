"""Reports and alerts sent on time: when they are due, to whom, and what was sent already."""

from monitor.delivery.schedule import Period, Schedule, read_schedule

__all__ = ["Period", "Schedule", "read_schedule"]
