"""The publication state in JSON."""

from __future__ import annotations

from typing import Any

from initiatives.models.publication import PublicationState
from tracker.api.fields import ListedChoiceField


class StateField(ListedChoiceField):
    """The state as readers see it. Only registry files may say it; all others change it by the actions there are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=PublicationState.choices, required=False, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        self.read_only = not self.context.get("registry", False)
