"""Streaming brand monitoring: which pictures show our logo, and are people saying nice things about us?"""

__version__ = "0.1.0"
