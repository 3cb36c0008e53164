"""The figures of the pages as JSON: same functions, same parameters, described at /api/openapi.json."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request

from monitor.corrections import correct_logo, correct_sentiment, undo
from monitor.insights.compared import Standing
from monitor.insights.happenings import Happening, happened
from monitor.insights.standings import standings
from monitor.messages import Box, Label
from monitor.reports.authors import AuthorActivity, authors
from monitor.reports.detail import MentionDetail, mention
from monitor.reports.feeling import FeelingPoint, Unit, sentiment_over_time
from monitor.reports.figures import Summary, summary
from monitor.reports.listing import Order
from monitor.reports.mentions import Page, Quote, most_extreme, search, story
from monitor.reports.origins import SourceShare, sources
from monitor.reports.pictures import ShownPicture, shown_pictures
from monitor.reports.quality import Quality, quality
from monitor.themes import Theme, themes
from monitor.web.framing import framed
from monitor.web.mentions import OneLabel, Words, asked
from monitor.web.openapi import Answer, answering
from monitor.web.pictures import Share
from monitor.web.site import person, site
from monitor.web.views import Choice

router: Final = APIRouter(prefix="/api", tags=["figures"])

Chosen = Annotated[Choice, Depends()]
Brand = Annotated[str, Query(min_length=1, description="Name of a brand, as in brands.toml.")]
Limit = Annotated[int, Query(ge=1, le=200)]
By = Annotated[str | None, Body(description="Who corrects; whoever is logged in, where there is a login.")]


class Told(msgspec.Struct, frozen=True):
    """Something that happened, in words and in figures."""

    title: str
    certainty: str
    happening: Happening


class Made(msgspec.Struct, frozen=True):
    """A correction that was written down."""

    correction: int
    """Its id: POST /api/corrections/ID/undo takes it back."""


class Undone(msgspec.Struct, frozen=True):
    """Whether this call took the correction back; false if it was taken back before."""

    undone: bool


@router.get("/summary", **answering(Summary))
def get_summary(request: Request, choice: Chosen) -> Answer:
    """Counts, share of voice, sentiment and health per brand, rejected inputs, models."""
    with framed(request, choice) as frame:
        return Answer(summary(frame.connection, frame.view.chosen))


@router.get("/standings", **answering(tuple[Standing, ...]))
def get_standings(request: Request, choice: Chosen) -> Answer:
    """Each brand's mentions, share, health and net sentiment beside the period before and its own usual."""
    with framed(request, choice) as frame:
        return Answer(standings(frame.connection, frame.view.chosen, frame.zone))


@router.get("/happenings", **answering(tuple[Told, ...]))
def get_happenings(request: Request, choice: Chosen) -> Answer:
    """What happened to the brands, the largest first; empty where nothing is out of the ordinary."""
    with framed(request, choice) as frame:
        found = happened(frame.connection, frame.view.chosen, frame.zone)
        return Answer(tuple(Told(each.title, each.certainty, each) for each in found))


@router.get("/timeline", **answering(tuple[FeelingPoint, ...]))
def get_timeline(request: Request, choice: Chosen, name: Brand, unit: Unit = "day") -> Answer:
    """Texts that name a brand over time, by sentiment."""
    with framed(request, choice) as frame:
        return Answer(sentiment_over_time(frame.connection, frame.view.chosen, name, unit, frame.zone))


@router.get("/themes", **answering(tuple[Theme, ...]))
def get_themes(request: Request, choice: Chosen, name: Brand) -> Answer:
    """What posts about a brand are about, each theme with a query that finds its posts."""
    with framed(request, choice) as frame:
        return Answer(themes(frame.connection, frame.view.chosen, name))


@router.get("/quotes", **answering(tuple[Quote, ...]))
def get_quotes(request: Request, choice: Chosen, name: Brand, label: Label, limit: Limit = 10) -> Answer:
    """The texts about a brand that the model is surest of."""
    with framed(request, choice) as frame:
        return Answer(most_extreme(frame.connection, frame.view.chosen, name, label, limit))


@router.get("/sources", **answering(tuple[SourceShare, ...]))
def get_sources(request: Request, choice: Chosen, limit: Limit = 50) -> Answer:
    """Where mentions about the brands come from."""
    with framed(request, choice) as frame:
        return Answer(sources(frame.connection, frame.view.chosen, limit))


