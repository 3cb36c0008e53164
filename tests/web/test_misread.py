"""Values typed wrongly are explained in words of people."""

from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from monitor.web.misread import in_words
from monitor.web.views import Day


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        (Day, "abc", "= 'abc' is no day; write it like 2026-03-31"),
        (Day, "2026-13-45", "= '2026-13-45' is no day; write it like 2026-03-31"),
        (Day, "2026-01-01T10:00", "= '2026-01-01T10:00' is no day; write it like 2026-03-31"),
        (int, "x{ge}", "= 'x{ge}' is no whole number"),
        (int, "1" * 5000, f"= '{'1' * 80}…' is too large a number"),
        (Annotated[int, Field(ge=1)], "0", "= '0' is too small; take 1 or more"),
        (Annotated[str, Field(max_length=3)], "long", "= 'long' is too long; write 3 characters or fewer"),
        (Literal["text", "image"], "film", "= 'film' cannot be chosen; take 'text' or 'image'"),
        (UUID, "x", "= 'x' is no id of a mention or story"),
        (list[str], "x", "= 'x': Input should be a valid list"),
    ],
)
def test_the_commonest_faults_are_told_in_plain_words(kind: object, typed: str, told: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(kind).validate_python(typed)
    (fault,) = wrong.value.errors()
    assert in_words({**fault, "loc": ("query", "since")}) == f"since {told}"


def test_what_is_missing_is_named() -> None:
    assert (
        in_words({"type": "missing", "loc": ("query", "name"), "msg": "", "input": None}) == "name is missing"
    )
