"""Alerts that people set: what to watch for, whom to tell and when, and what became of each."""
