"""A real farm on one machine: Redis, an S3 store, the API and workers as child processes, started and stopped in order.

::

    with Stack(Path(".pentimento")) as stack:
        stack.api_url, stack.processes      # everything answers
        stack.wait()                        # raises ChildFailed when a process ends by itself

`plan` says what a farm consists of, `farm` runs it, `child` is one process, `folder` is what survives a restart.
No redis and no boto3 in here: readiness is a raw PING and a plain GET, so this room starts servers without knowing
what they are used for.
"""

from api.stack.child import ChildFailed
from api.stack.farm import Stack

__all__ = ["ChildFailed", "Stack"]
