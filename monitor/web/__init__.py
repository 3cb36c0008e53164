"""Pages and HTTP API: what the reports say, to look at, filter and correct."""
