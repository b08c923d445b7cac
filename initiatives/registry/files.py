"""Reading and writing registry files: a folder holds one YAML list per collection (docs/registry.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

CURATED = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: the file, the record in it, and the field in that."""

    file: str
    record: str
    field: str
    message: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.record, self.field) if part)
        return f"{where}: {self.message}"


class BrokenRegistryError(Exception):
    """Everything that is wrong with the files; nothing of them was loaded."""

    def __init__(self, errors: list[Fault]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


@dataclass
class Entry:
    """One record in a file."""

    file: str
    collection: str
    data: dict[str, Any]

    @property
    def slug(self) -> str:
        return str(self.data["slug"])


class PlainLoader(yaml.SafeLoader):
    """YAML without surprises: dates stay text, only true and false are booleans, no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if key.value in seen:
                problem = _("the key “%(key)s” stands twice") % {"key": key.value}
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_DROPPED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:merge"}
PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class PlainDumper(yaml.SafeDumper):
    """YAML as the curated files are written: lists indented under their key, no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def folders_of(path: Path) -> list[Path]:
    """The data sets at a path: the folder itself, or the folders in it, in the order of their names."""
    if not path.is_dir():
        raise BrokenRegistryError([Fault(str(path), "", "", _("There is no such folder."))])
    if any(path.glob("*.yaml")):
        return [path]
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and any(folder.glob("*.yaml")))
    if not folders:
        raise BrokenRegistryError([Fault(str(path), "", "", _("There are no .yaml files in this folder."))])
    return folders


def read(path: Path, collections: Iterable[str]) -> list[Entry]:
    """Every record in the files at ``path``; raises BrokenRegistryError with all that is wrong with their form."""
    known = {name.replace("-", "_"): name for name in collections}
    entries: list[Entry] = []
    errors: list[Fault] = []
    for folder in folders_of(path):
        for file in sorted(folder.glob("*.yaml")):
            name = f"{folder.name}/{file.name}"
            if file.stem not in known:
                message = _("There is no such collection. There are: %(names)s.") % {"names": ", ".join(sorted(known))}
                errors.append(Fault(name, "", "", message))
                continue
            try:
                entries += _entries(name, known[file.stem], file)
            except BrokenRegistryError as broken:
                errors += broken.errors
    errors += _declared_twice(entries)
    if errors:
        raise BrokenRegistryError(errors)
    return entries


def _entries(name: str, collection: str, file: Path) -> list[Entry]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), PlainLoader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BrokenRegistryError([Fault(name, "", "", str(error))]) from error
    if content is None:
        return []
    if not isinstance(content, list):
        raise BrokenRegistryError([Fault(name, "", "", _("Expected a list of records."))])
    errors = []
    for number, data in enumerate(content, start=1):
        if not isinstance(data, Mapping) or not isinstance(data.get("slug"), str):
            message = _("Expected a mapping with a slug.")
            errors.append(Fault(name, _("record %(number)d") % {"number": number}, "slug", message))
    if errors:
        raise BrokenRegistryError(errors)
    return [Entry(name, collection, data) for data in content]


def _declared_twice(entries: list[Entry]) -> list[Fault]:
    first: dict[tuple[str, str], Entry] = {}
    errors = []
    for entry in entries:
        earlier = first.setdefault((entry.collection, entry.slug), entry)
        if earlier is not entry:
            message = _("This record already stands in %(file)s.") % {"file": earlier.file}
            errors.append(Fault(entry.file, entry.slug, "slug", message))
    return errors


def write(path: Path, records: Mapping[str, list[dict[str, Any]]]) -> None:
    """One file per collection that has records; files of collections that have none are removed."""
    path.mkdir(parents=True, exist_ok=True)
    for collection, rows in records.items():
        file = path / f"{collection.replace('-', '_')}.yaml"
        if rows:
            text = yaml.dump(rows, Dumper=PlainDumper, allow_unicode=True, sort_keys=False, width=120)
            file.write_text(text, encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
