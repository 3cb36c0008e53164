"""Who did something and why, as people type it: cleaned, and refused where it names nobody."""

from typing import Final

_LONGEST_NAME: Final = 200
_LONGEST_NOTE: Final = 2000


def signed(by: str, note: str | None, refusal: type[ValueError]) -> tuple[str, str | None]:
    """The name and the note, None where there is none; U+0000, which no column holds, becomes U+FFFD.

    Raises `refusal` for an empty or too long name, a too long note, and half a character.
    """
    who, why = _clean(by, refusal), _clean(note or "", refusal) or None
    if not who or len(who) > _LONGEST_NAME:
        raise refusal(f"say who you are, in 1 to {_LONGEST_NAME} characters")
    if why and len(why) > _LONGEST_NOTE:
        raise refusal(f"the note has {len(why):,} characters; {_LONGEST_NOTE:,} are kept")
    return who, why


def _clean(given: str, refusal: type[ValueError]) -> str:
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise refusal("the text holds half a character (a lone surrogate)") from error
    return given.replace("\x00", "\ufffd").strip()
