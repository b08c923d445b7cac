"""Tokens, which programs sign in with, kept as peppered digests only; and the answers kept for requests sent twice."""

import hashlib
import hmac
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracker.peppers import peppers

ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = len("trk_") + 8
SECRET_LENGTH = 43
PURPOSE = "tracker.api.tokens"
SEEN_EVERY = timedelta(minutes=1)
# Enough for every program and every machine of one person; more are forgotten ones.
MOST_LIVING = 50
USUAL_LIFE = timedelta(days=90)
# Of a token whose owner is no member of staff: nobody may ever look after it.
LONGEST_LIFE = timedelta(days=366)
ANSWERS_LIVE = timedelta(hours=24)

valid_scope = RegexValidator(
    r"\A(\*|(\*|[a-z][a-z0-9-]*):(read|write))\Z",
    _("A scope is *, or a collection or * followed by :read or :write, as in initiatives:write."),
)


class TooManyTokensError(ValidationError):
    """The user has as many living tokens as one may have."""


class TokenQuerySet(models.QuerySet["Token"]):
    """Tokens in bulk."""

    def usable(self) -> Self:
        """Tokens that open the door now, as far as the token itself can say."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)

    def revoke(self) -> int:
        """End these tokens now; those that were revoked before keep their moment."""
        return self.filter(revoked_at=None).update(revoked_at=Now())


class Token(models.Model):
    """A key that lets a program act as a user, within its scopes, until it expires or is revoked."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What the token is for."))
    prefix = models.CharField(_("prefix"), max_length=PREFIX_LENGTH, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=100, validators=[valid_scope]),
        verbose_name=_("scopes"),
        default=list,
        help_text=_("What it reaches: * for everything, or a list such as initiatives:read, engagements:write."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, help_text=_("Empty: never."))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="token_digest_is_sha256"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="token_has_a_scope"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="token_expires_after_creation"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls, *, user: Any, name: str, scopes: Sequence[str] = ("*",), expires_at: datetime | None = None
    ) -> tuple["Token", str]:
        """A new token and its plaintext, which is nowhere kept and cannot be shown again.

        Raises ValidationError; TooManyTokensError where the user has as many as one may have.
        """
        token = cls(user=user, name=name, scopes=list(scopes), expires_at=expires_at)
        plaintext = token.mint()
        token.full_clean()
        with transaction.atomic():
            cls.refuse_one_too_many(user)
            token.save()
        return token, plaintext

    @classmethod
    def issue_for_oneself(
        cls, *, user: Any, name: str, scopes: Sequence[str], expires_at: datetime | None, by: "Token | None" = None
    ) -> tuple["Token", str]:
        """A token that a user makes, or a token of theirs: never beyond what it reaches itself, nor for longer.

        Raises ValidationError, by field.
        """
        if by is not None:
            by.refuse_to_exceed(scopes, expires_at)
        cls.refuse_long_life(user, expires_at)
        return cls.issue(user=user, name=name, scopes=scopes, expires_at=expires_at)

    @classmethod
    def usual_end(cls, by: "Token | None" = None) -> datetime:
        """When a token expires of which nobody has said when, made now by its owner or by a token."""
        usual = timezone.now() + USUAL_LIFE
        return min(usual, by.expires_at) if by is not None and by.expires_at is not None else usual

    @classmethod
    def refuse_one_too_many(cls, user: Any) -> None:
        """Raise TooManyTokensError unless the user may have one more; within a transaction, which others wait for."""
        get_user_model()._default_manager.select_for_update(no_key=True).filter(pk=user.pk).first()
        if cls.objects.filter(user=user).usable().count() >= MOST_LIVING:
            message = _("There are %(most)d living tokens, which is as many as one may have: revoke one first.")
            raise TooManyTokensError(message, "too_many_tokens", {"most": MOST_LIVING})

    @classmethod
    def refuse_long_life(cls, user: Any, expires_at: datetime | None) -> None:
        """Raise ValidationError where a token would outlive what its owner may have."""
        if user.is_staff:
            return
        if expires_at is None or expires_at > timezone.now() + LONGEST_LIFE:
            message = _("Choose a time within %(days)d days; tokens without an end are for members of staff.")
            raise ValidationError({"expires_at": ValidationError(message, "too_long", {"days": LONGEST_LIFE.days})})

    def refuse_to_exceed(self, scopes: Sequence[str], expires_at: datetime | None) -> None:
        """Raise ValidationError where another token would reach further than this one, or live longer."""
        beyond = [scope for scope in scopes if not self.covers(scope)]
        if beyond:
            message = _("This token cannot give what it does not have: %(scopes)s.")
            raise ValidationError(
                {"scopes": ValidationError(message, "beyond_own_scopes", {"scopes": ", ".join(beyond)})}
            )
        if self.expires_at is not None and (expires_at is None or expires_at > self.expires_at):
            message = _("A token that is made by another expires no later than that one.")
            raise ValidationError({"expires_at": ValidationError(message, "beyond_own_end")})

    def mint(self) -> str:
        """Give an unsaved token its secret, and return the plaintext."""
        self.prefix = "trk_" + _random(8)
        plaintext = f"{self.prefix}_{_random(SECRET_LENGTH)}"
        self.digest = _digest(plaintext, next(peppers(PURPOSE)))
        return plaintext

    @classmethod
    def matching(cls, plaintext: str) -> "Token | None":
        """The token that a plaintext belongs to, in whatever state; takes as long when there is none."""
        token = cls.objects.select_related("user").filter(prefix=plaintext[:PREFIX_LENGTH]).first()
        kept = token.digest if token else ""
        # No short circuit: every pepper is tried, whichever fits.
        fits = [hmac.compare_digest(_digest(plaintext, pepper), kept) for pepper in peppers(PURPOSE)]
        return token if any(fits) else None

    @classmethod
    def verify(cls, plaintext: str) -> "Token | None":
        """The token that a plaintext belongs to, if it opens the door now."""
        token = cls.matching(plaintext)
        return token if token and not token.refusal() else None

    def refusal(self) -> str | None:
        """Why the token does not open the door, as a problem's code; None when it does."""
        if self.revoked_at is not None:
            return "token_revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "token_expired"
        return None if self.user.is_active else "user_inactive"

    def allows(self, collection: str, access: str) -> bool:
        """Whether the scopes reach a collection for "read" or "write"; who may write may read."""
        enough = ("read", "write") if access == "read" else ("write",)
        reach = {"*"} | {f"{name}:{verb}" for name in ("*", collection) for verb in enough if name}
        return not reach.isdisjoint(self.scopes)

    def covers(self, scope: str) -> bool:
        """Whether all that a scope allows, this token may do."""
        name, _separator, verb = scope.partition(":")
        if name != "*":
            return self.allows(name, verb)
        enough = {"*", "*:write", "*:read"} if verb == "read" else {"*", "*:write"}
        return not enough.isdisjoint(self.scopes)

    def seen(self) -> None:
        """Note that the token was used, at most once a minute so that reads stay reads."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - SEEN_EVERY:
            unseen = Q(last_used_at=None) | Q(last_used_at__lte=now - SEEN_EVERY)
            type(self).objects.filter(unseen, pk=self.pk).update(last_used_at=now)
            self.last_used_at = now

    def revoke(self) -> None:
        """End the token now."""
        type(self).objects.filter(pk=self.pk).revoke()
        self.refresh_from_db(fields=["revoked_at"])


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    """Answers that are kept for a while."""

    def living(self) -> Self:
        """Those that a retry still gets."""
        return self.filter(created_at__gt=timezone.now() - ANSWERS_LIVE)

    def expired(self) -> Self:
        """Those that nobody gets any more."""
        return self.filter(created_at__lte=timezone.now() - ANSWERS_LIVE)

    @transaction.atomic
    def sweep(self, most: int) -> int:
        """Delete at most so many that have expired, without waiting for others who sweep."""
        found = self.expired().order_by("created_at").select_for_update(skip_locked=True)
        return self.filter(pk__in=list(found.values_list("pk", flat=True)[:most])).delete()[0]


class IdempotencyKey(models.Model):
    """The answer that the first request under a key of a user's was given; the key itself is kept as a digest."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    # As text: a JSON column would reorder its members. Null where the answer held a secret.
    body = models.TextField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("user", "digest"), name="idempotency_key_once_per_user"),)

    def __str__(self) -> str:
        return f"{self.digest[:8]}… ({self.status})"


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _index in range(length))


def _digest(plaintext: str, pepper: bytes) -> str:
    return hmac.new(pepper, plaintext.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
