"""Every setting of the service, with unit, default and reason; read once at the edge and passed in.

Sources, later ones win: defaults, `.env`, the system that `brand-monitor up` runs in this folder, environment
variables `MONITOR_*`. One flat list: easy to grep in a deployment. An unknown `MONITOR_*` variable is
reported by `brand-monitor doctor`.
"""

import re
from enum import StrEnum
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from monitor.errors import SetupError

_PACKAGE = Path(str(resources.files("monitor")))

_SERVER: Final = r"(\[[0-9a-fA-F:.]+\]|[^\s/:,;\[\]]+)(:\d{1,5})?"
_KAFKA_URL: Final = re.compile(rf"(kafka://)?{_SERVER}([,;]{_SERVER})*")


def packaged(folder: str) -> Path:
    """`onnx_models` or `migrations`: from the checkout beside this package, or from inside the wheel."""
    checkout = _PACKAGE.parent / folder
    return checkout if checkout.is_dir() else _PACKAGE / "_data" / folder


class Device(StrEnum):
    """Where models run. `auto` takes CUDA where it works; `cuda` fails at start where it does not."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Agents(StrEnum):
    """Which streams a worker consumes."""

    TEXTS = "texts"
    IMAGES = "images"
    ALL = "all"


class SaslMechanism(StrEnum):
    """How a Kafka client proves who it is, in Kafka's own words."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Authors(StrEnum):
    """How authors are stored: by the names that they bear, or as a keyed hash of them."""

    PLAIN = "plain"
    PSEUDONYMOUS = "pseudonymous"


class Redact(StrEnum):
    """What is taken out of texts before they are stored."""

    OFF = "off"
    CONTACTS = "contacts"


