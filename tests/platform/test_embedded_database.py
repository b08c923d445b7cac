"""The embedded server: started by the first, shared, stopped by the last, whatever happens to any of them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tracker.database.cluster import PROGRAMS, Cluster, EmbeddedServerError

CHECKOUT = Path(__file__).parents[2]
# Longer than a socket's path may be, and with everything that a shell or a list of folders would stumble over.
AWKWARD = "مشروع دبي, 'the city's' " + "x" * 90
# Uses the cluster in its first argument, says so, and stays until its input ends.
VISITOR = """
import sys
from pathlib import Path
import psycopg
from tracker.database.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]))
with psycopg.connect(host=cluster.acquire(), user="postgres", dbname="tracker") as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder as a checkout of root's or of a careful user's may be: closed to others, deep, oddly named."""
    top = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder = top / AWKWARD
    folder.mkdir()
    yield folder
    Cluster(folder / "data").release()
    shutil.rmtree(top)


@pytest.fixture
def cluster(checkout: Path) -> Iterator[Cluster]:
    cluster = Cluster(checkout / "cluster")
    yield cluster
    cluster.release()


def ask(cluster: Cluster, question: str) -> str:
    """The one value that answers an SQL question."""
    with psycopg.connect(
        host=cluster.acquire(), port=cluster.port, user="postgres", dbname="tracker", autocommit=True
    ) as connection:
        cursor = connection.execute(question.encode())
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else ""


def visitor(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the cluster."""
    return subprocess.Popen(
        [sys.executable, "-c", VISITOR, str(folder)],
        cwd=CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tracker.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: subprocess.Popen[str]) -> None:
    """Let a visitor end by itself."""
    process.communicate()
    assert process.returncode == 0


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def modes_above(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mode for path in (folder, *folder.parents)}


def test_it_reads_and_writes_arabic_in_a_deep_and_oddly_named_folder(cluster: Cluster) -> None:
    assert ask(cluster, "SELECT current_setting('server_version_num')::int / 10000") == "18"
    assert ask(cluster, "SELECT current_setting('server_encoding')") == "UTF8"
    assert (
        ask(cluster, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'tracker'")
        == "bC.UTF-8"
    )
    assert ask(cluster, "SELECT upper('é') || length('دبي')") == "É3"
    assert ask(cluster, "SELECT to_tsvector('simple', 'مدينة دبي') @@ to_tsquery('simple', 'دبي')") == "True"


def test_the_modes_of_the_folders_above_stay_as_they_were(cluster: Cluster, checkout: Path) -> None:
    before = modes_above(checkout), modes_above(PROGRAMS)
    ask(cluster, "SELECT 1")
    cluster.release()
    assert (modes_above(checkout), modes_above(PROGRAMS)) == before
    assert cluster.data.stat().st_mode & 0o777 == 0o700


def test_it_does_not_run_as_root_and_listens_on_no_network(cluster: Cluster) -> None:
    sockets = Path(cluster.acquire())
    assert Path(f"/proc/{server_pid(cluster)}").stat().st_uid != 0
    assert ask(cluster, "SELECT current_setting('listen_addresses')") == ""
    assert sockets.stat().st_mode & 0o777 == 0o700


def test_the_last_user_stops_it_and_the_data_stay(cluster: Cluster) -> None:
    ask(cluster, "CREATE TABLE kept AS SELECT 7 AS value")
    sockets = Path(cluster.acquire())
    cluster.release()
    assert not cluster.is_running()
    assert not sockets.exists()
    assert ask(cluster, "SELECT value FROM kept") == "7"


def test_processes_that_come_at_once_share_one_server(cluster: Cluster) -> None:
    visitors = [visitor(cluster.folder) for _ in range(3)]
    assert len({first_line(each) for each in visitors}) == 1
    for each in visitors[:-1]:
        leave(each)
    assert cluster.is_running()
    leave(visitors[-1])
    assert not cluster.is_running()


def test_a_killed_user_neither_stops_it_nor_keeps_it_running(cluster: Cluster) -> None:
    ask(cluster, "SELECT 1")
    killed = visitor(cluster.folder)
    first_line(killed)
    killed.kill()
    killed.communicate()
    assert cluster.is_running()
    cluster.release()
    assert not cluster.is_running()


def test_a_server_whose_only_user_was_killed_is_taken_over(cluster: Cluster) -> None:
    killed = visitor(cluster.folder)
    started = first_line(killed)
    killed.kill()
    killed.communicate()
    assert ask(cluster, "SELECT pg_postmaster_start_time()") == started
    cluster.release()
    assert not cluster.is_running()


def test_a_killed_server_is_started_again_and_has_every_commit(cluster: Cluster) -> None:
    ask(cluster, "CREATE TABLE kept AS SELECT 7 AS value")
    server = psutil.Process(server_pid(cluster))
    server.kill()
    server.wait(timeout=10)
    assert ask(cluster, "SELECT value FROM kept") == "7"


def test_a_process_number_that_is_another_programs_by_now_does_not_prevent_the_start(cluster: Cluster) -> None:
    ask(cluster, "SELECT 1")
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    cluster.release()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not cluster.is_running()
    assert ask(cluster, "SELECT 1") == "1"


def test_the_folder_may_move_between_two_starts(cluster: Cluster, checkout: Path) -> None:
    ask(cluster, "CREATE TABLE kept AS SELECT 7 AS value")
    cluster.release()
    moved = Cluster((checkout / "cluster").rename(checkout / "elsewhere"))
    assert ask(moved, "SELECT value FROM kept") == "7"
    moved.release()


def test_an_interrupted_creation_is_begun_anew(cluster: Cluster) -> None:
    draft = cluster.folder / "draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    assert ask(cluster, "SELECT 1") == "1"


def test_data_of_another_version_are_refused_and_left_alone(cluster: Cluster) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="of PostgreSQL 17, not 18"):
        cluster.acquire()
    assert [path.name for path in cluster.data.iterdir()] == ["PG_VERSION"]


def test_a_server_that_does_not_start_says_what_postgresql_said(cluster: Cluster) -> None:
    cluster.options["shared_buffers"] = "nonsense"
    with pytest.raises(EmbeddedServerError, match='invalid value for parameter "shared_buffers"'):
        cluster.acquire()
    assert not cluster.is_running()


def test_the_callers_environment_does_not_reach_the_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "LC_ALL": "C", "PGOPTIONS": "-c work_mem=99"}.items():
        monkeypatch.setenv(name, value)
    cluster.acquire()
    monkeypatch.delenv("PGOPTIONS")
    assert ask(cluster, "SELECT lower('É')") == "é"


@pytest.mark.parametrize("command", [["check"], ["migrate", "--help"], ["findstatic", "admin/css/base.css"]])
def test_commands_that_need_no_database_start_none(command: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from django.conf import settings; from django.core.management import execute_from_command_line;"
        f"from pathlib import Path; settings.DATABASES['default']['CLUSTER'] = Path({str(tmp_path / 'cluster')!r});"
        "execute_from_command_line(['manage.py', *sys.argv[1:]])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=CHECKOUT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "tracker.settings"},
        check=True,
        capture_output=True,
    )
    assert not (tmp_path / "cluster").exists()
