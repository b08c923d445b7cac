"""Serving from a management command: gunicorn in this very process, which keeps the embedded database alive."""

import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import Application

from tracker.api.charset import WithoutCharset
from tracker.api.response_cache import KeptAnswers
from tracker.ops.companion import Companion
from tracker.ops.statements import limit_statements

ADDRESS = "127.0.0.1"
LARGEST_PORT = 65535
DEFAULT_PORT = "8000"


def chosen_port() -> int:
    """The port that PORT names, as long as nobody listens there."""
    text = os.environ.get("PORT") or DEFAULT_PORT
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_PORT:
        raise CommandError(f"PORT is “{text}”; it must be a number from 1 to {LARGEST_PORT}.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except PermissionError:
            raise CommandError(f"Port {port} is not for ordinary users. Choose another: PORT=8001 make run") from None
        except OSError:
            taken = f"Port {port} is taken, perhaps by another `make run`."
            raise CommandError(f"{taken} Choose another: PORT={port % LARGEST_PORT + 1} make run") from None
    return port


def serve(port: int, when_ready: Callable[[], None], companion: Companion) -> None:
    """Serve until Ctrl-C, SIGTERM or the terminal's end, a companion beside; then leave the process."""
    companion.start()
    Server(port, when_ready, companion.stop).run()


class Server(Application):
    """Gunicorn as configured by gunicorn.conf.py, on this machine's own address."""

    def __init__(self, port: int, when_ready: Callable[[], None], at_end: Callable[[], None]) -> None:
        self.port = port
        self.when_ready = when_ready
        self.at_end = at_end
        super().__init__()

    def load_config(self) -> None:
        """The configuration file, without the command line, which is a management command's."""
        self.load_config_from_file(str(settings.BASE_DIR / "gunicorn.conf.py"))
        self.cfg.set("bind", f"{ADDRESS}:{self.port}")
        self.cfg.set("loglevel", "warning")
        self.cfg.set("when_ready", self._ready)
        self.cfg.set("on_exit", lambda _arbiter: self.at_end())

    def load(self) -> Callable[..., Any]:
        """The application, for each worker."""
        limit_statements()
        return KeptAnswers(WithoutCharset(get_wsgi_application()))

    def _ready(self, arbiter: Any) -> None:
        # Gunicorn would reload when the terminal closes, and go on without one.
        signal.signal(signal.SIGHUP, lambda _number, _frame: os.kill(os.getpid(), signal.SIGTERM))
        self.when_ready()
