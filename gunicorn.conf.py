"""How gunicorn serves, in production and by `make run`; GUNICORN_CMD_ARGS changes anything for one machine."""

import os
from typing import Any

from tracker.ops.worker import open_connections

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
worker_class = "tracker.ops.worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
# As long as gunicorn takes: filters of many values make long addresses.
limit_request_line = 8190
# The heartbeat file of a worker: in memory, because a slow disk would make a worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True


def child_exit(server: Any, worker: Any) -> None:
    """Nobody leaves new connections to a worker that has ended."""
    open_connections.leave(worker.age)
