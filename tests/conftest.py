"""Real servers for the tests: the embedded broker and PostgreSQL, and Apache Kafka itself where Java and
Maven are found.

`broker` runs a test once per broker. Tests share the servers and stay apart by topic prefix, consumer group
and database of their own.
"""

import gc
import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import hypothesis
import numpy as np
import onnx
import onnxruntime
import pytest
import resvg_py
import structlog
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from numpy.typing import NDArray

from monitor.inference import session
from monitor.inference.manifest import sha256_of
from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.local.child import free_port
from monitor.logos.crops import CropGeometry, cut_crops
from monitor.settings import load_settings
from monitor.storage import schema
from tests.apache_kafka import ApacheKafka, KafkaMissingError, fetch_kafka
from tests.databases import Databases, in_memory

# Before torch is imported: of two processes on two cores each takes one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# How long an example takes says what else the machine does. The examples are the same in every run, so that a
# change is what broke a test; new ones are for fuzzing, and for `make test-random`.
hypothesis.settings.register_profile("fixed", deadline=None, derandomize=True)
hypothesis.settings.register_profile("random", deadline=None, print_blob=True)
hypothesis.settings.load_profile("fixed")

_TESTS = Path(__file__).parent
_REPOSITORY = _TESTS.parent


_LONG = ("commands", "integration", "sources", "local", "nemesis", "stream", "storage")
"""Folders whose files take long: begun last, one would run while the other processes have nothing to do."""


def pytest_configure() -> None:
    """Whatever is imported and collected stays: looking for garbage in it took 6 of 16 CPU seconds."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {folder: place for place, folder in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(_TESTS).parts[0], len(rank)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name: packed ones hold the time, and processes that run side by side must find the same
    tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def loggers_that_can_be_captured() -> Iterator[None]:
    """Our programs have each logger keep what it first writes with: where a second test set them up anew,
    `capture_logs` would see nothing of a logger that the first one used."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def models_loaded_once() -> Iterator[None]:
    """What ONNX Runtime makes of a file takes a tenth of a second, and nobody can change it."""
    load, loaded = session.load, dict[tuple[object, ...], onnxruntime.InferenceSession]()

    def loaded_once(file: Path, providers: list[object]) -> onnxruntime.InferenceSession:
        told = file.stat()
        key = (file.resolve(), told.st_ino, told.st_mtime_ns, told.st_size, str(providers))
        if key not in loaded:
            loaded[key] = load(file, providers)
        return loaded[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "load", loaded_once)
        yield


class Broker(Protocol):
    """What a test may know of a broker."""

    url: str


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as embedded:
        yield embedded


@pytest.fixture(scope="session")
def apache_kafka(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    with ApacheKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


_BROKERS = {"embedded": "embedded_broker", "kafka": "apache_kafka"}


@pytest.fixture(scope="session", params=[*_BROKERS])
def broker(request: pytest.FixtureRequest) -> Broker:
    """A broker without topics of interest; each test once with the embedded one, once with Apache Kafka. Both
    go on running while pytest changes between them, which it does with every file."""
    found: Broker = request.getfixturevalue(_BROKERS[request.param])
    return found


@pytest.fixture
def own_kafka(kafka_jars: Path, tmp_path: Path) -> Iterator[ApacheKafka]:
    """An Apache Kafka of this test's own, to stop and start."""
    with ApacheKafka(tmp_path / "kafka") as kafka:
        yield kafka


@dataclass(frozen=True)
class SecuredKafka:
    """An Apache Kafka that also listens with TLS and SASL, and what a client needs for that."""

    kafka: ApacheKafka
    url: str
    ca_file: Path
    username: str
    password: str


@pytest.fixture(scope="session")
def secured_kafka(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Certificates are made for the tests by an authority of their own."""
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    ca_file, server_file = folder / "authority.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    certificate = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # all that Kafka reads
    server_file.write_bytes(pkcs8 + certificate.cert_chain_pems[0].bytes())
    port, username, password = free_port(), "brand", "correct horse"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    kafka = ApacheKafka(
        folder / "kafka",
        listener=f",SECURED://127.0.0.1:{port}",
        properties=f"""
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL
            listener.name.secured.ssl.keystore.type=PEM
            listener.name.secured.ssl.keystore.location={server_file}
            listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512
            listener.name.secured.scram-sha-512.sasl.jaas.config={login}
            """,
        users={username: password},
    )
    with kafka:
        yield SecuredKafka(kafka, f"kafka://127.0.0.1:{port}", ca_file, username, password)


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The folder of Apache Kafka's jars; skips where Java or Maven are missing or Maven cannot fetch."""
    try:
        return fetch_kafka()
    except KafkaMissingError as error:
        pytest.skip(f"{error}; the embedded broker was tested")


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a database server's files.

    Not under pytest's own: under root the server runs as another user, and every pytest that starts on the
    machine closes its folder to others again.
    """
    with tempfile.TemporaryDirectory(prefix="brand-monitor-", dir=in_memory()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedDatabase]:
    """One PostgreSQL server for the run."""
    with (
        tempfile.TemporaryDirectory(prefix="brand-monitor-", dir=in_memory()) as folder,
        Databases(Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def database(database_server: EmbeddedDatabase) -> Iterator[str]:
    """URL of an empty database of this test's own, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield database_server.create(name)
    database_server.drop(name)


@pytest.fixture(scope="session")
def migrated(database_server: EmbeddedDatabase) -> Iterator[str]:
    """Name of a migrated database to copy: ten times as fast as migrating one for every test."""
    name = f"migrated_{uuid.uuid4().hex[:12]}"
    schema.upgrade(load_settings(database_url=database_server.create(name)))
    yield name
    database_server.drop(name)


@pytest.fixture(scope="session")
def colour_embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a small embedder that needs no training: which colours a crop has.

    Its negatives are windows of the sample photographs without the logos that tests add.
    """
    folder = tmp_path_factory.mktemp("models") / "colours"
    folder.mkdir()
    rng = np.random.default_rng(0)
    crops = []
    for path in sorted((_REPOSITORY / "samples" / "pictures").glob("*.jpg")):
        pixels = cv2.imread(str(path))
        height, width = pixels.shape[:2]
        corners = rng.uniform(0, 0.7, (80, 2)) * (width, height)
        sides = rng.uniform(0.1, 0.3, (80, 2)) * (width, height)
        boxes = np.concatenate([corners, corners + sides], 1).astype(np.float32)
        crops.append(cut_crops(pixels, boxes, CropGeometry()))
    negatives = np.concatenate(crops)
    roots = _roots(negatives)
    onnx.save(_colours(roots.mean(0)), folder / "model.onnx")
    unusual = roots - roots.mean(0)
    embeddings = unusual / np.linalg.norm(unusual, axis=1, keepdims=True)
    np.savez(folder / "negatives.npz", embeddings=embeddings.astype(np.float16))
    manifest = {
        "name": "colours",
        "version": "1",
        "task": "logo-embedding",
        "architecture": "crop-embedder",
        "sha256": sha256_of(folder / "model.onnx"),
        "inputs": [{"name": "pixels", "shape": ["batch", 128, 128, 3], "type": "uint8"}],
        "outputs": [{"name": "embedding", "shape": ["batch", 64], "type": "float32"}],
        "preprocessing": {"side": 128, "margin": 0.12},
        "labels": [],
        "thresholds": {},
        "metrics": [],
        "parity": {"max_abs_diff": 0.0, "inputs": 0, "dataset": "none"},
        "opset": 18,
        "training": {"command": "none", "data": [], "seed": 0},
        "files": {"negatives.npz": sha256_of(folder / "negatives.npz")},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _roots(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model below takes the length of."""
    model = _colours(np.zeros(64, np.float32))
    del model.graph.output[:]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("root", onnx.TensorProto.FLOAT, ["batch", 64])
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["root"], {"pixels": crops})[0], np.float32)


