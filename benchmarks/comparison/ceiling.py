"""The ceiling: what the service answered once, sent again by a bare WSGI function.

The folder in BENCH_ANSWERS holds a file for each path, as `answer.json`: status, headers and the name of the body.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["BENCH_ANSWERS"])
ANSWERS = {
    path: (status, [(name, value) for name, value in headers], (FOLDER / body).read_bytes())
    for path, (status, headers, body) in json.loads((FOLDER / "answers.json").read_text()).items()
}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status, headers, body = ANSWERS[environ["PATH_INFO"]]
    start_response(status, headers)
    return [body]
