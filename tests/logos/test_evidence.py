"""The decision: letters confirm a weak look, veto one that reads another word, and suffice where the name is
distinctive; one brand's finds at one place are one, and what loses its place is told."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.logos.agreement import FOR, Said
from monitor.logos.evidence import Decision, Look, Name, by_look, claims_of, decide, digest
from monitor.logos.weights import load_weights
from monitor.logos.words.lines import TextLine
from monitor.messages import Box

WEIGHTS = load_weights()
HERE = Box(0.2, 0.4, 0.4, 0.1)
ELSEWHERE = Box(0.7, 0.8, 0.2, 0.06)


def look(brand: str, score: float, box: Box = HERE, source: str = "trained") -> Look:
    return Look(brand, score, 0.5, box, "gallery" if source == "gallery" else "trained")


def line(text: str, box: Box = HERE, score: float = 0.98) -> TextLine:
    right, bottom = box.x + box.width, box.y + box.height
    return TextLine(text, score, ((box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom)))


def name(brand: str, box: Box = HERE, text: str = "", **facts: bool | int) -> Name:
    told = {"whole": True} | facts
    return Name(brand, brand, text or brand, 0.97, box, **told)  # type: ignore[arg-type]


def found(decision: Decision) -> dict[str, str]:
    return {one.brand: one.evidence for one in decision.detections}


def test_a_sure_look_needs_no_letters_and_a_weak_one_does() -> None:
    assert found(decide([look("VMware", 0.8)], [], [])) == {"VMware": "look"}
    weak = [look("VMware", 0.3)]
    assert found(decide(weak, [], [])) == {}
    (confirmed,) = decide(weak, [name("VMware")], [line("VMware")]).detections
    assert (confirmed.evidence, confirmed.look, confirmed.letters) == ("both", 0.3, 0.97)
    assert (confirmed.line, confirmed.box) == ("VMware", HERE)


def test_letters_that_are_only_like_the_name_confirm_too() -> None:
    (doubtful,) = decide([look("VMware", 0.7)], [], []).detections
    (confirmed,) = decide([look("VMware", 0.7)], [], [line("VMWAPF")]).detections
    assert (confirmed.evidence, confirmed.line, confirmed.letters) == ("both", "VMWAPF", 0.98)
    assert confirmed.score > doubtful.score


@pytest.mark.parametrize("word", ["VMUG", "vmworld", "SUPERMICRO", "KNAUS"])
def test_a_place_that_plainly_reads_another_word_is_not_the_brand(word: str) -> None:
    mistaken = look("VMware", 0.7)
    assert found(decide([mistaken], [], [])) == {"VMware": "look"}
    decision = decide([mistaken], [], [line(word)])
    assert decision.detections == ()
    ((veto),) = decision.vetoes
    assert (veto.look, veto.line.text) == (mistaken, word)
    assert found(decide([mistaken], [], [line(word, score=0.5)])) == {"VMware": "look"}, "hardly readable"
    assert found(decide([mistaken], [], [line(word, ELSEWHERE)])) == {"VMware": "look"}, "another place"


def test_a_look_that_would_not_have_counted_needs_no_veto() -> None:
    assert decide([look("VMware", 0.3)], [], [line("KNAUS")]) == Decision(())


def test_letters_alone_suffice_for_a_distinctive_name() -> None:
    (told,) = decide([], [name("Grafana")], [line("Grafana")]).detections
    assert (told.evidence, told.look, told.letters, told.line) == ("letters", None, 0.97, "Grafana")
    assert told.score > 0.5
    assert found(decide([], [name("Grafana", errors=1)], [])) == {"Grafana": "letters"}


def test_an_everyday_word_wants_a_whole_line_or_a_look() -> None:
    assert found(decide([], [name("Gap", everyday=True)], [])) == {"Gap": "letters"}
    among = name("Gap", text="mind the gap", everyday=True, whole=False)
    assert found(decide([], [among], [])) == {}
    assert found(decide([look("Gap", 0.6)], [among], [])) == {"Gap": "both"}


def test_small_print_counts_less_than_a_headline() -> None:
    small = decide([], [name("Grafana", Box(0.5, 0.9, 0.04, 0.01))], []).detections
    large = decide([], [name("Grafana", Box(0.1, 0.3, 0.8, 0.2))], []).detections
    assert sum(one.score for one in small) < large[0].score


def test_a_look_too_weak_to_be_one_adds_and_takes_nothing() -> None:
    alone = decide([], [name("VMware")], []).detections
    assert decide([look("VMware", 0.06)], [name("VMware")], []).detections == alone
    assert decide([look("VMware", 0.06, ELSEWHERE)], [name("VMware")], []).detections == alone


def test_a_name_elsewhere_confirms_the_mark() -> None:
    mark = look("Puma", 0.5, Box(0.1, 0.1, 0.1, 0.12))
    decision = decide([mark], [name("Puma", ELSEWHERE)], [])
    assert sorted(one.evidence for one in decision.detections) == ["both", "letters"]
    (claim,) = [one for one in claims_of([mark], [name("Puma", ELSEWHERE)], [], WEIGHTS) if one.look]
    assert claim.said is Said.ELSEWHERE


def test_another_brands_name_speaks_against_a_doubtful_look() -> None:
    doubtful = look("Puma", 0.7, Box(0.1, 0.1, 0.1, 0.12))
    assert found(decide([doubtful], [], [])) == {"Puma": "look"}
    assert found(decide([doubtful], [name("Lacoste", ELSEWHERE)], [])) == {"Lacoste": "letters"}
    both = decide([look("Puma", 0.97, Box(0.1, 0.1, 0.3, 0.3))], [name("Lacoste", ELSEWHERE)], [])
    assert found(both) == {"Puma": "look", "Lacoste": "letters"}, "a board of sponsors shows two"


def test_mark_and_word_of_one_logo_are_one_detection() -> None:
    mark, word = look("HP", 0.8, Box(0.2, 0.4, 0.1, 0.1)), name("HP", Box(0.31, 0.42, 0.2, 0.06))
    (one,) = decide([mark, look("HP", 0.55, Box(0.2, 0.4, 0.06, 0.06))], [word], []).detections
    assert (one.evidence, one.box) == ("both", mark.box)


def test_a_doubtful_look_beside_the_letters_leaves_the_place_to_them() -> None:
    beside, word = look("HP", 0.4, Box(0.2, 0.4, 0.1, 0.1)), name("HP", Box(0.31, 0.42, 0.2, 0.06))
    (one,) = decide([beside], [word], []).detections
    assert (one.evidence, one.box) == ("both", word.box)


def test_of_two_brands_for_one_place_the_likelier_stays_and_the_other_is_told() -> None:
    trained, matched = look("Nike", 0.9), look("Acme", 0.65, source="gallery")
    decision = decide([trained, matched], [], [])
    assert found(decision) == {"Nike": "look"}
    ((lost),) = decision.lost
    assert (lost.look, lost.to.brand) == (matched, "Nike")
    assert found(by_look([trained, matched])) == {"Nike": "look"}
    just = look("Acme", 0.5, source="gallery")
    decision = decide([trained, just], [name("Nike", ELSEWHERE)], [])
    assert [(one.look, one.to.brand) for one in decision.lost] == [(just, "Nike")], "its threshold is reached"
    assert [one.look for one in by_look([trained, matched]).lost] == [matched]


def test_a_mark_on_another_brands_shirt_stays() -> None:
    shirt, sponsor = look("Nike", 0.9, Box(0.1, 0.1, 0.8, 0.8)), look("Acme", 0.9, Box(0.4, 0.4, 0.1, 0.1))
    assert set(found(decide([shirt, sponsor], [], []))) == {"Nike", "Acme"}


def test_where_nobody_reads_the_looks_own_threshold_counts() -> None:
    assert found(by_look([look("Nike", 0.5), look("Puma", 0.499, ELSEWHERE)])) == {"Nike": "look"}
    scores = [by_look([look("Nike", score)]).detections[0].score for score in (0.5, 0.7, 0.9)]
    assert scores == sorted(set(scores))
    assert by_look([]) == Decision(())


BOXES = st.builds(
    lambda x, y, w, h: Box(x * (1 - w), y * (1 - h), w, h),
    *(st.floats(0, 1) for _ in "xy"),
    *(st.floats(0.01, 1) for _ in "wh"),
)
BRANDS = st.sampled_from(["VMware", "Gap", "Nike"])
LOOKS = st.builds(
    Look, BRANDS, st.floats(0, 1), st.floats(0.1, 0.9), BOXES, st.sampled_from(["trained", "gallery"])
)
NAMES = st.builds(
    Name,
    BRANDS,
    st.just("x"),
    st.just("x y"),
    st.floats(0, 1),
    BOXES,
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)
LINES = st.builds(line, st.sampled_from(["vmware", "nike", "vmworld", "", "a"]), BOXES, st.floats(0, 1))


@given(st.lists(LOOKS, max_size=8), st.lists(NAMES, max_size=5), st.lists(LINES, max_size=5))
def test_whatever_is_seen_and_read(looks: list[Look], names: list[Name], lines: list[TextLine]) -> None:
    decision = decide(looks, names, lines)
    scores = [one.score for one in decision.detections]
    assert scores == sorted(scores, reverse=True)
    assert all(WEIGHTS.report_from <= score <= 1 for score in scores)
    for one in decision.detections:
        assert (one.look is None) == (one.evidence == "letters")
        assert (one.letters is None) == (one.line is None) == (one.evidence == "look")
    for one, other in itertools.combinations(decision.detections, 2):
        assert one.brand != other.brand or one.box != other.box
    assert decide(looks, names, lines) == decision
    # Letters for a brand never lower what it gets: where they speak for it, more evidence is more.
    for claim in claims_of(looks, names, lines, WEIGHTS):
        if claim.said in FOR and claim.name is not None:
            (by_name,) = claims_of([], [claim.name], [], WEIGHTS)
            assert claim.look is None or claim.look.source == "gallery" or claim.said is by_name.said


def test_the_digest_is_that_of_the_shipped_table() -> None:
    assert len(digest()) == 8
    assert int(digest(), 16) >= 0
