"""The types of records in generic references, as SQL: a query that names one can be put together without a database."""

from __future__ import annotations

from django.db import models
from django.db.models import Func


class TypeId(Func):
    """The id of a model's content type, looked up by the database once for each statement."""

    template = (
        "(SELECT content_type.id FROM public.django_content_type content_type "
        "WHERE content_type.app_label = '%(app)s' AND content_type.model = '%(name)s')"
    )
    arity = 0

    def __init__(self, model: type[models.Model]) -> None:
        meta = model._meta
        super().__init__(app=meta.app_label, name=meta.model_name, output_field=models.IntegerField())
