"""docker-compose.yml by its published schema, and by what it promises."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.platform.services import CHECKOUT
from tests.platform.test_environment import STRONG_KEY
from tracker.environment import read_environment

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<rule>:[?-])(?P<words>[^}]*))?\}")
SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "TRACKER_CURATOR_PASSWORD"}


def compose() -> dict[str, Any]:
    document = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    return document


def filled(value: str, variables: dict[str, str]) -> str:
    """A value as Compose fills it in."""

    def fill(found: re.Match[str]) -> str:
        value = variables.get(found["name"], "")
        if not value and found["rule"] == ":?":
            raise LookupError(found["name"])
        return value or (found["words"] if found["rule"] == ":-" else "")

    return VARIABLE.sub(fill, value)


def required() -> set[str]:
    """The variables without which Compose starts nothing."""
    text = (CHECKOUT / "docker-compose.yml").read_text()
    return {found["name"] for found in VARIABLE.finditer(text) if found["rule"] == ":?"}


def example() -> dict[str, str]:
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_it_follows_the_published_schema() -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose(), json.loads(vendored.read_text()))


def test_the_schema_would_notice_a_slip() -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    document = compose()
    document["services"]["app"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.validate(document, json.loads(vendored.read_text()))


def test_the_app_waits_for_a_healthy_database_and_its_migrations() -> None:
    services = compose()["services"]
    assert services["database"]["image"] == "postgres:18"
    assert services["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["app"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["python", "manage.py", "prepare"]
    assert services["migrate"]["restart"] == "no"


def test_webhooks_are_delivered_by_a_process_of_their_own_as_confined_as_the_app() -> None:
    services = compose()["services"]
    app, webhooks = services["app"], services["webhooks"]
    assert webhooks["command"] == ["python", "manage.py", "deliver_webhooks"]
    for promise in ("image", "environment", "read_only", "tmpfs", "cap_drop", "security_opt", "depends_on", "restart"):
        assert webhooks[promise] == app[promise], promise
    assert "ports" not in webhooks


def test_the_data_are_kept_where_version_18_of_the_image_has_them() -> None:
    document = compose()
    assert document["services"]["database"]["volumes"] == ["database:/var/lib/postgresql"]
    assert "database" in document["volumes"]


def test_every_secret_comes_from_the_environment_and_none_has_a_value_here() -> None:
    assert required() >= SECRETS
    assert {name: example()[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_the_example_names_every_variable() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    assert set(example()) == {found["name"] for found in VARIABLE.finditer(text)}


@pytest.mark.parametrize("missing", sorted(SECRETS | {"ALLOWED_HOSTS"}))
def test_nothing_starts_without(missing: str) -> None:
    variables = dict.fromkeys(required(), "given") | {missing: ""}
    environments = [service["environment"] for service in compose()["services"].values()]
    everything = " ".join(value for environment in environments for value in environment.values())
    with pytest.raises(LookupError, match=missing):
        filled(everything, variables)


def test_a_filled_in_example_is_an_environment_that_production_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variables = example() | {"SECRET_KEY": STRONG_KEY, "POSTGRES_PASSWORD": "pass-word_1"}
    for name, value in compose()["services"]["app"]["environment"].items():
        monkeypatch.setenv(name, filled(value, variables))
    found = read_environment(tmp_path)
    assert (found.production, found.https, found.behind_proxy) == (True, False, False)
    assert found.database is not None
    assert (found.database["HOST"], found.database["PASSWORD"]) == ("database", "pass-word_1")
