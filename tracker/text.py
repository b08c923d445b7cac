"""Text as people compare it: one folding for search and for alphabetical order, in Arabic and in Latin script.

The SQL function ``fold`` (installed by a migration of ``tracker.api``) drops what readers ignore: case, accents, Arabic
vowel marks and tatweel, the hamza on its carriers, and the difference of ta marbuta and ha, alif maqsura and ya. It
needs no extension and no ICU, so the embedded server and a production server sort alike.
"""

from __future__ import annotations

from django.db.models import Func, TextField

FOLD_SQL = r"""
CREATE FUNCTION fold(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN casefold(
    translate(
        regexp_replace(normalize($1, NFKD), U&'[\0300-\036F\0640\064B-\065F\0670]', '', 'g'),
        U&'\0649\0629\06CC\06A9',
        U&'\064A\0647\064A\0643'
    ) COLLATE pg_unicode_fast
);
"""
DROP_FOLD_SQL = "DROP FUNCTION fold(text);"


class Fold(Func):
    """A text reduced to what search and alphabetical order compare."""

    function = "fold"
    arity = 1
    output_field = TextField()
