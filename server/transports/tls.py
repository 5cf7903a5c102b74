"""TLS: which certificate, and whose clients."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.schemas.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM. With ``client_ca`` only clients with a certificate of it may connect (tokens are needed
    besides)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """For a server: TLS 1.2 or newer. ProblemError when the files do not do."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._load(context)
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def reload(self, context: ssl.SSLContext) -> None:
        """New connections get the certificate that the files hold now. ProblemError when they do not do, and the
        context is as it was: it is tried on another one first, as a certificate without its key would stay."""
        self.context()
        self._load(context)

    def _load(self, context: ssl.SSLContext) -> None:
        file = self.certificate
        try:
            # (the password is asked for at the terminal otherwise)
            context.load_cert_chain(self.certificate, self.key, password=lambda: "")
            if self.client_ca is not None:
                file = self.client_ca
                context.load_verify_locations(self.client_ca)
        except (OSError, ValueError) as error:  # (ssl.SSLError is an OSError)
            raise ProblemError(
                f"No TLS with {file}" + (f" and {self.key}." if file == self.certificate else "."),
                f"{error.strerror or error}." if isinstance(error, OSError) else f"{error}.",
                "Give a certificate chain and its key, in PEM, without a password, that this user may read.",
            ) from error
