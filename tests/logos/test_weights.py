"""The table of evidence says what it means: letters for a brand raise it, other words lower it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.logos.agreement import FOR, Said
from monitor.logos.weights import Line, load_weights, logistic, parse_weights

WEIGHTS = load_weights()


def test_every_kind_of_letters_has_its_weight_in_the_right_order() -> None:
    assert set(WEIGHTS.letters) == set(Said)
    assert WEIGHTS.letters[Said.NOTHING] == 0
    assert all(
        (WEIGHTS.letters[said] > 0) == (said in FOR or said is Said.ELSEWHERE)
        for said in Said
        if said is not Said.NOTHING
    )
    assert WEIGHTS.letters[Said.NAME] > WEIGHTS.letters[Said.WITHIN] > WEIGHTS.letters[Said.AMONG]
    assert WEIGHTS.letters[Said.NAME] > WEIGHTS.letters[Said.EVERYDAY] > WEIGHTS.letters[Said.AMONG]


@given(st.floats(-2, 1), st.floats(-2, 1), st.floats(-6, 0), st.sampled_from(sorted(Said)))
def test_a_stronger_look_never_weighs_less(one: float, other: float, size: float, said: Said) -> None:
    for source in ("trained", "gallery"):
        weaker, stronger = (WEIGHTS.weight(s, source, size, said) for s in sorted((one, other)))
        assert weaker <= stronger


@pytest.mark.parametrize("said", sorted(FOR))
def test_a_look_too_weak_takes_nothing_from_letters(said: Said) -> None:
    assert WEIGHTS.weight(-1.0, "trained", -2, said) == WEIGHTS.weight(None, "trained", -2, said)
    assert WEIGHTS.weight(-1.0, "trained", -2, Said.NOTHING) < WEIGHTS.weight(None, "trained", -2, said)


def test_a_line_is_level_beyond_its_ends() -> None:
    line = Line(base=1.0, slope=2.0, doubling=0.5)
    assert [line.at(strength, -2) for strength in (-3, -1, 0, 1, 9)] == [-2, -2, 0, 2, 2]


def test_probabilities() -> None:
    assert logistic(0) == 0.5
    assert logistic(2) + logistic(-2) == pytest.approx(1)
    assert (logistic(-1e4), logistic(1e4)) == (0, 1)


def test_another_table_is_another_version_and_a_wrong_one_is_refused() -> None:
    other = msgspec.structs.replace(WEIGHTS, report_from=0.99)
    assert other.digest() != WEIGHTS.digest() == load_weights().digest()
    with pytest.raises(msgspec.ValidationError, match="report_from"):
        parse_weights('unseen = 0.0\n[fitted]\non = "nothing"\n')
