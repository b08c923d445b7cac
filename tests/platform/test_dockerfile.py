"""The Dockerfile's own instructions, carried out on this machine where no Docker engine is."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distribution
from pathlib import Path

import psycopg
import pytest
from packaging.requirements import Requirement

from tests.platform.services import CHECKOUT, Service, free_port, get, wait_until, write_program
from tests.platform.test_environment import STRONG_KEY
from tracker.database.cluster import Cluster


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as pairs of an instruction and its words."""
    text = re.sub(r"\\\n\s*", " ", (CHECKOUT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out: the last line that fits decides."""
    out = False
    for line in (CHECKOUT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!").replace("**/", "*")
        if not pattern or pattern.startswith("#"):
            continue
        parts = Path(path).parts
        if any(fnmatch.fnmatch("/".join(parts[: depth + 1]), pattern) for depth in range(len(parts))):
            out = not line.startswith("!")
    return out


@dataclass
class Image:
    """What the instructions make: a file system below a folder, an environment, a user, commands."""

    root: Path
    folder: Path = field(init=False)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    probe: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Carry out every instruction; one that this test does not know fails it."""
        self._install_python()
        for word, rest in instructions():
            getattr(self, f"do_{word.lower()}")(rest)

    def _install_python(self) -> None:
        """A `python` that finds no package but those that `pip install` puts into the image."""
        (self.root / "bin").mkdir()
        self.packages = self.root / "packages"
        self.packages.mkdir()
        write_program(self.root / "bin" / "python", f'exec {shlex.quote(sys.executable)} -S "$@"')

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of a process in the image."""
        path = f"{self.root / 'bin'}:{os.defpath}"
        return {"PATH": path, "PYTHONPATH": str(self.packages), "HOME": "/nonexistent"} | self.environment | more

    def do_from(self, rest: str) -> None:
        version = re.fullmatch(r"python:3\.(\d+)-slim", rest)
        assert version
        assert int(version[1]) >= 11

    def do_env(self, rest: str) -> None:
        self.environment |= dict(word.split("=", 1) for word in shlex.split(rest))

    def do_workdir(self, rest: str) -> None:
        self.folder = self.root / rest.lstrip("/")
        self.folder.mkdir(parents=True)

    def do_copy(self, rest: str) -> None:
        source, target = rest.split()
        assert target == "./"
        if source != ".":
            shutil.copy(CHECKOUT / source, self.folder)
            return
        for path in CHECKOUT.iterdir():
            if path.is_dir() and not ignored(path.name):
                shutil.copytree(path, self.folder / path.name, ignore=self._ignore, dirs_exist_ok=True)
            elif not ignored(path.name):
                shutil.copy(path, self.folder)

    def _ignore(self, folder: str, names: list[str]) -> set[str]:
        return {name for name in names if ignored(str((Path(folder) / name).relative_to(CHECKOUT)))}

    def do_run(self, rest: str) -> None:
        if "pip install" in rest:
            assert shlex.split(rest) == ["python", "-m", "pip", "install", "--requirement", "requirements.txt"]
            self._install((self.folder / "requirements.txt").read_text())
        else:
            subprocess.run(["sh", "-euc", rest], cwd=self.folder, env=self.variables(), check=True, capture_output=True)

    def _install(self, requirements: str) -> None:
        """What pip would fetch, linked from this installation: these versions and no package more."""
        for line in requirements.splitlines():
            if line and not line.startswith("#"):
                requirement = Requirement(line)
                found = distribution(requirement.name)
                assert requirement.specifier.contains(found.version), f"{line}: {found.version} is installed here"
                self._link(found)

    def _link(self, found: Distribution) -> None:
        for file in found.files or []:
            if file.parts[0] != ".." and not (self.packages / file.parts[0]).exists():
                (self.packages / file.parts[0]).symlink_to(Path(str(found.locate_file(file.parts[0]))))

    def do_user(self, rest: str) -> None:
        self.user = rest

    def do_expose(self, rest: str) -> None:
        assert rest == "8000"

    def do_healthcheck(self, rest: str) -> None:
        self.probe = json.loads(rest[rest.index("[") :])

    def do_cmd(self, rest: str) -> None:
        self.command = json.loads(rest)


@pytest.fixture(scope="module")
def top() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="image-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(top: Path) -> Image:
    (top / "image").mkdir()
    image = Image(top / "image")
    image.build()
    return image


@pytest.fixture(scope="module")
def cluster(top: Path) -> Iterator[Cluster]:
    """A server as the compose file has one: reached by TCP, by a role that may do nothing but own its database."""
    options = {"listen_addresses": "127.0.0.1", "port": str(free_port()), "fsync": "off"}
    cluster = Cluster(top / "cluster", options=options)
    with psycopg.connect(
        host=cluster.acquire(), port=cluster.port, user="postgres", dbname="postgres", autocommit=True
    ) as administrator:
        administrator.execute("CREATE ROLE service LOGIN NOSUPERUSER")
        administrator.execute("CREATE DATABASE service OWNER service")
    yield cluster
    cluster.release()


def production(image: Image, cluster: Cluster, **more: str) -> dict[str, str]:
    """The environment that Compose gives to the containers."""
    return image.variables(
        SECRET_KEY=STRONG_KEY,
        ALLOWED_HOSTS="registry.example",
        DATABASE_URL=f"postgresql://service@127.0.0.1:{cluster.port}/service",
        **more,
    )


def test_only_what_the_service_runs_on_is_in_the_image(image: Image) -> None:
    found = {path.name for path in image.folder.iterdir()}
    assert found == {"gunicorn.conf.py", "initiatives", "manage.py", "requirements.txt", "staticfiles", "tracker"}
    assert not list(image.folder.rglob("__pycache__"))
    assert not (image.packages / "pytest").exists()


def test_the_image_holds_no_secret(image: Image) -> None:
    assert not (image.folder / ".local").exists()
    assert not {"SECRET_KEY", "DATABASE_URL"} & set(image.environment)


def test_the_service_is_not_root_in_the_container(image: Image) -> None:
    user, _, group = image.user.partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


def test_static_files_are_collected_compressed_and_named_by_content(image: Image) -> None:
    manifest = json.loads((image.folder / "staticfiles" / "staticfiles.json").read_text())
    style = image.folder / "staticfiles" / manifest["paths"]["admin/css/base.css"]
    assert style.exists()
    assert style.with_name(f"{style.name}.gz").exists()


def test_it_migrates_serves_and_says_how_it_is(image: Image, cluster: Cluster) -> None:
    subprocess.run(
        ["python", "manage.py", "prepare"],
        cwd=image.folder,
        env=production(image, cluster, TRACKER_CURATOR_PASSWORD="of-the-compose-file"),
        check=True,
    )
    port = free_port()
    variables = production(image, cluster, PORT=str(port))
    service = Service(image.command, image.folder, variables)
    try:
        service.wait_to_serve(port, "/readyz")
        subprocess.run(image.probe, cwd=image.folder, env=variables, check=True)
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/api/v1/organizations/", host="registry.example")[0] == 301

        cluster.release()
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/readyz") == (503, "the database does not answer\n")
        cluster.acquire()
        wait_until(lambda: get(port, "/readyz")[0] == 200, seconds=5)
    finally:
        service.end()
    assert not (image.folder / ".local").exists()


def test_behind_a_proxy_it_serves_pages_and_records(image: Image, cluster: Cluster) -> None:
    port = free_port()
    variables = production(image, cluster, PORT=str(port), TRACKER_BEHIND_PROXY="true")
    subprocess.run(["python", "manage.py", "migrate", "--verbosity=0"], cwd=image.folder, env=variables, check=True)
    service = Service(image.command, image.folder, variables)
    outside = {"host": "registry.example", "x-forwarded-proto": "https"}
    try:
        service.wait_to_serve(port, "/readyz")
        assert get(port, "/api/v1/organizations/", **outside)[0] == 200
        login = get(port, "/account/login/", **outside)
        assert login[0] == 200
        style = re.search(r'href="(/static/accounts/account\.[0-9a-f]+\.css)"', login[1])
        assert style
        assert get(port, style[1], **outside)[0] == 200
        assert get(port, "/", host="elsewhere.example", **{"x-forwarded-proto": "https"})[0] == 400
    finally:
        service.end()


def test_the_probe_fails_where_nothing_serves(image: Image) -> None:
    environment = image.variables(PORT=str(free_port()))
    process = subprocess.run(image.probe, cwd=image.folder, env=environment, check=False, capture_output=True)
    assert process.returncode != 0
