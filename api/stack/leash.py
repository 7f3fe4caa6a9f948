"""Ties a child's life to its parent's, so that `kill -9` of the supervisor leaves no process behind.

Run as a script, in an interpreter without site packages: `leash.py PARENT_PID ARGV...` asks the kernel (Linux only) to
kill this process when its parent dies, then becomes ARGV. A wrapper, because `preexec_fn` may deadlock where the
parent has threads. The kernel means the *thread* that started the child: start children on a thread that outlives them.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Never returns: becomes the command after the parent's pid."""
    parent, command = int(argv[1]), argv[2:]
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - costs 10 ms, and only Linux has what it is for

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the kernel was asked
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the command comes from our own Child records


if __name__ == "__main__":
    main(sys.argv)
