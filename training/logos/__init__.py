"""Trains, exports and evaluates the logo models."""
