"""Text -> tokens -> probabilities; and which brands a text is about."""

from monitor.sentiment.brand_matcher import BrandMatcher
from monitor.sentiment.scorer import SentimentScorer, load_scorer

__all__ = ["BrandMatcher", "SentimentScorer", "load_scorer"]
