"""What a person may choose as a username."""

from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.validators import MinLengthValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

# A username that looks like an e-mail address could be taken for somebody else's.
VALIDATORS: list[Any] = [
    UnicodeUsernameValidator(),
    MinLengthValidator(3),
    RegexValidator(
        "@", _("A username has no “@”: it is shown to others, an e-mail address is not."), inverse_match=True
    ),
]
