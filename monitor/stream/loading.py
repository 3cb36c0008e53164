"""Loads and warms up what a worker's agents need, and nothing else: a text worker never sees the logo
model."""

from collections.abc import Mapping

from monitor.brands import Brands
from monitor.settings import Agents, Settings
from monitor.stream.images import ImageScoring, KnownPictures
from monitor.stream.outage import OutageRetry
from monitor.stream.scoring import Scoring
from monitor.stream.texts import TextScoring
from monitor.stream.topics import INPUTS


def inputs(agents: Agents) -> tuple[str, ...]:
    """The topics these agents consume: `text`, `image` or both."""
    return INPUTS if agents is Agents.ALL else (agents.value.removesuffix("s"),)


def load_scorings(
    settings: Settings, agents: Agents, brands: Brands, known: KnownPictures, retry: OutageRetry
) -> Mapping[str, Scoring]:
    """The scoring of each topic consumed. Blocks for seconds: call it in a thread.

    Raises `SetupError` where a model's files are wrong or it does not come up on the device asked for.
    """
    from monitor.logos import load_detector
    from monitor.sentiment import BrandMatcher, load_scorer
    from monitor.storage.pictures import PictureStore

    matcher = BrandMatcher(brands)
    scorings: dict[str, Scoring] = {}
    if "text" in inputs(agents):
        folder = settings.models_dir / settings.sentiment_model
        scorer = load_scorer(folder, settings.device, settings.inference_threads)
        scorer.warm_up()
        scorings["text"] = TextScoring(scorer, matcher, settings)
    if "image" in inputs(agents):
        folder = settings.models_dir / settings.logo_model
        detector = load_detector(folder, brands, settings.device, settings.inference_threads)
        detector.warm_up()
        store = PictureStore(settings.picture_store)
        scorings["image"] = ImageScoring(detector, matcher, known, store, retry, settings)
    return scorings