@router.get("/authors", **answering(tuple[AuthorActivity, ...]))
def get_authors(request: Request, choice: Chosen, limit: Limit = 20) -> Answer:
    """Who speaks about the brands most often, and whom most people may have read."""
    with framed(request, choice) as frame:
        return Answer(authors(frame.connection, frame.view.chosen, limit))


@router.get("/pictures", **answering(tuple[ShownPicture, ...]))
def get_pictures(
    request: Request,
    choice: Chosen,
    score: Share = 0.0,
    unnamed: bool = False,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Answer:
    """Pictures that show logos; the file is at /pictures/SHA256/large.jpg."""
    with framed(request, choice) as frame:
        return Answer(
            shown_pictures(
                frame.connection,
                frame.view.chosen,
                limit,
                offset=offset,
                lowest_score=score,
                unnamed_only=unnamed,
            )
        )


@router.get("/mentions", **answering(Page))
def get_mentions(
    request: Request,
    choice: Chosen,
    q: Words = None,
    label: OneLabel = None,
    order: Order = "newest",
    after: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
    limit: Limit = 50,
) -> Answer:
    """Mentions that match, a page at a time. Where a search stops before the page is full, `looked_through`
    says how far it came; go on at `next`."""
    with framed(request, choice) as frame:
        chosen = frame.view.chosen
        return Answer(
            search(
                frame.connection, chosen, query=asked(q), label=label, order=order, after=after, limit=limit
            )
        )


@router.get("/stories/{story_id}", **answering(Page))
def get_story(
    request: Request,
    story_id: UUID,
    after: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
    limit: Limit = 50,
) -> Answer:
    """The mentions that are copies of one text or picture, the first one first, whatever the period."""
    with site(request).databases.reading() as connection:
        return Answer(story(connection, story_id, after=after, limit=limit))


@router.get("/mentions/{mention_id}", **answering(MentionDetail))
def get_mention(request: Request, mention_id: UUID) -> Answer:
    """One mention with everything found in it and every correction of it."""
    with site(request).databases.reading() as connection:
        found = mention(connection, mention_id)
    if found is None:
        raise HTTPException(404, "There is no mention with that id.")
    return Answer(found)


@router.get("/quality", **answering(Quality))
def get_quality(request: Request) -> Answer:
    """Lag, rejected inputs, model versions, coverage, over all time."""
    with site(request).databases.reading() as connection:
        return Answer(quality(connection))


@router.post("/corrections/sentiment", **answering(Made))
def post_sentiment(
    request: Request,
    mention_id: Annotated[UUID, Body()],
    label: Annotated[Label, Body()],
    brand: Annotated[str | None, Body(description="Toward this brand; without, the whole text.")] = None,
    by: By = None,
    note: Annotated[str | None, Body()] = None,
) -> Answer:
    """Say how a text feels."""
    with site(request).databases.correcting() as connection:
        made = correct_sentiment(connection, mention_id, brand, label, signer(request, by), note)
    return Answer(Made(made))


@router.post("/corrections/logo", **answering(Made))
def post_logo(
    request: Request,
    mention_id: Annotated[UUID, Body()],
    detection_id: Annotated[
        UUID | None, Body(description="The find judged; without, one was missed.")
    ] = None,
    brand: Annotated[str | None, Body(description="What is there; without, nothing is.")] = None,
    box: Annotated[dict[str, float] | None, Body(description="x, y, width, height, each 0..1.")] = None,
    by: By = None,
    note: Annotated[str | None, Body()] = None,
) -> Answer:
    """Say what a find is, or what the model missed."""
    with site(request).databases.correcting() as connection:
        made = correct_logo(connection, detection_id, mention_id, brand, _box(box), signer(request, by), note)
    return Answer(Made(made))


@router.post("/corrections/{correction_id}/undo", **answering(Undone))
def post_undo(request: Request, correction_id: int, by: Annotated[By, Body(embed=True)] = None) -> Answer:
    """Take a correction back."""
    with site(request).databases.correcting() as connection:
        return Answer(Undone(undo(connection, correction_id, signer(request, by))))


def signer(request: Request, given: str | None) -> str:
    """Who is logged in cannot sign as another."""
    logged_in = person(request) if site(request).people is not None else None
    return logged_in or given or person(request) or ""


def _box(given: dict[str, Any] | None) -> Box | None:
    if given is None:
        return None
    try:
        return msgspec.convert(given, Box)
    except msgspec.ValidationError as error:
        raise HTTPException(422, f"box: {error}") from error
