"""A webhook never reaches the inside of the network: not by an address, however written, nor by a name, nor later."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initiatives.models import Webhook
from tests.api.client import ApiClient
from tests.factories import make_person
from tests.webhooks.receiver import Handler, Receiver, serving
from tracker.webhooks import posting
from tracker.webhooks.targets import is_allowed

pytestmark = pytest.mark.django_db(transaction=True)

Deliver = Callable[[], None]
Subscribe = Callable[..., Webhook]

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
    "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::",
    "2001::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "193.0.6.139", "2606:4700:4700::1111", "2001:4860:4860::8888"]

ENCODED = [
    "2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.01", "0x7f.0x0.0x0.0x1",
    "8.8.8.8.8", "256.256.256.256", "1.2.3", "0x", "foo.0x7f", "foo.1", "8.8.8.8..", "１２７.0.0.1", "127。0。0。1",
    "[::1%25eth0]", "[::1", "[8.8.8.8]", "[2606:4700::1111]evil", "", "-a.example", "a..example", "exa mple",
    "a\\@example.org", "example.org:0", "example.org:65536", "example.org:x", "%31%32%37.0.0.1",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _as_in_production(settings: Any, _this_machine_may_receive: None) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = False


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Play the name server of an attacker: each look-up gets the next answer, the last one for ever."""
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def answer(*answers: list[str]) -> list[str]:
        left = list(answers)

        def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
            if not str(host).endswith(".test"):
                return genuine(host, port, *args, **kwargs)
            asked.append(host)
            addresses = left.pop(0) if len(left) > 1 else left[0]
            return [entry for each in addresses for entry in genuine(each, port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return answer


def refusal(client: ApiClient, link: str) -> dict[str, Any]:
    response = client.send("POST", "webhooks/", {"name": "Test", "link": link})
    assert response.status_code == 400, (link, response.content)
    (error,) = response.json()["errors"]
    assert error["pointer"] == "#/link"
    assert not Webhook.objects.exists()
    return dict(error)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_the_inside_is_refused(curator: ApiClient, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert refusal(curator, f"https://{host}/")["code"] == "address_refused"


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_taken(curator: ApiClient, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    link = f"https://{host}:8443/hook?x=1"
    assert curator.send("POST", "webhooks/", {"name": "Test", "link": link}).status_code == 201


@pytest.mark.parametrize("host", ENCODED)
def test_a_host_that_is_written_in_another_way_is_refused(curator: ApiClient, host: str) -> None:
    assert refusal(curator, f"https://{host}/")["code"] in ("invalid_address", "userinfo_refused", "address_refused")


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://8.8.8.8/", "scheme_refused"),
        ("ftp://8.8.8.8/", "scheme_refused"),
        ("file:///etc/passwd", "scheme_refused"),
        ("gopher://8.8.8.8/", "scheme_refused"),
        ("//8.8.8.8/", "scheme_refused"),
        ("8.8.8.8", "scheme_refused"),
        ("https://user@8.8.8.8/", "userinfo_refused"),
        ("https://user:word@8.8.8.8/", "userinfo_refused"),
        ("https://8.8.8.8#@127.0.0.1/", "fragment_refused"),
        ("https://8.8.8.8/#part", "fragment_refused"),
        ("https://8.8.8.8/a b", "invalid_address"),
        ("https://8.8.8.8/a\r\nHost: inside", "invalid_address"),
        ("https://8.8.8.8/é", "invalid_address"),
        ("https://مثال.example/", "invalid_address"),
        ("https://8.8.8.8/" + "a" * 500, "max_length"),
        ("https://nowhere.invalid/", "unknown_host"),
        ("https:///path", "invalid_address"),
        ("https://[::1]:443:443/", "invalid_address"),
        ("https://localhost/", "address_refused"),
        ("https://LOCALHOST./", "address_refused"),
    ],
)
def test_an_address_that_is_none_for_us_is_refused_with_its_reason(curator: ApiClient, link: str, code: str) -> None:
    assert refusal(curator, link)["code"] == code


def test_a_name_is_refused_if_any_of_its_addresses_is_inside(
    curator: ApiClient, resolving: Callable[..., list[str]]
) -> None:
    resolving(["8.8.8.8", "10.0.0.1"])
    assert refusal(curator, "https://mixed.test/")["code"] == "address_refused"


def test_a_change_of_the_target_is_checked_as_well(curator: ApiClient) -> None:
    curator.send("POST", "webhooks/", {"name": "Test", "link": "https://8.8.8.8/"})
    webhook = Webhook.objects.get()
    response = curator.send("PATCH", f"webhooks/{webhook.pk}/", {"link": "https://10.0.0.1/"})
    assert response.status_code == 400
    webhook.refresh_from_db()
    assert webhook.link == "https://8.8.8.8/"


def test_a_name_that_leads_inside_later_is_not_followed_there(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, resolving: Callable[..., list[str]]
) -> None:
    resolving(["127.0.0.1"])
    webhook = subscribe(receiver, link=f"https://rebinding.test:{receiver.server_port}/")
    make_person()
    deliver()
    entry = webhook.deliveries.get()
    assert entry.status is None
    assert entry.error == "“rebinding.test” leads to 127.0.0.1, which is not a public address."
    assert receiver.messages == []


def test_a_row_that_was_written_past_every_check_is_refused_when_it_is_sent(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    make_person()
    deliver()
    assert webhook.deliveries.get().error == "The address begins with https://."
    assert receiver.messages == []


def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_is_a_moment_later(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, resolving: Callable[..., list[str]], settings: Any
) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    with serving() as trap:
        # Asked a second time, the attacker's name server would name another place; nobody asks it.
        asked = resolving(["127.0.0.1"], ["127.0.0.2"])
        subscribe(receiver, link=f"http://rebinding.test:{receiver.server_port}/")
        make_person()
        deliver()
        assert asked == ["rebinding.test"]
        assert trap.messages == []
    assert receiver.messages[0].headers["host"] == f"rebinding.test:{receiver.server_port}"


def test_a_redirect_to_the_inside_is_not_followed(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, settings: Any
) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    with serving() as inside:
        receiver.way = lambda handler: handler.answer(307, Location=inside.link)
        webhook = subscribe(receiver)
        make_person()
        deliver()
        assert inside.messages == []
    assert "redirects are not followed" in webhook.deliveries.get().error


def test_a_setting_opens_the_inside_for_development(settings: Any) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    assert is_allowed("10.0.0.1")
    assert is_allowed("::1")
    assert not is_allowed("0.0.0.0")
    assert not is_allowed("224.0.0.1")


# Certificates --------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for receiver.test, with its key, that nobody trusts yet."""
    program = shutil.which("openssl")
    assert program, "openssl is needed"
    path = tmp_path / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=receiver.test -addext subjectAltName=DNS:receiver.test"
    subprocess.run(
        [program, *words.split(), "-keyout", tmp_path / "key.pem", "-out", path], check=True, capture_output=True
    )
    return path


@pytest.fixture
def encrypted(receiver: Receiver, certificate: Path) -> Receiver:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    return receiver


@pytest.mark.parametrize(
    ("host", "is_trusted", "status", "error"),
    [
        ("receiver.test", True, 204, ""),
        ("receiver.test", False, None, "self-signed certificate"),
        ("other.test", True, None, "other.test"),
    ],
)
def test_the_certificate_must_be_trusted_and_of_the_host_in_the_address(
    encrypted: Receiver, certificate: Path, subscribe: Subscribe, deliver: Deliver, settings: Any,
    resolving: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, host: str, is_trusted: bool,
    status: int | None, error: str,
) -> None:  # fmt: skip
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    resolving(["127.0.0.1"])
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    posting._certificates.cache_clear()
    webhook = subscribe(encrypted, link=f"https://{host}:{encrypted.server_port}/")
    make_person()
    deliver()
    posting._certificates.cache_clear()
    entry = webhook.deliveries.get()
    assert entry.status == status, entry.error
    assert error in entry.error
    assert len(encrypted.messages) == (1 if status else 0)


def test_a_handshake_that_never_ends_is_cut(
    subscribe: Subscribe, deliver: Deliver, receiver: Receiver, settings: Any
) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    settings.TRACKER_WEBHOOK_TIMEOUT = 1
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = subscribe(receiver, link=f"https://127.0.0.1:{silent.getsockname()[1]}/")
        make_person()
        deliver()
        done.set()
    assert webhook.deliveries.get().error == "There was no whole answer within 1 seconds."


def test_a_request_cannot_be_smuggled_in_a_path(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, settings: Any
) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    webhook = subscribe(receiver, link=receiver.link + "\r\nX-Injected: 1")
    make_person()
    deliver()
    assert receiver.messages == []
    assert "ASCII" in webhook.deliveries.get().error
    assert Handler.server_version
