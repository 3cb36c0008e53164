"""How every Kafka client here reaches the brokers: address, TLS and SASL, from the settings, in one place."""

import ssl
from typing import TYPE_CHECKING, Any

from monitor.errors import SetupError
from monitor.settings import Settings

if TYPE_CHECKING:
    import faust


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments of any aiokafka client: servers, protocol, credentials.

    Raises `SetupError` where the settings contradict each other or a file cannot be used.
    """
    context = tls_context(settings)
    options: dict[str, Any] = {"bootstrap_servers": settings.bootstrap_servers, "ssl_context": context}
    transport = "PLAINTEXT" if context is None else "SSL"
    if settings.kafka_sasl_mechanism is None:
        return {**options, "security_protocol": transport}
    username, password = _login(settings)
    return {
        **options,
        "security_protocol": f"SASL_{transport}",
        "sasl_mechanism": settings.kafka_sasl_mechanism.value,
        "sasl_plain_username": username,
        "sasl_plain_password": password,
    }


def faust_credentials(settings: Settings) -> "faust.SASLCredentials | faust.SSLCredentials | None":
    """The same for Faust's `broker_credentials`; `None` for a plain connection.

    Raises `SetupError` as `client_options` does.
    """
    import faust  # half a second that only a worker should spend

    context = tls_context(settings)
    if settings.kafka_sasl_mechanism is not None:
        username, password = _login(settings)
        return faust.SASLCredentials(
            username=username,
            password=password,
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism.value,
        )
    return None if context is None else faust.SSLCredentials(context=context)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context the settings ask for; `None` for a connection without TLS.

    Raises `SetupError` naming the file that cannot be used.
    """
    files = (settings.kafka_ca_file, settings.kafka_certificate_file, settings.kafka_key_file)
    if not settings.kafka_tls and not any(files):
        return None
    if (settings.kafka_certificate_file is None) != (settings.kafka_key_file is None):
        raise SetupError("mutual TLS needs both MONITOR_KAFKA_CERTIFICATE_FILE and MONITOR_KAFKA_KEY_FILE")
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_certificate_file is not None:
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(str(file) for file in files if file)
        raise SetupError(f"TLS files for Kafka ({named}) cannot be used, PEM is expected: {error}") from error
    return context


def _login(settings: Settings) -> tuple[str, str]:
    if settings.kafka_username is None or settings.kafka_password is None:
        raise SetupError(
            f"MONITOR_KAFKA_SASL_MECHANISM is {settings.kafka_sasl_mechanism}: "
            "set MONITOR_KAFKA_USERNAME and MONITOR_KAFKA_PASSWORD too"
        )
    return settings.kafka_username, settings.kafka_password.get_secret_value()
