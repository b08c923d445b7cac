"""Every dependency is pinned, installed as pinned, and has its reason."""

import re
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from tests.platform.services import CHECKOUT

FILES = ["requirements.txt", "requirements-dev.txt"]


def parts(name: str) -> tuple[list[Requirement], list[Requirement]]:
    """The direct and the indirect requirements of a file."""
    upper, lower = (CHECKOUT / name).read_text().split("\n\n")
    direct, indirect = (
        [Requirement(line) for line in part.splitlines() if line and line[0] not in "#-"] for part in (upper, lower)
    )
    return direct, indirect


@pytest.mark.parametrize("name", FILES)
def test_each_is_pinned_to_the_version_that_is_installed(name: str) -> None:
    direct, indirect = parts(name)
    for requirement in direct + indirect:
        assert str(requirement.specifier) == f"=={version(requirement.name)}", requirement.name


@pytest.mark.parametrize("name", FILES)
def test_each_direct_one_has_its_reason_and_no_reason_is_left_over(name: str) -> None:
    page = (CHECKOUT / "docs" / "dependencies.md").read_text()
    section = page.split("\n## ")[FILES.index(name) + 1]
    reasons = re.findall(r"^\| (\S+) \| \S", section, re.MULTILINE)
    assert sorted(reasons) == sorted({requirement.name for requirement in parts(name)[0]} | {"package"})