def _colours(usual: NDArray[np.float32]) -> onnx.ModelProto:
    """How much of a crop has which colour: each pixel is shared out among 64 colours by nearness.

    The roots of the shares, less those of other crops, scaled to length 1. The grey that fills crops counts
    little.
    """
    steps = np.linspace(0, 1, 4, dtype=np.float32)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    sharpness = 40.0
    # -sharpness * |pixel - colour|^2, less what all colours have in common.
    weights = (2 * sharpness * colours)[:, :, None, None].astype(np.float32)
    biases = (-sharpness * (colours**2).sum(1)).astype(np.float32)
    biases[np.abs(colours - 0.5).max(1) < 0.2] -= 6
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["": 18]>
        colours (uint8[batch, 128, 128, 3] pixels) => (float[batch, 64] embedding)
        <float all = {255.0}, int64[2] flat = {0, -1},
         float[64, 3, 1, 1] weights, float[64] biases, float[64] usual>
        {
            values = Cast <to = 1> (pixels)
            scaled = Div (values, all)
            planes = Transpose <perm = [0, 3, 1, 2]> (scaled)
            small = AveragePool <kernel_shape = [4, 4], strides = [4, 4]> (planes)
            logits = Conv (small, weights, biases)
            near = Softmax <axis = 1> (logits)
            shares = GlobalAveragePool (near)
            row = Reshape (shares, flat)
            root = Sqrt (row)
            unusual = Sub (root, usual)
            embedding = LpNormalization <axis = 1, p = 2> (unusual)
        }
    """)
    for name, values in (("weights", weights), ("biases", biases), ("usual", usual)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return model


@pytest.fixture(scope="session")
def gallery_models(colour_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: the shipped ones, and the small embedder as MONITOR_LOGO_EMBEDDER's default name."""
    folder = tmp_path_factory.mktemp("models-dir")
    for name in ("logos", "sentiment"):
        (folder / name).symlink_to(_REPOSITORY / "onnx_models" / name)
    (folder / "logos-embedder").symlink_to(colour_embedder)
    return folder


_HOUSE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100">
<path d="M60 2 118 52H88V98H32V52H2Z" fill="#0a7d5a"/><circle cx="60" cy="52" r="16" fill="#fff"/>
<path d="M52 70h16v26H52z" fill="#f6c445"/></svg>"""


@dataclass(frozen=True)
class UnknownBrand:
    """A brand no model was trained on: its logo as a file, and photographs with and without it."""

    name: str
    logo: Path
    shown: Path
    not_shown: Path
    box: tuple[int, int, int, int]
    """x1, y1, x2, y2 px of the logo in `shown`."""


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> UnknownBrand:
    """A green house on a white sticker, and a cup of coffee."""
    folder = tmp_path_factory.mktemp("acme")
    logo = folder / "acme.svg"
    logo.write_text(_HOUSE)
    drawn = cv2.imdecode(
        np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=_HOUSE, width=120)), np.uint8),
        cv2.IMREAD_UNCHANGED,
    )
    without = _REPOSITORY / "samples" / "pictures" / "coffee.jpg"
    pixels = cv2.imread(str(without))
    pixels[30:170, 50:210] = 250
    opacity = drawn[..., 3:] / 255
    height, width = drawn.shape[:2]
    place = pixels[50 : 50 + height, 70 : 70 + width]
    place[:] = np.rint(drawn[..., :3] * opacity + place * (1 - opacity))
    cv2.imwrite(str(folder / "sticker.png"), pixels)
    return UnknownBrand("Acme", logo, folder / "sticker.png", without, (70, 50, 70 + width, 50 + height))
