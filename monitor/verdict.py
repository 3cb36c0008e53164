"""What a model's probabilities say: the most probable label, or that it is not sure of any."""

from monitor.messages import Label, Sentiment


def verdict(p_negative: float, p_neutral: float, p_positive: float, min_confidence: float) -> Sentiment:
    """The most probable label; `unsure` where even that one's probability is below `min_confidence`.

    All are in 0..1, and 0 leaves nothing unsure. The probabilities stay as they are.
    """
    probabilities: dict[Label, float] = {
        "negative": p_negative,
        "neutral": p_neutral,
        "positive": p_positive,
    }
    best = max(probabilities, key=lambda label: probabilities[label])
    return Sentiment(
        label="unsure" if probabilities[best] < min_confidence else best,
        p_negative=p_negative,
        p_neutral=p_neutral,
        p_positive=p_positive,
    )
