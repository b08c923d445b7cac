"""Reading at a moment: a view whose GET takes `as_of`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from tracker.api.problem_types import InvalidParameters
from tracker.history.readers import is_staff
from tracker.history.time_travel import UnknownMomentError, as_of, revision_at


class ReadsAtMoment:
    """Mixed into a view: what it reads, it reads at the moment that `as_of` names."""

    moment: ExitStack
    travel: Callable[[], AbstractContextManager[None]] = nullcontext
    """Opens that moment once more, for what is read after the view has answered."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self.moment:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Travel to the moment that ``as_of`` names, once it is known who asks."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if "as_of" not in request.query_params:
            return
        if request.method not in SAFE_METHODS:
            raise InvalidParameters({"as_of": _("The past can only be read.")})
        moment, *more = request.query_params.getlist("as_of")
        if more:
            raise InvalidParameters({"as_of": _("Name one moment.")})
        try:
            number = revision_at(moment)
        except UnknownMomentError as error:
            raise InvalidParameters({"as_of": str(error)}) from error
        self.travel = partial(as_of, number, unrestricted=is_staff(request.user))
        self.moment.enter_context(self.travel())
