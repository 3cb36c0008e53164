"""Ends the process when its event loop no longer turns.

A library that keeps Python's lock (one regular expression can) stops every thread: no heartbeat, no time-out
and no signal handler of ours runs, and the process would hang for ever. `faulthandler` waits in a thread of
its own that needs no lock; it writes where every thread was, and ends the process with code 1.
"""

import asyncio
import faulthandler
from typing import Final

_RENEWED: Final = 1.0
"""Seconds between signs of life; each starts a thread anew."""


_LEAST: Final = 30.0
"""Seconds that a loop may stand still in any case: a machine that swaps, a debugger."""


async def stay_alive(limit: float, least: float = _LEAST) -> None:
    """Renew the process's life every second, for ever; `limit` seconds without that end it, but not less than
    `least`. They count while the process is stopped from outside, too."""
    limit = max(limit, least)
    try:
        while True:
            faulthandler.dump_traceback_later(limit, exit=True)
            await asyncio.sleep(_RENEWED)
    finally:
        faulthandler.cancel_dump_traceback_later()
