"""TLS and SASL settings become the options of every client, or a clear error at start."""

from pathlib import Path

import faust
import pytest

from monitor.errors import SetupError
from monitor.kafka import client_options, faust_credentials
from monitor.settings import load_settings


def test_a_plain_connection_needs_nothing() -> None:
    settings = load_settings(kafka_url="kafka://a:1,b:2")

    assert client_options(settings) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "ssl_context": None,
        "security_protocol": "PLAINTEXT",
    }
    assert faust_credentials(settings) is None


@pytest.mark.parametrize(("tls", "protocol"), [(False, "SASL_PLAINTEXT"), (True, "SASL_SSL")])
def test_a_login_reaches_both_kinds_of_client(tls: bool, protocol: str) -> None:
    settings = load_settings(
        kafka_tls=tls, kafka_sasl_mechanism="SCRAM-SHA-512", kafka_username="brand", kafka_password="hush-47"
    )

    options = client_options(settings)
    credentials = faust_credentials(settings)

    assert options["security_protocol"] == protocol
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("brand", "hush-47")
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert isinstance(credentials, faust.SASLCredentials)
    assert credentials.protocol.value == protocol
    assert credentials.mechanism.value == "SCRAM-SHA-512"
    assert "hush-47" not in repr(settings)


def test_tls_alone_checks_the_broker_against_the_systems_authorities() -> None:
    options = client_options(load_settings(kafka_tls=True))

    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].check_hostname
    assert isinstance(faust_credentials(load_settings(kafka_tls=True)), faust.SSLCredentials)


def test_half_a_configuration_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MONITOR_KAFKA_USERNAME"):
        client_options(load_settings(kafka_sasl_mechanism="PLAIN", kafka_username="brand"))
    with pytest.raises(SetupError, match="MONITOR_KAFKA_KEY_FILE"):
        client_options(load_settings(kafka_certificate_file=tmp_path / "client.pem"))
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    with pytest.raises(SetupError, match=r"ca\.pem"):
        client_options(load_settings(kafka_ca_file=broken))
