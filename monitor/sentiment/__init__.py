"""Text -> tokens -> probabilities, for each question about it."""

from monitor.sentiment.scorer import Asked, SentimentScorer, load_scorer

__all__ = ["Asked", "SentimentScorer", "load_scorer"]
