"""Django's PostgreSQL engine, on the embedded server of `settings_dict["CLUSTER"]`."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import base, client

from tracker.database.cluster import PROGRAMS, cluster_in


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` by the psql that comes with the embedded server."""

    executable_name = str(PROGRAMS / "psql")

    def runshell(self, parameters: Iterable[str]) -> None:
        """Open psql on the embedded server."""
        settings = self.connection.settings_dict
        settings["HOST"] = cluster_in(settings["CLUSTER"]).acquire()
        super().runshell(list(parameters))


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the server with the first connection, so that commands without a database stay quick."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Django's parameters, with the socket of the running server."""
        return super().get_connection_params() | {"host": cluster_in(self.settings_dict["CLUSTER"]).acquire()}
