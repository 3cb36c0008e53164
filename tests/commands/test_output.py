"""What people read off two numbers agrees with what came of them."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.output import beside

NEAR = st.floats(0.81, 0.812)


def test_rounding_alone_makes_nothing_equal() -> None:
    assert beside(0.8112, 0.8114) == "just under 0.811"
    assert beside(0.8114, 0.8112) == "0.811"
    assert beside(0.8102, 0.8114) == "0.810"
    assert beside(0.74, 0.744, 2) == "just under 0.74"


@given(NEAR, NEAR)
def test_less_is_never_written_as_equal(value: float, needed: float) -> None:
    written = beside(value, needed)
    assert (written == f"{needed:.3f}") <= (value >= needed)
    assert written.removeprefix("just under ") == f"{value:.3f}"
