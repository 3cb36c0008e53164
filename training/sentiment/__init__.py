"""Trains, exports and measures the sentiment models."""
