"""A passkey in software: what a browser and an authenticator do between them (Web Authentication, level 2)."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

FLAG = AuthenticatorData.FLAG


class Passkey:
    """One key pair for one service."""

    def __init__(self, host: str = "testserver") -> None:
        self.host = host
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.uses = 0

    def created(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.create`."""
        data = AttestedCredentialData.create(bytes(16), self.id, ES256.from_cryptography_key(self.key.public_key()))
        about = self._about(FLAG.UP | FLAG.UV | FLAG.AT, data)
        attestation = AttestationObject.create("none", about, {})
        said = self._said("webauthn.create", options)
        answer = {"clientDataJSON": websafe_encode(said), "attestationObject": websafe_encode(attestation)}
        return self._answer(answer, {"credProps": {"rk": True}})

    def used(self, options: dict[str, Any], handle: bytes = b"") -> str:
        """The answer to `navigator.credentials.get`."""
        about = self._about(FLAG.UP | FLAG.UV)
        said = self._said("webauthn.get", options)
        signature = self.key.sign(about + sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        answer = {"clientDataJSON": said, "authenticatorData": about, "signature": signature, "userHandle": handle}
        return self._answer({name: websafe_encode(value) for name, value in answer.items()}, {})

    def _about(self, flags: Any, data: bytes = b"") -> AuthenticatorData:
        self.uses += 1
        host = sha256(self.host.encode()).digest()
        made: AuthenticatorData = AuthenticatorData.create(host, flags, self.uses, data)
        return made

    def _said(self, kind: str, options: dict[str, Any]) -> bytes:
        challenge = options["publicKey"]["challenge"]
        return json.dumps({"type": kind, "challenge": challenge, "origin": f"https://{self.host}"}).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        named = websafe_encode(self.id)
        whole = {"id": named, "rawId": named, "type": "public-key", "response": response}
        return json.dumps({**whole, "clientExtensionResults": extensions})
