"""The embedder: what it is fed, what it is trained towards, and that its file answers as the network does."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from monitor.errors import SetupError
from monitor.inference.session import session_options
from monitor.logos.crops import CropGeometry, cut_crops
from training.data.pictures import AnnotatedPicture
from training.export import measure_parity
from training.logos.drawn_logos import DrawnLogos
from training.logos.eight_bit import mean_cosine, store_embedder_in_eight_bits
from training.logos.embedder_crops import NONE, CropMix, CropSource
from training.logos.embedder_ensemble import HARDER, members
from training.logos.embedder_export import embedder_parity, export_embedder
from training.logos.embedder_loss import MEMORY, NONE_VECTORS, BrandVectors, Memory, embedder_loss
from training.logos.embedder_network import DIMENSIONS, CropEmbedder
from training.logos.embedder_training import EmbedderHyper, embed, train_embedder
from training.logos.training_run import TrainingRun, hours_trained

GEOMETRY = CropGeometry(side=64)


def drawing(kind: str) -> np.ndarray:
    pixels = np.zeros((60, 120, 4), np.uint8)
    if kind == "ring":
        cv2.circle(pixels, (60, 30), 26, (30, 200, 30, 255), 8)
    else:
        cv2.line(pixels, (5, 5), (115, 55), (200, 30, 200, 255), 10)
    return pixels


DRAWINGS = [drawing("ring"), drawing("stroke")]


def source(pictures: list[AnnotatedPicture], mix: CropMix, seed: int = 0) -> CropSource:
    drawn = DrawnLogos(DRAWINGS, GEOMETRY)
    return CropSource(pictures, ("bar", "disc"), drawn, {}, mix, GEOMETRY, np.random.default_rng(seed))


def test_a_batch_holds_two_crops_of_each_logo_and_backgrounds(drawn: list[AnnotatedPicture]) -> None:
    crops, labels = source(drawn, CropMix(background=5)).draw()
    assert crops.shape == (13, 64, 64, 3)
    assert sorted(labels.tolist()) == [NONE] * 5 + [0, 0, 1, 1, 2, 2, 3, 3]
    red = [crop for crop, label in zip(crops, labels, strict=True) if label == 1]
    for crop in red:  # the disc, whatever its light, is redder than blue
        middle = crop[24:40, 24:40].astype(int)
        assert (middle[..., 2] - middle[..., 0]).mean() > 30


def of_discs(drawn: list[AnnotatedPicture], mix: CropMix) -> np.ndarray:
    """Training crops of the red disc (N, 64, 64, 3)."""
    crops = source(drawn, mix)
    batches = [crops.draw() for _ in range(60)]
    return np.concatenate([batch[labels == 1] for batch, labels in batches])


def test_crops_in_other_colours_are_turned_grey_or_inverted(drawn: list[AnnotatedPicture]) -> None:
    plain, other = of_discs(drawn, CropMix()), of_discs(drawn, CropMix(other_colours=1.0))

    def redness(crops: np.ndarray) -> np.ndarray:
        middle = crops[:, 24:40, 24:40].astype(float).mean((1, 2))
        return middle[:, 2] - middle[:, 0]

    assert (redness(plain) > 30).mean() > 0.85, "but for those that cameras leave grey"
    grey, less_red = np.abs(redness(other)) < 20, redness(other) < 20
    assert 0.15 < grey.mean() < 0.6
    assert less_red.mean() > 0.6


@pytest.mark.parametrize(("height", "width"), [(96, 96), (96, 24), (5, 96), (1, 1)])
def test_a_cover_hides_a_part_and_no_more(drawn: list[AnnotatedPicture], height: int, width: int) -> None:
    for seed in range(20):
        black, white = (np.full((height, width, 3), value, np.uint8) for value in (0, 255))
        for crop in (black, white):
            source(drawn, CropMix(), seed)._cover(crop)
        hidden = (black == white).all(2)
        assert hidden.any()
        if height * width > 1000:
            assert 0.02 < hidden.mean() < 0.27


def test_the_same_seed_draws_the_same_batch(drawn: list[AnnotatedPicture]) -> None:
    (first, labels), (second, _) = (source(drawn, CropMix(), seed=3).draw() for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, source(drawn, CropMix(), seed=4).draw()[0])
    assert len(first) == len(labels)


def test_backgrounds_meet_no_logo(drawn: list[AnnotatedPicture]) -> None:
    crops = source(drawn, CropMix())
    from monitor.logos.boxes import iou

    for number in range(60):
        picture, box = crops.anywhere(near_logo=number % 2 == 0)
        marked = np.array([mark.corners for mark in drawn[picture].boxes], np.float32).reshape(-1, 4)
        assert not len(marked) or iou(box[None], marked).max() < 0.3
        assert (box[2:] - box[:2] >= 8).all()


def test_where_logos_may_have_no_box_there_is_no_background(drawn: list[AnnotatedPicture]) -> None:
    badges = [replace(picture, boxed=False) for picture in drawn[:6]]
    crops = source([*badges, *drawn[6:]], CropMix())
    assert {crops.anywhere(near_logo=number % 2 == 0)[0] for number in range(60)} <= set(range(6, 12))
    with pytest.raises(SetupError, match="no background to learn"):
        source(badges, CropMix())


def test_a_drawn_logo_can_be_read_on_its_ground() -> None:
    logos, rng = DrawnLogos(DRAWINGS, GEOMETRY), np.random.default_rng(0)
    ground = np.full((64, 64, 3), 120, np.uint8)
    contrasts = [float(logos.draw(0, ground, rng).std()) for _ in range(40)]
    assert np.median(contrasts) > 15, "a crop of one colour would teach nothing"


def test_the_loss_falls_when_crops_of_one_logo_move_together() -> None:
    torch.manual_seed(0)
    vectors, memory = BrandVectors(2), Memory()
    labels = torch.tensor([0, 0, 1, 1, 2, 2, NONE, NONE])
    apart = torch.nn.functional.normalize(torch.randn(8, DIMENSIONS), dim=1)
    together = apart.clone()
    together[[1, 3, 5]] = together[[0, 2, 4]]
    _, before = embedder_loss(apart, labels, vectors, memory)
    _, after = embedder_loss(together, labels, vectors, memory)
    assert after["same"] < before["same"] / 2
    own = torch.nn.functional.normalize(vectors.vectors.detach(), dim=1)[[0, 0, 1, 1, 2, 2, 2, 3]]
    _, named = embedder_loss(own, torch.tensor([0, 0, 1, 1, NONE, NONE, NONE, NONE]), vectors, memory)
    assert named["name"] < before["name"] / 10
    assert len(vectors.vectors) == 2 + NONE_VECTORS


def test_the_memory_keeps_the_newest() -> None:
    memory = Memory()
    for label in range(3):
        rows = torch.full((MEMORY // 2, DIMENSIONS), float(label))
        memory.remember(rows, torch.full((MEMORY // 2,), label))
    assert memory.labels.unique().tolist() == [1, 2]
    assert memory.embeddings.shape == (MEMORY, DIMENSIONS)


def some_network(seed: int) -> CropEmbedder:
    """As after a little training: what was not frozen differs with the seed."""
    torch.manual_seed(seed)
    network = CropEmbedder()
    network.load_imagenet()
    for part in (*network.backbone.blocks[EmbedderHyper.frozen_blocks :], network.head):
        for weights in part.parameters():
            weights.data *= 1 + 0.05 * torch.randn_like(weights)
    return network.eval()


def true_crops(pictures: list[AnnotatedPicture]) -> np.ndarray:
    return np.concatenate(
        [
            cut_crops(p.load(), np.array([b.corners for b in p.boxes], np.float32), GEOMETRY)
            for p in pictures
            if p.boxes
        ]
    )


@pytest.mark.training
def test_the_file_answers_as_the_network(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    network, file = some_network(0), tmp_path / "model.onnx"
    export_embedder([network], GEOMETRY.side, file)
    crops = true_crops(drawn)
    parity = embedder_parity([network], file, crops, "drawn")
    assert parity.inputs == len(crops)
    assert parity.max_abs_diff < 1e-4
    assert not any(node.metadata_props for node in onnx.load(str(file)).graph.node)
    alone = measure_parity(
        file,
        lambda feed: [embed(network, feed["pixels"])],
        [{"pixels": crops[number : number + 1]} for number in range(3)],
        "one at a time",
    )
    assert alone.max_abs_diff < 1e-4
    assert np.allclose(np.linalg.norm(embed(network, crops), axis=1), 1, atol=1e-5)


@pytest.mark.training
def test_networks_lie_side_by_side_and_are_stored_in_eight_bits(
    tmp_path: Path, drawn: list[AnnotatedPicture]
) -> None:
    networks = [some_network(seed) for seed in (0, 1)]
    exact, stored = tmp_path / "exact.onnx", tmp_path / "model.onnx"
    export_embedder(networks, GEOMETRY.side, exact)
    crops = true_crops(drawn)
    store_embedder_in_eight_bits(exact, stored, crops)
    assert stored.stat().st_size < exact.stat().st_size / 2.5
    (joined,), (rounded,) = (
        ort.InferenceSession(str(file), session_options(file), providers=["CPUExecutionProvider"]).run(
            None, {"pixels": crops}
        )
        for file in (exact, stored)
    )
    apart = [embed(network, crops) for network in networks]
    assert joined.shape == (len(crops), 2 * DIMENSIONS)
    assert np.allclose(joined @ joined.T, np.mean([one @ one.T for one in apart], 0), atol=1e-4)
    similar = (joined * rounded).sum(1) / np.linalg.norm(rounded, axis=1)
    assert 0.9 < similar.min() < similar.max() < 1
    assert mean_cosine(exact, stored, crops) == pytest.approx(similar.mean(), abs=1e-4)
    assert mean_cosine(exact, exact, crops) == pytest.approx(1)
    convolutions = sum(node.op_type == "Conv" for node in onnx.load(str(stored)).graph.node)
    assert convolutions == 2 * 49 - 9, "the stem and the frozen blocks run once"
    with pytest.raises(SetupError, match="no embedder in float32"):
        store_embedder_in_eight_bits(stored, tmp_path / "again.onnx", crops)


@pytest.mark.training
def test_it_learns_resumes_and_refuses_another_run(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    hyper = EmbedderHyper(
        steps=12, warmup=2, mine_every=8, mine_looks=40, mine_keeps=5, checkpoint_every=6, frozen_blocks=8
    )
    arguments = (drawn, ("bar", "disc"), DRAWINGS, {})
    whole = train_embedder(*arguments, tmp_path / "whole", hyper, GEOMETRY, CropMix())
    half = EmbedderHyper(**{**vars(hyper), "steps": 12})
    with pytest.raises(KeyboardInterrupt):
        interrupted(arguments, tmp_path / "cut", half)
    resumed = train_embedder(*arguments, tmp_path / "cut", half, GEOMETRY, CropMix())
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-4), "going on is as if never cut off"
    with pytest.raises(SetupError, match="other labels, pictures or settings"):
        train_embedder(drawn, ("bar", "disc"), DRAWINGS[:1], {}, tmp_path / "cut", half, GEOMETRY, CropMix())
    crops = source(drawn, CropMix(background=1), seed=9)
    batches = [crops.draw() for _ in range(4)]
    points = embed(whole, np.concatenate([batch for batch, _ in batches]))
    labels = np.concatenate([numbers for _, numbers in batches])
    same = (labels[:, None] == labels[None]) & (labels != NONE)[:, None] & ~np.eye(len(labels), dtype=bool)
    other = (labels[:, None] != labels[None]) & (labels != NONE)[:, None]
    similar = points @ points.T
    assert similar[same].mean() > similar[other].mean() + 0.2


@pytest.mark.training
def test_further_networks_have_other_seeds_and_lengths_and_crops_and_folders(
    tmp_path: Path, drawn: list[AnnotatedPicture]
) -> None:
    hyper = EmbedderHyper(steps=4, further_steps=2, networks=3, checkpoint_every=2, frozen_blocks=8)
    arguments = (drawn, ("bar", "disc"), DRAWINGS, {})
    parts = members(tmp_path, hyper)
    assert [one.mix for one in parts] == [CropMix(), HARDER, HARDER]
    trained = [train_embedder(*arguments, one.run, one.hyper, GEOMETRY, one.mix) for one in parts]
    folders = [tmp_path, tmp_path / "network-2", tmp_path / "network-3"]
    assert [torch.load(folder / "checkpoint.pt")["step"] for folder in folders] == [4, 2, 2]
    second, third = (network.embed[0].weight for network in trained[1:])
    assert not torch.allclose(second, third), "another seed, another start"
    before = hours_trained(*folders)
    assert before > 0
    again = [train_embedder(*arguments, one.run, one.hyper, GEOMETRY, one.mix) for one in parts]
    assert torch.equal(again[1].embed[0].weight, second), "what is trained stays"
    assert hours_trained(*folders) == before


def interrupted(arguments: tuple, run: Path, hyper: EmbedderHyper) -> None:
    """Stop after the first checkpoint, as a kill would."""
    save = TrainingRun.save

    def saved(state: TrainingRun, seconds: float) -> None:
        save(state, seconds)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingRun, "save", saved)
        train_embedder(*arguments, run, hyper, GEOMETRY, CropMix())
