"""The OpenAPI 3.1 document: each operation with all that it takes and all that it may answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from copy import copy
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from rest_framework import serializers

from tracker.api import collections
from tracker.api.exports import EXPORTS
from tracker.api.fields import LanguageMapField
from tracker.api.schema_examples import operation_examples
from tracker.api.schema_fields import SLUG, Schema, component
from tracker.api.schema_parameters import dry_run, parameter, selection
from tracker.api.schema_problems import is_private, refusals
from tracker.api.schema_writes import complete
from tracker.api.viewsets import RecordViewSet

JSON = "application/json"

SUMMARIES: dict[str, Promise] = {
    "list": gettext_lazy("List: %(plural)s"),
    "create": gettext_lazy("Create: %(name)s"),
    "retrieve": gettext_lazy("Read: %(name)s"),
    "update": gettext_lazy("Replace: %(name)s"),
    "partial_update": gettext_lazy("Change: %(name)s"),
    "destroy": gettext_lazy("Delete: %(name)s"),
    "partial_update_many": gettext_lazy("Change several: %(plural)s"),
    "destroy_many": gettext_lazy("Delete several: %(plural)s"),
}
DESCRIPTIONS: dict[str, Promise] = {
    "list": gettext_lazy("Filters narrow the list, all of them together. A parameter that does not exist is refused."),
    "create": gettext_lazy("Without a slug the record gets one of its name. Parts are written with it, or nothing is."),
    "retrieve": gettext_lazy("The address of a duplicate that was merged leads to the record that it was merged into."),
    "update": gettext_lazy(
        "What the body does not name goes back to its default; the slug stays. Lists of parts are replaced as wholes; "
        "parts that are named by their id stay the same parts."
    ),
    "partial_update": gettext_lazy(
        "Only what the body names is written. A list of parts that is named is replaced as a whole."
    ),
    "destroy": gettext_lazy("Refused while other records refer to this one; the refusal names them."),
    "partial_update_many": gettext_lazy("All items are written, in one revision, or none."),
    "destroy_many": gettext_lazy("All items are deleted, in one revision, or none."),
}


class RecordAutoSchema(AutoSchema):
    """Describes an operation of a collection, and any other view of the API as far as the contract is common."""

    view: Any

    @property
    def of_records(self) -> bool:
        return isinstance(self.view, RecordViewSet)

    @property
    def is_standard(self) -> bool:
        """Whether it is one of the operations that every collection has."""
        return self.of_records and self.view.action in SUMMARIES

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        operation: Schema | None = super().get_operation(*args, **kwargs)
        return complete(operation, self.view.action, self.method) if operation and self.of_records else operation

    # Names and texts -------------------------------------------------------------------------------------------------

    def get_operation_id(self) -> str:
        """`organizations_list`, `smart_services_partial_update`, `indicators_total`."""
        if self.of_records:
            return f"{self.view.basename}_{self.view.action}".replace("-", "_").rstrip("_")
        words = [word for word in re.split(r"[/{}-]+", self.path.removeprefix("/api/")) if word]
        return "_".join([*words, "read" if self.method == "GET" else self.method.lower()])

    def get_tags(self) -> list[str]:
        return [self.view.basename] if self.of_records else ["api"]

    def get_summary(self) -> str | None:
        if not self.is_standard:
            return None
        meta = self.view.queryset.model._meta
        return str(SUMMARIES[self.view.action]) % {"plural": meta.verbose_name_plural, "name": meta.verbose_name}

    def get_description(self) -> str:  # type: ignore[override]  # as AutoSchema has it
        if self.is_standard:
            return str(DESCRIPTIONS[self.view.action])
        return str(super().get_description())

    def _get_serializer_name(self, serializer: Any, direction: str, bypass_extensions: bool = False) -> str:
        """`Organization` is what one reads, `OrganizationWrite` and `OrganizationPatch` what one sends."""
        read = copy(serializer)
        read.partial = False
        name: str = super()._get_serializer_name(read, direction, bypass_extensions).removesuffix("Request")
        if direction == "response":
            return name
        return f"{name}{'Patch' if self.method == 'PATCH' else 'Write'}"

    def get_auth(self) -> list[Schema]:
        """Everybody reads, unless the view is private; who writes must sign in."""
        found: list[Schema] = super().get_auth()
        return [*found, {}] if self.method == "GET" and {} not in found and not is_private(self.view) else found

    # Parameters ------------------------------------------------------------------------------------------------------

    def _get_filter_parameters(self) -> list[Schema]:
        found: list[Schema] = super()._get_filter_parameters()
        if not self.of_records:
            return found
        if self.view.action in ("list", "retrieve"):
            return [*found, *selection(self.view)]
        return found if self.method == "GET" else [*found, dry_run()]

    def _get_format_parameters(self) -> list[Schema]:
        formats = self.map_renderers("format")
        return [parameter("format", {"type": "string", "enum": formats}, _("The form of the answer."))]

    def _resolve_path_parameters(self, variables: list[str]) -> list[Schema]:
        if not self.of_records:
            found: list[Schema] = super()._resolve_path_parameters(variables)
            return found
        meta = self.view.queryset.model._meta
        described = _("The slug of the record (%(name)s).") % {"name": meta.verbose_name}
        return [
            {"name": name, "in": "path", "required": True, "schema": dict(SLUG), "description": described}
            for name in variables
        ]

    # Bodies ----------------------------------------------------------------------------------------------------------

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        body: Schema | None = super()._get_request_body(direction)
        return {**body, "required": True} if body else None

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)
        properties = schema.get("properties", {})
        schema["description"] = self._description_of(serializer)
        if direction == "response":
            # Unknown is null and never left out.
            schema["required"] = list(properties)
            return schema
        schema["additionalProperties"] = False
        schema.pop("required", None)
        required = [name for name, field in serializer.fields.items() if field.required and not field.read_only]
        if self.method != "PATCH":
            return {**schema, "required": required}
        if serializer.parent is not None:
            # A part that is there already is named; a new one has all that it needs.
            keys = [["id"], ["slug"]] if "slug" in properties else [["id"]]
            schema["anyOf"] = [{"required": names} for names in (*keys, required)]
        return schema

    def _description_of(self, serializer: Any) -> str:
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        viewset = collections.viewset_of(model) if collections.has_collection(model) else None
        about = getattr(viewset, "about", None)
        return str(about or (capfirst(model._meta.verbose_name) if model is not None else get_doc(type(serializer))))

    def _get_serializer_field_meta(self, field: Any, direction: str) -> Schema:
        meta: Schema = super()._get_serializer_field_meta(field, direction)
        if direction == "response" and isinstance(field, LanguageMapField):
            # Written as null, it is read as a map of nulls.
            meta.pop("nullable", None)
        return meta

    def _insert_field_validators(self, field: Any, schema: Schema) -> None:
        super()._insert_field_validators(field, schema)
        # Where the empty text is taken, it is as good as null, which is what a reader gets.
        if "oneOf" in schema and getattr(field, "allow_blank", False) and isinstance(field, serializers.CharField):
            schema.update(schema.pop("oneOf")[0])

    def _postprocess_serializer_schema(self, schema: Schema, serializer: Any, direction: str) -> Schema:
        found: Schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        for each in found.get("properties", {}).values():
            # Components for reading and for writing are apart; each has what it has.
            each.pop("readOnly", None)
        return found

    # Answers ---------------------------------------------------------------------------------------------------------

    def _get_response_bodies(self, direction: Any = "response") -> Schema:
        responses: Schema = super()._get_response_bodies(direction)
        action = getattr(self.view, "action", None) if self.of_records else None
        if action == "create":
            dry = {**responses["201"], "description": _("What the record would be, after a dry run.")}
            responses = {"200": dry, "201": {**responses["201"], "headers": _location(_("The new record."))}}
            responses["201"]["description"] = _("The new record.")
        elif action == "list":
            whole = {each.media_type: {"schema": {"type": "string"}} for each in EXPORTS}
            responses["200"]["content"] = {**responses["200"]["content"], **whole}
        elif action == "retrieve":
            responses["200"] = self._thinnable(responses["200"])
            responses["308"] = _moved(self)
        for response in responses.values():
            response["description"] = response.get("description") or _("Done.")
        return {**responses, **refusals(self, of_one="{" in self.path)}

    def _thinnable(self, response: Schema) -> Schema:
        content = response["content"][JSON]
        return {**response, "content": {JSON: {**content, "schema": self._or_selection(content["schema"])}}}

    def _or_selection(self, whole: Schema) -> Schema:
        """A whole record, or the members of it that `fields` and `omit` leave."""
        name = whole["$ref"].rpartition("/")[2]
        chosen = {
            "type": "object",
            "description": _("The members of the record that “fields” or “omit” leave."),
            "propertyNames": {"enum": list(self.view.serializer_class().fields)},
        }
        return {"anyOf": [whole, component(self, f"{name}Selection", chosen)]}

    def _get_paginator(self) -> Any:
        paginator = super()._get_paginator()
        return _Thinnable(paginator, self) if paginator is not None and self.of_records else paginator

    def _get_examples(
        self, serializer: Any, direction: str, media_type: str, status_code: str | None = None, extras: Any = None
    ) -> Schema:
        given: Schema = super()._get_examples(serializer, direction, media_type, status_code, extras)
        if given or media_type != JSON or not self.is_standard:
            return given
        examples = operation_examples(self.view, direction)
        kind = {"list": "list", "partial_update": "patch"}.get(self.view.action, "write")
        suffix = kind if direction == "request" or kind == "list" else "read"
        return {
            slug: component(self, f"{self.view.basename}.{slug}.{suffix}", example, ResolvedComponent.EXAMPLE)
            for slug, example in examples.items()
        }


class _Thinnable:
    """A paginator whose pages hold whole records or selections of their members."""

    def __init__(self, paginator: Any, auto_schema: RecordAutoSchema) -> None:
        self.paginator = paginator
        self.auto_schema = auto_schema

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        found: list[Schema] = self.paginator.get_schema_operation_parameters(view)
        return found

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        items = {**schema, "items": self.auto_schema._or_selection(schema["items"])}
        found: Schema = self.paginator.get_paginated_response_schema(items)
        return found


def _location(description: str) -> Schema:
    return {
        "Location": {"description": description, "required": True, "schema": {"type": "string", "format": "uri"}},
    }


def _moved(auto_schema: AutoSchema) -> Schema:
    address = {"type": "string", "format": "uri"}
    body = {"type": "object", "properties": {"replaced_by": address}, "required": ["replaced_by"]}
    described = _("A duplicate, which was merged into another record.")
    response = {
        "description": described,
        "headers": _location(_("The record that it was merged into.")),
        "content": {JSON: {"schema": component(auto_schema, "Merged", body)}},
    }
    name = HTTPStatus.PERMANENT_REDIRECT.name.title().replace("_", "")
    return component(auto_schema, name, response, ResolvedComponent.RESPONSE)


def describe_collections(result: Schema, **_kwargs: Any) -> Schema:
    """A post-processing hook: every collection as a tag, in the order of the API's root."""
    general = {"name": "api", "x-displayName": _("The API itself"), "description": _("Where everything is found.")}
    return {**result, "tags": [*map(_tag, collections.viewsets()), general]}


def _tag(viewset: type[RecordViewSet]) -> Schema:
    model: Any = collections.model_of(viewset)
    named = capfirst(str(model._meta.verbose_name_plural))
    return {"name": model.collection, "x-displayName": named, "description": str(viewset.about)}


def share_parameters(result: Schema, **_kwargs: Any) -> Schema:
    """A post-processing hook: a parameter that is the same in many operations becomes a component."""
    lists = [
        operation["parameters"]
        for item in result["paths"].values()
        for operation in item.values()
        if "parameters" in operation
    ]
    uses = Counter(json.dumps(each, default=str) for parameters in lists for each in parameters)
    shared: dict[str, Schema] = {}
    named: dict[str, str] = {}
    for text, count in uses.most_common():
        each = json.loads(text)
        name = each["name"] if each["in"] == "query" else f"{each['name']}_of_record"
        if count > 1 and name not in shared:
            shared[name], named[text] = each, name
    for parameters in lists:
        for index, each in enumerate(parameters):
            name = named.get(json.dumps(each, default=str), "")
            if name:
                parameters[index] = {"$ref": f"#/components/parameters/{name}"}
    components = {**result["components"], "parameters": dict(sorted(shared.items()))}
    return {**result, "components": dict(sorted(components.items()))}
