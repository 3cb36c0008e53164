"""What people say the models got wrong: written down with who and when, counted at once, undone if wrong."""

from monitor.corrections.changes import CorrectionError, correct_logo, correct_sentiment, undo
from monitor.corrections.history import Correction, history

__all__ = ["Correction", "CorrectionError", "correct_logo", "correct_sentiment", "history", "undo"]
