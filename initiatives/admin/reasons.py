"""Why a curator changes something: a line in every form that writes, kept with the revision."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tracker.history.attribution import LONGEST_REASON

REASON = "change_reason"


class ReasonedActionForm(ActionForm):
    """The choice of an action, and why it is carried out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[REASON] = forms.CharField(
            label=_("Reason:"), required=False, max_length=LONGEST_REASON, widget=forms.TextInput(attrs={"dir": "auto"})
        )


def take_reason(request: HttpRequest, default: str = "") -> None:
    """Have what this request writes recorded with the reason that its form gives, else that of its header."""
    attribution = getattr(request, "attribution", None)
    if attribution is not None:
        given = request.POST.get(REASON, "").replace("\x00", "").strip()
        attribution.reason = given or attribution.reason or default
