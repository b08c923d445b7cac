"""What a WSGI server serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

# Django is not set up before this, and what is kept of its answers cannot be imported before that.
django_application = get_wsgi_application()

from tracker.api.charset import WithoutCharset  # noqa: E402
from tracker.api.response_cache import KeptAnswers  # noqa: E402
from tracker.ops.statements import limit_statements  # noqa: E402

limit_statements()
application = KeptAnswers(WithoutCharset(django_application))
