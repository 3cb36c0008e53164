"""`brand-monitor topics`: the Kafka topics that mentions travel on."""

import typer

from monitor.commands.terminal import run
from monitor.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The Kafka topics that mentions travel on.")


@app.callback()
def _group() -> None:
    """Keeps `create` a sub-command although it is the only one."""


@app.command()
def create() -> None:
    """Create the topics that are missing, with the partitions, replicas and size limit of the settings."""
    from monitor.stream.topics import create_topics

    for topic in run(create_topics(load_settings())):
        typer.echo(topic)
