"""Loads and warms up what a worker's agents need, and nothing else: a text worker never sees the logo
model."""

from collections.abc import Mapping

import structlog

from monitor.brands import Brands
from monitor.settings import Agents, Settings
from monitor.stream.gallery import FixedFinder, GalleryFeed, GallerySource
from monitor.stream.images import CurrentFinder, ImageScoring, KnownPictures
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.scoring import KeptFrom, Scoring, everything_is_kept
from monitor.stream.sorting import DeletionsApart
from monitor.stream.texts import TextScoring
from monitor.stream.topics import INPUTS

_log = structlog.get_logger(__name__)


def inputs(agents: Agents) -> tuple[str, ...]:
    """The topics these agents consume: `text`, `image` or both."""
    return INPUTS if agents is Agents.ALL else (agents.value.removesuffix("s"),)


def load_scorings(
    settings: Settings,
    agents: Agents,
    brands: Brands,
    known: KnownPictures,
    galleries: GallerySource,
    retry: OutageRetry,
    metrics: Metrics,
    kept_from: KeptFrom = everything_is_kept,
) -> Mapping[str, Scoring]:
    """The scoring of each topic consumed. Blocks for seconds: call it in a thread.

    Raises `SetupError` where a model's files are wrong or it does not come up on the device asked for.
    """
    from monitor.brand_matcher import BrandMatcher
    from monitor.sentiment import load_scorer
    from monitor.storage.pictures import PictureStore

    matcher = BrandMatcher(brands)
    scorings: dict[str, Scoring] = {}
    if "text" in inputs(agents):
        folder = settings.models_dir / settings.sentiment_model
        scorer = load_scorer(
            folder, settings.device, settings.inference_threads, settings.sentiment_min_confidence
        )
        scorer.warm_up()
        scorings["text"] = DeletionsApart("text", TextScoring(scorer, matcher, settings, kept_from))
    if "image" in inputs(agents):
        finders = _load_finders(settings, brands, galleries, metrics)
        store = PictureStore(settings.picture_store)
        pictures = ImageScoring(finders, matcher, known, store, retry, settings, metrics, kept_from)
        scorings["image"] = DeletionsApart("image", pictures)
    return scorings


def _load_finders(
    settings: Settings, brands: Brands, galleries: GallerySource, metrics: Metrics
) -> CurrentFinder:
    """The models of pictures, with the gallery behind them where all can work together."""
    from monitor.logos.finder import load_finder
    from monitor.logos.gallery import open_gallery_detector

    finder = load_finder(settings, brands)
    with_gallery, why_not = open_gallery_detector(finder.detector, settings)
    if with_gallery is None:
        _log.warning("the brand gallery is off", why=why_not)
        finder.warm_up()
        return FixedFinder(finder)
    with_gallery.warm_up()
    return GalleryFeed(with_gallery, finder.letters, galleries, metrics, finder.side_by_side)
