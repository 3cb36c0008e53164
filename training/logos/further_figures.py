"""What `brand-train evaluate logos` measures beyond the detector's own mAP: crops, brands nobody trained,
VMware, the talk's CNN as one convolution, and seconds of all three ways side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.inference import load_manifest
from monitor.logos import LogoDetector
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Gallery,
    GalleryDetector,
    Target,
    build_entry,
    load_embedder,
    read_reference,
)
from monitor.logos.sliding import SlidingWindowDetector
from monitor.settings import Device
from training.data.pictures import AnnotatedPicture, Split, name_hash
from training.logos.average_precision import Estimate
from training.logos.canvases import VMWARE_WORDMARK
from training.logos.crop_decision import read_decision
from training.logos.crop_figures import CropResult, collect_crops, crop_results, of_crop_sets
from training.logos.dense_talk import DenseTalk, DenseTalkResult, compare
from training.logos.open_set import (
    LeftOutResult,
    OpenSetResult,
    StrangerFinder,
    measure_left_out,
    measure_open_set,
)
from training.logos.scoring import label_detector
from training.logos.timing import seconds_a_picture

THE_TALKS: Final = (0.966, 0.883)
"""Macro precision and recall on the talk's slides; its own crops of VMware."""


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """Per 640 x 480 picture, JPEG bytes to boxes, one CPU thread, one run."""

    windows: float | None
    """(a) the talk's CNN over sliding windows."""
    detector: float
    """(b) the detector."""
    gallery: float | None
    """(c) detector and a gallery of one brand."""


class FurtherFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Parts are None, or empty, where a model for them was not given."""

    seconds: Seconds
    embedder: str = ""
    crops: tuple[CropResult, ...] = ()
    open_set: OpenSetResult | None = None
    left_out: LeftOutResult | None = None
    dense_talk: DenseTalkResult | None = None

    def markdown(self) -> str:
        """The tables that follow the detector's."""
        parts = [_seconds_table(self.seconds)]
        if self.crops:
            parts.append(_crops_table(self.embedder, self.crops))
        if self.open_set:
            parts.append(_open_set_table(self.open_set))
        if self.left_out:
            parts.append(_left_out_table(self.left_out))
        if self.dense_talk:
            parts.append(_dense_talk_text(self.dense_talk))
        return "\n\n".join(parts)


def measure_further(
    pictures: Sequence[AnnotatedPicture],
    model: Path,
    baseline: Path | None,
    embedder: Path | None,
    held_out: Path | None,
    compared: int,
    draws: int,
) -> FurtherFigures:
    """`pictures` of all splits; `held_out` holds `logos` and `logos-embedder` of runs without the brands of
    `held_out.open_set_brands` and VMware's photographs; `compared` pictures are given to the talk's CNN both
    ways."""
    test = [picture for picture in pictures if picture.split is Split.TEST]
    labels = load_manifest(model).labels
    talk_brand = load_manifest(baseline).labels[0] if baseline else ""
    finder = StrangerFinder(held_out) if held_out else None
    crops: tuple[CropResult, ...] = ()
    if embedder:
        loaded = load_embedder(embedder)
        own = collect_crops(of_crop_sets(test), loaded)
        crops = crop_results(own, read_decision(embedder), talk_brand, draws)
    timed = [picture for picture in test if picture.boxes][:12]
    return FurtherFigures(
        seconds=Seconds(
            windows=seconds_a_picture(label_detector(baseline, (talk_brand,), 1, None), timed[:3])
            if baseline
            else None,
            detector=seconds_a_picture(label_detector(model, labels, 1, None), timed),
            gallery=_gallery_seconds(model, labels, embedder, timed) if embedder else None,
        ),
        embedder=load_manifest(embedder).identity if embedder else "",
        crops=crops,
        open_set=measure_open_set(finder, pictures, draws) if finder else None,
        left_out=measure_left_out(finder, pictures, draws) if finder else None,
        dense_talk=_both_ways(baseline, talk_brand, test, compared) if baseline and compared else None,
    )


def _gallery_seconds(
    model: Path, labels: Sequence[str], embedder: Path, pictures: Sequence[AnnotatedPicture]
) -> float:
    dense: LogoDetector = label_detector(model, labels, 1, None)
    assert isinstance(dense, DenseDetector)
    loaded = load_embedder(embedder, Device.AUTO, threads=1)
    entry = build_entry("added", [read_reference(VMWARE_WORDMARK)], loaded, Target(proposals=MOST_PROPOSALS))
    return seconds_a_picture(GalleryDetector(dense, loaded, Gallery(version=1, entries=(entry,))), pictures)