class LogFormat(StrEnum):
    """`console` for people, `json` for log collectors; `auto` picks console on a terminal."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


DATA_FOLDER: Final = Path(".brand-monitor")
"""Where `brand-monitor up` keeps what it has, unless told otherwise."""

RUNNING: Final = DATA_FOLDER / "running.env"
"""What reaches the system that `brand-monitor up` runs in this folder: it holds a lock on the file meanwhile,
so that nobody goes by the file of one that was killed."""


class Settings(BaseSettings):
    """All settings. Sizes are in bytes, times in seconds, unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="MONITOR_",
        env_file_encoding="utf-8-sig",  # Windows' editors begin a file with a mark
        extra="ignore",
        frozen=True,
    )

    # Kafka
    kafka_url: str = Field(
        "kafka://127.0.0.1:9092", description="Bootstrap servers: kafka://HOST:PORT[,HOST:PORT]."
    )
    kafka_tls: bool = Field(False, description="Encrypt the connection; implied by the three files below.")
    kafka_ca_file: Path | None = Field(None, description="PEM of the authority; else the system's.")
    kafka_certificate_file: Path | None = Field(None, description="PEM client certificate, for mutual TLS.")
    kafka_key_file: Path | None = Field(None, description="PEM key of the client certificate.")
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        None, description="With kafka_username, kafka_password."
    )
    kafka_username: str | None = Field(None, description="SASL user.")
    kafka_password: SecretStr | None = Field(None, description="SASL password.")
    consumer_group: str = Field("brand-monitor", description="Kafka consumer group of the workers.")
    # What Kafka allows in a topic's name, and room in its 249 characters for the rest of it.
    topic_prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,200}$")] = Field(
        "mentions", description="PREFIX.text, .image, .dead, .findings, .alerts."
    )
    topic_partitions: Annotated[int, Field(ge=1)] = Field(8, description="Partitions of each new topic.")
    topic_replication: Annotated[int, Field(ge=1)] = Field(1, description="Replicas; 3 on a real cluster.")
    max_message_bytes: Annotated[int, Field(ge=1024)] = Field(
        16 * 2**20, description="max.message.bytes of the topics; holds image_max_bytes as base64 in JSON."
    )
    publish_findings: bool = Field(True, description="Publish results to PREFIX.findings after the commit.")
    rebalance_timeout: Annotated[float, Field(gt=0)] = Field(
        60.0, description="Seconds to rejoin the group. The embedded broker takes half of it for a join."
    )
    session_timeout: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Seconds without a heartbeat until a dead worker's partitions move on."
    )
    deaths_before_quarantine: Annotated[int, Field(ge=1)] = Field(
        3, description="Times workers may die at one place of a partition until its records are tried singly."
    )

    # Database and picture store
    database_url: SecretStr = Field(
        SecretStr("postgresql://127.0.0.1:5432/brand_monitor"),
        description="postgresql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    picture_store: str = Field(
        ".brand-monitor/pictures", description="Folder or fsspec URL (file://, s3:// with extra `s3`)."
    )

    retention: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,4}d)?$")] = Field(
        "",
        description="How long mentions are kept, in days: 400d. `schedule` prunes older ones every day, "
        "their figures stay. Empty: for good.",
    )

    # Batches
    text_batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(
        64, description="Texts scored and written together."
    )
    image_batch_size: Annotated[int, Field(ge=1, le=256)] = Field(
        8, description="Pictures scored and written together; each is held decoded."
    )
    batch_wait: Annotated[float, Field(gt=0)] = Field(
        0.1, description="Seconds an unfilled batch waits for more; bounds the delay on a quiet topic."
    )
    outage_retry: Annotated[float, Field(ge=0)] = Field(
        60.0, description="Seconds an outage is retried before the worker stops (Kafka redelivers)."
    )
    stop_timeout: Annotated[float, Field(gt=0)] = Field(
        8.0, description="Seconds to finish the batch in flight on SIGTERM; whole stop stays under 10 s."
    )

    # Limits on what publishers may send
    text_max_chars: Annotated[int, Field(ge=1)] = Field(100_000, description="Characters of a text.")
    # A key of that roll-up holds every brand of a mention; PostgreSQL's indexes take keys of 2,704 bytes.
    text_max_brands: Annotated[int, Field(ge=1, le=500)] = Field(
        100, description="Distinct brands a text may name; the roll-up of combinations cannot hold many more."
    )
    text_max_targets: Annotated[int, Field(ge=1)] = Field(
        64, description="Places in a text scored toward a brand; the first ones of each brand first."
    )
    image_max_bytes: Annotated[int, Field(ge=1)] = Field(10 * 2**20, description="Bytes of a picture file.")
    image_max_pixels: Annotated[int, Field(ge=1)] = Field(
        50_000_000, description="Pixels after decoding; a 50-megapixel picture takes 150 MB as 8-bit BGR."
    )
    unpacked_max_bytes: Annotated[int, Field(ge=1)] = Field(
        64 * 2**20, description="Bytes that a compressed batch of records may unpack to."
    )

    # What is kept of people (docs/deletion.md)
    authors: Authors = Field(
        Authors.PLAIN,
        description="plain, or pseudonymous: a hash by authors_key of source and author, in addresses, too.",
    )
    authors_key: SecretStr | None = Field(
        None,
        description="At least 32 characters, the same for workers, pages, schedule and commands, for ever.",
    )
    redact: Redact = Field(
        Redact.OFF, description="off, or contacts: e-mail addresses and phone numbers in texts and captions."
    )

    # Models
    models_dir: Path = Field(
        default_factory=lambda: packaged("onnx_models"), description="Folder of model folders."
    )
    sentiment_model: str = Field("sentiment", description="Folder under models_dir.")
    sentiment_min_confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Verdicts less probable are unsure; 0: none is. Unset: the model's own threshold."
    )
    logo_model: str = Field("logos", description="Folder under models_dir.")
    logo_embedder: str = Field(
        "logos-embedder", description="Folder under models_dir, for the brand gallery; empty: no gallery."
    )
    ocr: bool = Field(
        True, description="Read the letters in pictures, too: a second witness beside the look of a logo."
    )
    device: Device = Field(Device.AUTO, description="auto, cpu or cuda; cuda fails at start without a GPU.")
    inference_threads: Annotated[int, Field(ge=0)] = Field(
        0, description="CPU threads of all models of a process together; 0: one a core."
    )
    score_timeout: Annotated[float, Field(gt=0)] = Field(
        120.0,
        description="Seconds a batch may be in a model until the worker ends, to try its records singly.",
    )
    brands_file: Path | None = Field(
        None, description="brands.toml; without, the catalogue, of which none is ours."
    )

    # Collectors (docs/sources.md)
    sources_file: Path | None = Field(
        None, description="sources.toml; without, the one in the folder that `collect` is started in."
    )
    collect_contact: Annotated[str, Field(pattern=r"^[^\s()]*$")] = Field(
        "",
        description="Address of a page or mailbox of yours, for platforms that ask who reads them: it "
        "stands in the User-Agent.",
    )
    collect_hosts: str = Field(
        "",
        description="Hosts and networks of this house that pictures and redirects may lead to, "
        "comma-separated: media.corp, 10.1.0.0/16. Without: public addresses only.",
    )
    collect_pause: Annotated[float, Field(ge=0)] = Field(
        0.5,
        description="Seconds between two requests to one host; a longer Crawl-delay of its robots.txt wins.",
    )

    # Pages
    web_host: str = Field(
        "127.0.0.1", description="Address the pages are served on; any other than this machine needs a login."
    )
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="Port of the pages.")
    web_names: str = Field(
        "",
        description="Names the pages may be asked for besides localhost, comma-separated: brand.example.com.",
    )
    web_trusted_proxies: str = Field(
        "", description="Addresses whose X-Forwarded-* headers are believed, comma-separated."
    )
    web_password: SecretStr | None = Field(
        None, description="One password for everybody; each gives a name. At least 12 characters."
    )
    web_users_file: Path | None = Field(
        None, description="Instead: a line NAME:HASH:ROLE each, made by `brand-monitor web add-user NAME`."
    )
    web_secret: SecretStr | None = Field(
        None, description="Signs session cookies; without, a restart asks everybody to log in again."
    )
    web_https: bool = Field(False, description="The pages are reached through HTTPS: cookies only there.")
    web_database_url: SecretStr | None = Field(
        None,
        description="Login the pages read with (brand_monitor_read); default database_url, made read-only.",
    )
    web_statement_timeout: Annotated[float, Field(gt=0)] = Field(
        10.0, description="Seconds after which the database gives up a page's query."
    )
    web_zone: str = Field("UTC", description="IANA time zone of days and times on the pages.")
    web_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="Where people open the pages, for links in what is sent: https://brand.example.com.",
    )

    # Reports sent by themselves (docs/reports.md)
    report_schedule: str | None = Field(
        None, description='"daily HH:MM ZONE" or "WEEKDAY HH:MM ZONE": Monday 08:00 Europe/Berlin.'
    )
    report_to: SecretStr | None = Field(
        None, description="Whom to send reports to: apprise addresses, separated by spaces."
    )
    report_attach: Annotated[str, Field(pattern=r"^(pdf|html|pdf html|html pdf)?$")] = Field(
        "pdf", description="Files sent along: pdf, html, both ('pdf html'), or none ('')."
    )

    # Alerts (docs/alerts.md)
    alert_to: SecretStr | None = Field(
        None, description="Default recipients of alerts, as report_to; each rule says whether it wants them."
    )
    recipient_hosts: str = Field(
        "",
        description="Hosts and networks of this house that recipients named on the pages may be at, "
        "comma-separated: chat.corp, 10.1.0.0/16. Without: public addresses only.",
    )

    # Operations
    health_host: str = Field("127.0.0.1", description="Address of /health and /metrics; 0.0.0.0 for all.")
    health_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        6066, description="Port of /health and /metrics; 0 picks a free one."
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="console, json, or auto: console on a terminal, else json."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("kafka_url")
    @classmethod
    def _check_kafka_url(cls, url: str) -> str:
        if not _KAFKA_URL.fullmatch(url):
            raise ValueError("write kafka://HOST:PORT[,HOST:PORT]")
        return url

    @cached_property
    def bootstrap_servers(self) -> list[str]:
        """`kafka_url` as aiokafka wants it: ["HOST:PORT", ...]."""
        return self.kafka_url.removeprefix("kafka://").replace(";", ",").split(",")

    def topic(self, name: str) -> str:
        """Full topic name of `text`, `image`, `dead`, `findings` or `alerts`."""
        return f"{self.topic_prefix}.{name}"

    def sqlalchemy_url(self) -> str:
        """`database_url` with psycopg 3 named as the driver (SQLAlchemy would take psycopg2)."""
        url = self.database_url.get_secret_value()
        for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        raise SetupError(
            f"MONITOR_DATABASE_URL starts with {url.partition('://')[0]!r}; "
            "only PostgreSQL is supported: postgresql://USER:PASSWORD@HOST:PORT/NAME"
        )


def files() -> list[Path]:
    """Where settings are read beside the environment; a later one wins."""
    return [Path(".env"), RUNNING] if _is_held(RUNNING) else [Path(".env")]


def load_settings(**overrides: object) -> Settings:
    """Read the settings; keyword arguments win over the environment.

    Raises `SetupError` naming each wrong variable, its value and what is expected.
    """
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    given["_env_file"] = files()
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"  MONITOR_{'_'.join(map(str, fault['loc'])).upper()} = {fault['input']!r}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SetupError(f"wrong settings (environment, .env or {RUNNING}):\n" + "\n".join(lines)) from error


def _is_held(file: Path) -> bool:
    """Whether another process holds a lock on a file that we may read."""
    try:
        import fcntl  # not on Windows, where no embedded system runs

        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, ImportError):
        return False
    return False
