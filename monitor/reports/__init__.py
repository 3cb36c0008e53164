"""The read side: figures from the views, charts, and reports that marketing can open anywhere."""

from monitor.reports.figures import Summary, summary
from monitor.reports.filters import Filter
from monitor.reports.report import ReportFormat, write_report

__all__ = ["Filter", "ReportFormat", "Summary", "summary", "write_report"]