def _both_ways(
    baseline: Path, brand: str, test: Sequence[AnnotatedPicture], compared: int
) -> DenseTalkResult:
    """Over the first test pictures with the brand, by a hash of their names, and as many without."""
    detector = label_detector(baseline, (brand,), 1, None)
    assert isinstance(detector, SlidingWindowDetector)
    in_order = sorted(test, key=lambda picture: name_hash(picture.path.name))
    showing = [p for p in in_order if any(box.label == brand for box in p.targets)]
    others = [p for p in in_order if not any(box.label == brand for box in p.targets)]
    chosen = [*showing[: compared // 2], *others[: compared - len(showing[: compared // 2])]]
    threshold = load_manifest(baseline).thresholds[brand]
    return compare(DenseTalk(baseline, detector), chosen, threshold, detector.geometry.most_overlap)


def _seconds_table(seconds: Seconds) -> str:
    rows = [
        "Seconds per 640 x 480 picture, JPEG bytes to boxes, one CPU thread, one run:",
        "",
        "| way | seconds |",
        "|---|---|",
    ]
    if seconds.windows is not None:
        rows.append(f"| (a) the talk's CNN over sliding windows | {seconds.windows:.3f} |")
    rows.append(f"| (b) the detector | {seconds.detector:.3f} |")
    if seconds.gallery is not None:
        rows.append(f"| (c) detector and gallery | {seconds.gallery:.3f} |")
    return "\n".join(rows)


def _crops_table(embedder: str, crops: Sequence[CropResult]) -> str:
    rows = [
        f"Test crops (`{embedder}`), over {crops[0].brands} brands and none; the talk's task is one brand "
        f"against the rest (its own figures, VMware: {THE_TALKS[0]} / {THE_TALKS[1]}):",
        "",
        "| folder | logos | top-1 | backgrounds | called none | all crops right "
        "| macro precision / recall, mean over brands | without backgrounds that show a logo | one brand |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in crops:
        without, one = row.talk_without, row.talk_one
        rows.append(
            f"| {row.folder} | {row.logos} | {interval(row.top1)} | {row.backgrounds} "
            f"| {row.none_right:.3f} | {row.overall:.3f} "
            f"| {interval(row.talk_precision)} / {interval(row.talk_recall)} "
            f"| {row.showing}: {without.macro_precision:.3f} / {without.macro_recall:.3f} "
            f"| {row.talk_brand} {one.macro_precision:.3f} / {one.macro_recall:.3f} |"
        )
    return "\n".join(rows)


def _open_set_table(found: OpenSetResult) -> str:
    point = found.at_threshold
    each = ", ".join(
        f"{brand} {value:.2f}" for brand, value in sorted(found.brands.items(), key=lambda pair: -pair[1])
    )
    return "\n".join(
        [
            f"Open set: {len(found.brands)} brands held out of all training (`{found.detector}`, "
            f"`{found.embedder}`), 5 reference crops each, through the gallery:",
            "",
            "| photographs with them | boxes | AP50, mean over brands | among all test photographs | boxes "
            "proposed at all | precision / recall at the thresholds | false alarms on logo-free pictures |",
            "|---|---|---|---|---|---|---|",
            f"| {found.pictures} | {found.boxes} | {interval(found.map50)} | {found.map50_among_all:.3f} "
            f"(+{found.distractors}) | {found.proposed:.3f} | {point.precision:.3f} / {point.recall:.3f} "
            f"| {found.false_alarm_share:.1%} of {found.negatives} |",
            "",
            f"AP50 of each: {each}.",
        ]
    )


def _left_out_table(found: LeftOutResult) -> str:
    return "\n".join(
        [
            f"VMware, {found.boxes} boxes in {found.pictures} photographs of {found.groups} groups, none "
            "seen in training:",
            "",
            "| way | AP50 |",
            "|---|---|",
            "| gallery: the vector wordmark and crops of the other groups, one group left out at a time "
            f"| {interval(found.gallery)} |",
            f"| the detector's own label, learned from drawn wordmarks alone | {interval(found.drawn)} |",
        ]
    )


def _dense_talk_text(found: DenseTalkResult) -> str:
    return (
        f"The talk's CNN as one convolution over each level, {found.pictures} pictures, {found.windows:,} "
        f"windows: scores correlate {found.correlation:.3f} with those of windows cut out, "
        f"{found.same_decision:.2%} fall on the same side of the threshold; of {found.boxes} boxes "
        f"{found.dense.met} are met at IoU .5, {found.dense.extra} come in addition. With the "
        f"{found.looked_again:.1%} of windows that it does not rule out cut out and judged alone, "
        f"{found.confirmed.met} are met and {found.confirmed.extra} come in addition. Seconds a picture: "
        f"{found.seconds:.2f} cut out, {found.dense.seconds:.2f} as one convolution "
        f"({found.seconds / found.dense.seconds:.1f} times faster), {found.confirmed.seconds:.2f} with "
        f"windows confirmed ({found.seconds / found.confirmed.seconds:.1f} times)."
    )


def interval(estimate: Estimate) -> str:
    """Value with its 95% interval."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
