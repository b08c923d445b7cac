"""Keeps a second program running beside a server: started with it, started again when it dies, stopped with it.

A small process of its own does that, because the server reaps every child of its process and forks, which a thread
would disturb. It notices by the end of a pipe when the server has gone, however that went.
"""

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

LOOKS_SECONDS = 0.2
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A program that has run this long has not failed at its start.
SOUND_SECONDS = 60.0
PATIENCE_SECONDS = 30.0


class Companion:
    """A program that runs as long as this process does."""

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def start(self) -> None:
        """Begin; this process must not have threads yet."""
        end, self._lifeline = os.pipe()
        self._keeper = os.fork()
        if self._keeper == 0:
            try:
                os.close(self._lifeline)
                _Keeper(self.command, end).run()
            finally:
                # None of what the server's process does at its end.
                os._exit(0)
        os.close(end)

    def stop(self) -> None:
        """Stop the program and wait for its end."""
        os.close(self._lifeline)
        with suppress(ProcessLookupError):
            # The server's workers may hold the other end of the pipe a while longer.
            os.kill(self._keeper, signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitpid(self._keeper, 0)


class _Keeper:
    """What the process in between does."""

    def __init__(self, command: list[str], lifeline: int) -> None:
        self.command = command
        self.lifeline = lifeline
        self.is_told = False

    def run(self) -> None:
        # Ctrl-C reaches everybody at the terminal; the server then says when. The program inherits that.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._be_told)
        pause = FIRST_PAUSE
        while not self._is_over(0):
            begun = time.monotonic()
            self._run_once()
            if time.monotonic() - begun > SOUND_SECONDS:
                pause = FIRST_PAUSE
            if self._is_over(pause):
                break
            pause = min(2 * pause, LONGEST_PAUSE)

    def _run_once(self) -> None:
        # A signal that this process ignores stays ignored in the program; SIGTERM does not.
        with subprocess.Popen(self.command, stdin=subprocess.DEVNULL) as program:  # noqa: S603  (our own command)
            while program.poll() is None:
                if self._is_over(LOOKS_SECONDS):
                    program.terminate()
                    with suppress(subprocess.TimeoutExpired):
                        program.wait(PATIENCE_SECONDS)
                    program.kill()

    def _is_over(self, seconds: float) -> bool:
        """Whether the server ends within so many seconds."""
        deadline = time.monotonic() + seconds
        while not self.is_told:
            left = max(deadline - time.monotonic(), 0)
            if select.select([self.lifeline], [], [], min(left, LOOKS_SECONDS))[0]:
                self.is_told = True
            elif not left:
                break
        return self.is_told

    def _be_told(self, *_args: Any) -> None:
        self.is_told = True
