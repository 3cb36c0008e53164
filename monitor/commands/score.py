"""`brand-monitor score`: texts and pictures without Kafka or a database, JSON lines on standard output."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.files import From, file_or_input, pictures_of
from monitor.commands.terminal import progress, say
from monitor.files.interface import AUTO
from monitor.settings import Device, load_settings

if TYPE_CHECKING:
    from monitor.scoring import ImageAnswer, ImageFault, TextAnswer, TextFault, UnscoredText

app = typer.Typer(
    no_args_is_help=True,
    help="Score texts or pictures without Kafka or a database: one JSON line per input, in input order.",
)

_Model = Annotated[str | None, typer.Option(metavar="NAME", help="Model folder under MONITOR_MODELS_DIR.")]
_Device = Annotated[Device | None, typer.Option(help="Where the model runs; default MONITOR_DEVICE.")]
_Threads = Annotated[
    int | None, typer.Option(min=0, help="CPU cores; 0 for all. Default MONITOR_INFERENCE_THREADS.")
]
_BatchSize = Annotated[int | None, typer.Option(min=1, help="Inputs per run of the model.")]


@app.command()
def texts(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="JSON lines, JSON, CSV, XLSX or Parquet, also .gz and .zst; - reads from stdin.",
        ),
    ],
    form: From = AUTO,
    model: _Model = None,
    device: _Device = None,
    threads: _Threads = None,
    batch_size: _BatchSize = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help='Answers less probable are labelled "unsure". '
            "Default MONITOR_SENTIMENT_MIN_CONFIDENCE, else the model's own.",
        ),
    ] = None,
) -> None:
    """Sentiment of texts, as a whole and toward each brand they name.

    A line is a text mention, or just {"text": ...}, or with --from lines just a text; columns called
    otherwise are used where their names leave no doubt. "target" (a part of the text, or where it starts and
    ends) asks for the sentiment toward it. A text in a language that the model does not speak has a label of
    null; "lang" says the language where it is known. A bad line is answered with its error, and the run goes
    on.
    """
    from monitor.brand_matcher import BrandMatcher
    from monitor.brands import load_brands
    from monitor.files.reading import Wishes, readable
    from monitor.scoring import as_available, batches, score_texts
    from monitor.sentiment import load_scorer

    settings = load_settings(
        sentiment_model=model,
        device=device,
        inference_threads=threads,
        text_batch_size=batch_size,
        sentiment_min_confidence=min_confidence,
    )
    matcher = BrandMatcher(load_brands(settings.brands_file))
    found = readable(file_or_input(file), Wishes(form=form), told=say, dated=False)
    scorer = load_scorer(
        settings.models_dir / settings.sentiment_model,
        settings.device,
        settings.inference_threads,
        settings.sentiment_min_confidence,
    )
    group = as_available if file == "-" else batches
    rows = group(found.rows, settings.text_batch_size)
    limits = (settings.text_max_chars, settings.text_max_targets)
    _print(score_texts(rows, found.columns, scorer, matcher, *limits), "texts")


@app.command()
def images(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...|-", help="Pictures and folders; - reads paths from stdin.")
    ],
    model: _Model = None,
    device: _Device = None,
    threads: _Threads = None,
    batch_size: _BatchSize = None,
    annotate: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write copies with the boxes drawn to this folder.")
    ] = None,
    ocr: Annotated[
        bool | None, typer.Option(help="Read the letters in them, too; default MONITOR_OCR.")
    ] = None,
) -> None:
    """Brands that pictures show, by their look and by the letters in them; boxes in pixels.

    A file that is no picture is answered with its error, and the run goes on.
    """
    from monitor.brands import load_brands
    from monitor.logos.finder import load_finder
    from monitor.scoring import ImagePolicy, score_images

    settings = load_settings(
        logo_model=model, device=device, inference_threads=threads, image_batch_size=batch_size, ocr=ocr
    )
    finder = load_finder(settings, load_brands(settings.brands_file))
    policy = ImagePolicy(
        max_bytes=settings.image_max_bytes,
        max_pixels=settings.image_max_pixels,
        batch_size=settings.image_batch_size,
        annotate_into=annotate,
    )
    _print(score_images(pictures_of(paths), finder, policy), "pictures")


def _print(
    answers: "Iterable[Sequence[TextAnswer | UnscoredText | TextFault | ImageAnswer | ImageFault]]", what: str
) -> None:
    """Each batch as soon as it is there; faults are counted on standard error, not in the exit code."""
    from monitor.scoring import ImageFault, TextFault, UnscoredText, encode_line

    faults = unscored = 0
    out = sys.stdout.buffer
    with progress(beside_output=True) as display:
        task = display.add_task(f"scoring {what}", total=None)
        for batch in answers:
            out.write(b"".join(encode_line(answer) for answer in batch))
            out.flush()
            faults += sum(isinstance(answer, TextFault | ImageFault) for answer in batch)
            unscored += sum(isinstance(answer, UnscoredText) for answer in batch)
            display.advance(task, len(batch))
    if unscored:
        say(f"{unscored:,} {what} are in languages that the model does not speak; their label is null")
    if faults:
        say(f"{faults:,} {what} could not be scored; their lines carry the error")
