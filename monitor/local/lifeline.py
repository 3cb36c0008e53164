"""Ties a server to the process that started it, then becomes the server: `lifeline.py PARENT SIGNAL UID
GID COMMAND...`.

Runs alone (`python -I -S`), so it imports nothing of the project. The order matters: the kernel forgets the
death signal when the user changes, so the user is changed first; and a parent that died before the signal
was set is noticed by comparing its process id.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Change user (UID -1: keep), set the death signal, exec the command; never returns."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"the process that wanted {command[0]} is gone")
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is this file's purpose


if __name__ == "__main__":
    main(sys.argv[1:])
