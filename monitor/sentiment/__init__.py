"""Text -> tokens -> probabilities."""

from monitor.sentiment.scorer import SentimentScorer, load_scorer

__all__ = ["SentimentScorer", "load_scorer"]
