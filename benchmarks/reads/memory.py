"""How much memory a worker takes after so many different addresses."""

from __future__ import annotations

from typing import Any

from benchmarks.reads.cases import API, PAGE, PASSES
from benchmarks.reads.database import Databases
from benchmarks.reads.load import Numbers, Request, drive
from benchmarks.reads.servers import Server

# Of a hundred addresses one is a page of fifty, all others are records.
ADDRESSES = (*[f"{API}?id={{n}}&count=none"] * 99, f"{API}?{PAGE}&count=none&{PASSES}")
LOOKS = 5


def measure_memory(databases: Databases, size: int, addresses: int, numbers: Numbers) -> dict[str, Any]:
    """One worker, so that it gets all of them; how much of the memory is its own, as it goes on."""
    with Server("tracker.wsgi", databases.environment(size), workers=1) as server:
        server.get(f"{API}?{PAGE}")
        (worker,) = server.workers()
        found = [{"addresses": 0, **_memory(worker)}]
        asked = 0
        while asked < addresses:
            asked += drive(server.port, Request(ADDRESSES), 2, numbers).requests
            if asked * LOOKS >= addresses * len(found):
                found.append({"addresses": asked, **_memory(worker)})
                print(f"memory after {asked:,} addresses: {found[-1]['pss_mb']} MB", flush=True)
    return {"worker": found, "growth_mb": round(found[-1]["pss_mb"] - found[0]["pss_mb"], 1)}


def _memory(worker: Any) -> dict[str, float]:
    full = worker.memory_full_info()
    return {"rss_mb": round(full.rss / 1e6, 1), "pss_mb": round(full.pss / 1e6, 1)}
