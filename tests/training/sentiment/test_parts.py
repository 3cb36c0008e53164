"""The parts of a run: overrides, batches, vectors, graphs that equal torch, the wide half, figures."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sentiment.encoding import IN_TARGET, NO_TARGET, Encoder, Recipe
from monitor.sentiment.ngrams import OTHER_ROW, ngram_hashes, subword_hashes
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import SPECIAL, UNKNOWN, Vocabulary
from training.data.own_sentences import OWN, own_sentences
from training.data.texts import Example, load_corpora
from training.sentiment.batches import augmented, make_pool, plan_epoch
from training.sentiment.graph import (
    Precision,
    eight_bit,
    eight_bit_experts,
    round_as_stored,
    round_experts_to_eight_bit,
    round_to_eight_bit,
    write_fused,
    write_talk,
)
from training.sentiment.kinds import EXPERT_KINDS, KINDS, by_likeness
from training.sentiment.metrics import decide, figures
from training.sentiment.network import Experts, Fused, Network, likelihood
from training.sentiment.recipe import Hyper, override
from training.sentiment.talk import TalkNetwork
from training.sentiment.vectors import WordVectors, side_by_side
from training.sentiment.wide import train_wide
from training.sentiment.work import claim


def test_hyper_parameters_are_overridden_by_type() -> None:
    changed = override(Hyper(), ["hidden=64", "rate=1e-4"])
    assert (changed.hidden, changed.rate) == (64, 1e-4)


@pytest.mark.parametrize("assignment", ["hiden=64", "hidden", "hidden=big", "=3"])
def test_a_wrong_override_is_refused_with_what_is_known(assignment: str) -> None:
    with pytest.raises(SetupError, match="hidden"):
        override(Hyper(), [assignment])


def test_a_work_folder_belongs_to_one_run(tmp_path: Path) -> None:
    claim(tmp_path, Hyper(), ("a",))
    claim(tmp_path, Hyper(), ("a",))
    with pytest.raises(SetupError, match="another hidden, data"):
        claim(tmp_path, Hyper(hidden=1), ("b",))


@pytest.fixture(scope="module")
def pool_and_words(small_data: Path) -> tuple:
    corpora = load_corpora(small_data, ["semeval2017", "semeval14_aspect", "imdb"])
    texts = {token.text for rows in corpora.train.values() for one in rows for token in tokenize(one.text)}
    vocabulary = Vocabulary([*SPECIAL, *sorted(texts - set(SPECIAL))])
    encoder = Encoder(vocabulary, Recipe(head=20, tail=40, targets=True))
    return make_pool(corpora.train, encoder), vocabulary


def test_an_epoch_holds_each_text_of_a_small_set_and_depends_on_seed_and_epoch_alone(
    pool_and_words: tuple,
) -> None:
    pool, _ = pool_and_words
    hyper = Hyper(reviews_per_epoch=50, repeats=2, batch_texts=8, batch_tokens=200)
    plan = plan_epoch(pool, hyper, 0)
    rows = np.concatenate([batch.rows for batch in plan])
    aspects = np.flatnonzero(pool.corpus == "semeval14_aspect")
    assert sorted(rows[np.isin(rows, aspects)].tolist()) == np.repeat(aspects, 2).tolist()
    assert (pool.corpus[rows] == "imdb").sum() == 50
    assert max(len(batch.rows) for batch in plan) <= 8
    assert max(pool.lengths[batch.rows].max() * len(batch.rows) for batch in plan) <= 200
    assert all((a.rows == b.rows).all() for a, b in zip(plan, plan_epoch(pool, hyper, 0), strict=True))
    assert not np.array_equal(rows, np.concatenate([batch.rows for batch in plan_epoch(pool, hyper, 1)]))


def test_augmentation_hides_words_and_never_touches_padding(pool_and_words: tuple) -> None:
    pool, vocabulary = pool_and_words
    torch.manual_seed(0)
    rows = np.arange(len(pool.encoded))
    batch = augmented(pool, rows, vocabulary, Hyper(words_hidden=0.5, target_hidden=1.0))
    unknown = vocabulary.rows([UNKNOWN])[0]
    padding = torch.arange(batch.tokens.shape[1]) >= batch.lengths[:, None]
    assert (batch.tokens[padding] == 0).all()
    assert (batch.relation[padding] == NO_TARGET).all()
    assert (batch.tokens[batch.relation == IN_TARGET] == unknown).all()
    hidden = (batch.tokens == unknown)[~padding & (batch.relation != IN_TARGET)].float().mean()
    assert 0.45 < hidden < 0.6


def test_vectors_stand_side_by_side_at_one_scale() -> None:
    first = WordVectors(["a", "b"], np.array([[3.0, 4.0], [0.0, 5.0]], np.float32), [1, 1])
    second = WordVectors(["b"], np.array([[0.5]], np.float32), [1])
    found = side_by_side(["a", "b", "c"], [first, second])
    np.testing.assert_allclose(found, [[0.6, 0.8, 0], [0, 1, 1], [0, 0, 0]], atol=1e-6)


@given(st.lists(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3), min_size=1, max_size=8))
def test_eight_bits_are_within_half_a_step(table: list[list[float]]) -> None:
    values = torch.tensor(table)
    rows, scales = eight_bit(values)
    assert (np.abs(rows * scales - values.numpy()) <= scales * 0.501 + 1e-6).all()


def random_feed(words: int, rows: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    lengths = torch.tensor([1, 9, 5, 9, 2])
    real = torch.arange(9)[None] < lengths[:, None]
    draw = lambda high, width: torch.randint(1, high, (5, width), generator=generator)  # noqa: E731
    return {
        "tokens": draw(words, 9) * real,
        "relation": draw(10, 9) * real * torch.tensor([1, 1, 0, 1, 0])[:, None],
        "lengths": lengths,
        "ngrams": draw(rows, 7),
        "subwords": draw(rows, 12),
    }


def fused_network() -> Fused:
    torch.manual_seed(0)
    deep = Network(torch.randn(50, 12), hidden=8, relation_dims=3, head_dims=6, filters=4, dropout=0.5)
    torch.nn.init.normal_(deep.kinds.correction.weight)
    on_kinds = 2 * len(EXPERT_KINDS)
    fused = Fused(deep, random_experts(5 + on_kinds), random_experts(2 + on_kinds), 5).eval()
    fused.temperatures.copy_(torch.linspace(0.5, 2.0, len(KINDS)))
    return fused


def random_experts(values: int) -> Experts:
    table = torch.randn(40, values + 1).half().float()
    table[:, -1] = table[:, -1].abs() * 5
    table[0] = 0
    return Experts(table, torch.randn(values))


@pytest.mark.parametrize("precision", list(Precision))
def test_the_shipped_graph_equals_torch(tmp_path: Path, precision: Precision) -> None:
    model = fused_network()
    if precision is Precision.EIGHT_BIT:
        round_as_stored(model)
    write_fused(model, tmp_path / "model.onnx", precision)
    feed = random_feed(50, 40)
    expected = model(*feed.values()).detach().numpy()
    session = ort.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: value.int().numpy() for name, value in feed.items()})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.std() > 0.01, "all texts score alike: the comparison shows nothing"


def test_the_talks_graph_equals_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TalkNetwork(torch.randn(50, 12), hidden=8)
    round_to_eight_bit(network.words)
    write_talk(network.words, network.lstm, network.out, tmp_path / "model.onnx")
    feed = random_feed(50, 2)
    expected = network(feed["tokens"], feed["lengths"]).softmax(1).detach().numpy()
    session = ort.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    names = {name: feed[name].int().numpy() for name in ("tokens", "lengths")}
    np.testing.assert_allclose(session.run(None, names)[0], expected, atol=1e-5)


def test_padding_changes_nothing_in_torch_either() -> None:
    model = fused_network()
    feed = random_feed(50, 40)
    together = model(*feed.values())
    for index, length in enumerate(feed["lengths"].tolist()):
        one = [feed[name][index : index + 1] for name in feed]
        one[0], one[1] = one[0][:, :length], one[1][:, :length]
        torch.testing.assert_close(model(*one)[0], together[index], atol=1e-5, rtol=0)


def test_experts_on_a_kind_count_as_much_as_a_text_looks_like_it() -> None:
    general, own = torch.tensor([[7.0]]), torch.arange(2.0 * len(EXPERT_KINDS))[None]
    likeness = torch.full((1, len(KINDS)), 1e-9)
    likeness[0, EXPERT_KINDS[0]], likeness[0, EXPERT_KINDS[2]] = 0.25, 0.75
    found = by_likeness(torch.cat([general, own], dim=1), likeness.log())
    torch.testing.assert_close(found, torch.tensor([[7.0, 0.75 * 4, 0.25 * 1 + 0.75 * 5]]))


def test_a_rounded_table_of_experts_stays_as_it_is() -> None:
    experts = random_experts(4 + 2 * len(EXPERT_KINDS))
    experts.table[:, 0] *= 100  # an expert on many texts beside those on few
    exact = experts.table.clone()
    round_experts_to_eight_bit(experts)
    rounded = experts.table.clone()
    columns, _, scales = eight_bit_experts(experts)
    bound = torch.from_numpy(0.51 * scales.astype(np.float32) * columns)
    assert ((exact - rounded)[:, :-1].abs() <= bound).all()
    assert (exact != rounded).any()
    round_experts_to_eight_bit(experts)
    torch.testing.assert_close(experts.table, rounded, rtol=0, atol=0)


def test_experts_learn_words_and_pairs() -> None:
    examples = [Example("semeval2017", one.text, one.label) for one in own_sentences(1)[OWN]]
    examples += [Example("sst", one.text, one.label) for one in own_sentences(2)[OWN]]
    examples += [Example("imdb", one.text, one.label) for one in own_sentences(3)[OWN] if one.label != 1]
    wide = train_wide(examples, seed=1)
    words, parts = (
        Experts(torch.from_numpy(part.table).float(), torch.from_numpy(part.bias))
        for part in (wide.words, wide.subwords)
    )

    def three(sides: torch.Tensor) -> np.ndarray:
        negative, positive = sides.tolist()
        return np.array([negative, -negative - positive, positive])

    def posts(text: str) -> np.ndarray:
        rows = wide.words.ngrams.rows_of(ngram_hashes(tokenize(text)))
        return three(words(torch.from_numpy(rows).long()[None])[0, 3:5])

    def by_parts(text: str) -> np.ndarray:
        rows = wide.subwords.ngrams.rows_of(subword_hashes(tokenize(text)))
        return three(parts(torch.from_numpy(rows).long()[None])[0, :2])

    assert posts("Acme is not good").argmax() == 0
    assert posts("Acme is superb").argmax() == 2
    assert by_parts("Acme is terrrible").argmax() == 0
    assert posts("How do I install Acme on Windows?").argmax() == 1
    for part in (wide.words, wide.subwords):
        assert (part.table[:OTHER_ROW] == 0).all()
        assert (part.table[OTHER_ROW, :-1] == 0).all()


def test_a_text_without_neutral_raters_says_nothing_about_neutral() -> None:
    logits = torch.tensor([[1.0, 0.0, 2.0], [1.0, 9.0, 2.0]], requires_grad=True)
    loss = likelihood(logits, torch.tensor([2, 2]), torch.tensor([True, True]))
    assert loss[0] == loss[1]
    loss.sum().backward()
    assert logits.grad is not None
    assert (logits.grad[:, 1] == 0).all()


def test_figures_by_hand() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.5, 0.2], [0.1, 0.3, 0.6]])
    truth = np.array([0, 1, 0, 2])
    found = figures("semeval2017", truth, probabilities)
    assert found["accuracy"] == 0.75
    assert found["macro_recall"] == pytest.approx((0.5 + 1 + 1) / 3)
    sided = figures("cr", np.array([0, 2, 0, 2]), probabilities)
    assert sided["accuracy"] == 0.75
    assert "ece" not in sided
    assert decide(probabilities, two_class=True).tolist() == [0, 0, 0, 2]
