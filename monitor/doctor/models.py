"""Examines what scores mentions: ONNX Runtime's providers, the model folders, the brands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import onnxruntime as ort

from monitor.brands import brands_path, load_brands
from monitor.doctor.brands import Weight, check_brands
from monitor.doctor.examination import Examination, note, ok, problem
from monitor.inference.manifest import Task, load_manifest, model_names
from monitor.inference.session import driver_present, open_session
from monitor.logos.words import load_reader
from monitor.sentiment import load_scorer
from monitor.settings import Device, Settings


def providers(settings: Settings) -> Iterator[Examination]:
    """Which devices this ONNX Runtime was built for."""
    available = ort.get_available_providers()
    found = f"{ort.__version__} with {', '.join(available)}"
    if settings.device is Device.CUDA and "CUDAExecutionProvider" not in available:
        yield problem(
            "ONNX Runtime",
            f"{found}, but MONITOR_DEVICE is cuda",
            "pip uninstall -y onnxruntime && pip install --force-reinstall onnxruntime-gpu",
        )
    else:
        yield ok("ONNX Runtime", found)


def sentiment(settings: Settings) -> Iterator[Examination]:
    """The sentiment model's files, its task, its languages, whether it comes up on the device asked for, and
    which others there are.

    Texts in other languages are no fault: they are counted, and not scored.
    """
    yield _model(settings, "sentiment", settings.sentiment_model, "MONITOR_SENTIMENT_MODEL", load_scorer)


def logos(settings: Settings) -> Iterator[Examination]:
    """The same for the logo model."""
    yield _model(settings, "logos", settings.logo_model, "MONITOR_LOGO_MODEL")


def embedder(settings: Settings) -> Iterator[Examination]:
    """The brand gallery's model; the service runs without one, and then without the gallery."""
    name = settings.logo_embedder
    if not name:
        yield note("embedder", "MONITOR_LOGO_EMBEDDER is empty", "without it no gallery brand is found")
    elif not (settings.models_dir / name).is_dir():
        yield problem(
            "embedder",
            f"there is no {settings.models_dir / name}, so no gallery brand is found",
            "set MONITOR_LOGO_EMBEDDER to a folder of MONITOR_MODELS_DIR, or to nothing",
        )
    else:
        yield _model(settings, "logo-embedding", name, "MONITOR_LOGO_EMBEDDER")


def letters(settings: Settings) -> Iterator[Examination]:
    """Reading letters in pictures: whether it is in use, and comes up on the device asked for."""
    if not settings.ocr:
        yield note(
            "letters in pictures",
            "MONITOR_OCR=false: they are not read",
            "with them names are found whose logo nobody trained, and more of those that were",
        )
        return
    reader = load_reader(settings.device, settings.inference_threads)
    yield ok("letters in pictures", f"reader {reader.identity}, reads on {reader.device.value}")


class _Loaded(Protocol):
    @property
    def device(self) -> Device: ...


def _model(
    settings: Settings,
    task: Task,
    name: str,
    variable: str,
    load: Callable[[Path, Device, int], _Loaded] = open_session,
) -> Examination:
    manifest = load_manifest(settings.models_dir / name)
    if manifest.task != task:
        return problem(
            f"{task} model", f"{variable} names a model for {manifest.task}", f"name one for {task}"
        )
    loaded = load(settings.models_dir / name, settings.device, settings.inference_threads)
    found = f"{manifest.identity}, files as its manifest says"
    if task == "sentiment":
        found += f", speaks {' '.join(manifest.spoken)}" + (f"; {manifest.terms}" if manifest.terms else "")
    others = model_names(settings.models_dir, task) - {name}
    if others:
        found += f" (as well there: {', '.join(sorted(others))}; {variable})"
    if settings.device is Device.AUTO and loaded.device is Device.CPU and driver_present():
        return problem(
            f"{task} model",
            f"{found}, but it runs on the CPU although there is a GPU",
            "`MONITOR_DEVICE=cuda brand-monitor doctor` says why; MONITOR_DEVICE=cpu accepts it",
        )
    return ok(f"{task} model", f"{found}, runs on {loaded.device.value}")


def brands(settings: Settings) -> Iterator[Examination]:
    """The brands file, and what `brand-monitor brands check` says of it."""
    loaded = load_brands(settings.brands_file)
    logo_model = load_manifest(settings.models_dir / settings.logo_model)
    remarks = check_brands(loaded, logo_model.labels, brands_path(settings.brands_file).parent)
    found = f"{len(loaded)} brands in {brands_path(settings.brands_file)}"
    faults = sum(remark.weight is Weight.FAULT for remark in remarks)
    see = "`brand-monitor brands check` lists them"
    if faults:
        yield problem("brands", f"{found}, {faults} faults", see)
    elif remarks:
        yield note("brands", f"{found}, {len(remarks)} hints", see)
    else:
        yield ok("brands", found)
    if not any(brand.own for brand in loaded):
        yield note("our brand", "none is ours", "`brand-monitor init`, or /setup of the pages, asks for it")
