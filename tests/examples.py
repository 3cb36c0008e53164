"""How many examples a property is tried on."""

import hypothesis


def dear(wanted: int) -> int:
    """Of a property whose every example takes tenths of a second on servers: a quarter of those wanted.

    With `make test-random` all of them.
    """
    return wanted if hypothesis.settings.get_current_profile_name() == "random" else -(-wanted // 4)
