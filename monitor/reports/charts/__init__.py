"""Charts as Vega-Lite specs and as SVG: one definition for a page, a file and print."""

from monitor.reports.charts.drawing import MOST_BRANDS, NEGATIVE, NEUTRAL, PICTURE, POSITIVE, WORDS, Drawing
from monitor.reports.charts.feeling import health_chart, health_over_time_chart, trend_chart
from monitor.reports.charts.said import sources_chart
from monitor.reports.charts.versus import versus_health_chart, versus_share_chart
from monitor.reports.charts.voice import share_chart

__all__ = [
    "MOST_BRANDS",
    "NEGATIVE",
    "NEUTRAL",
    "PICTURE",
    "POSITIVE",
    "WORDS",
    "Drawing",
    "health_chart",
    "health_over_time_chart",
    "share_chart",
    "sources_chart",
    "trend_chart",
    "versus_health_chart",
    "versus_share_chart",
]
