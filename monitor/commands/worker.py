"""`brand-monitor worker`: one worker against the configured Kafka and PostgreSQL."""

from typing import Annotated

import typer

from monitor.settings import Agents, Device, load_settings


def worker(
    agents: Annotated[
        Agents,
        typer.Option(help="Which streams to work on: picture workers on GPUs, text workers elsewhere."),
    ] = Agents.ALL,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Sentiment model: a folder; default MONITOR_SENTIMENT_MODEL."),
    ] = None,
    device: Annotated[Device | None, typer.Option(help="Where models run; default MONITOR_DEVICE.")] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=0, help="CPU threads of all models, 0: one a core. Default MONITOR_INFERENCE_THREADS."
        ),
    ] = None,
) -> None:
    """Score mentions from Kafka and store what is found, until SIGTERM.

    Start as many as there are partitions; they share them. Every setting is an environment variable
    MONITOR_*.
    """
    from monitor.stream.worker import run_worker

    settings = load_settings(sentiment_model=model, device=device, inference_threads=threads)
    raise typer.Exit(run_worker(settings, agents))
