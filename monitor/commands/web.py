"""`brand-monitor web`: serves the pages and the HTTP API; `web add-user` gives a person a login."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.terminal import say
from monitor.settings import load_settings

app = typer.Typer(
    help="Serve the pages and the HTTP API.", invoke_without_command=True, no_args_is_help=False
)


@app.callback()
def web(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Default MONITOR_WEB_HOST: this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Default MONITOR_WEB_PORT.")] = None,
) -> None:
    """Serve the pages until Ctrl-C or SIGTERM.

    Without a login only to this machine: `web add-user` or MONITOR_WEB_PASSWORD make one.
    """
    if context.invoked_subcommand is not None:
        return
    from monitor.web.server import serve

    settings = load_settings(web_host=host, web_port=port)
    serve(settings, lambda address: say(f"pages: {address}; Ctrl-C stops"))


@app.command("add-user")
def add_user(
    name: Annotated[str, typer.Argument(help="What the person logs in as, and corrections are signed with.")],
    role: Annotated[
        str | None,
        typer.Option(
            metavar="viewer|analyst|admin",
            help="Looks; corrects and answers, too; chooses brands and alerts, too. Default: admin for the "
            "first person, analyst for the others; who is there already keeps theirs.",
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="PATH", help="Default MONITOR_WEB_USERS_FILE.")] = None,
) -> None:
    """Give a person a login, or another password or role; the password is kept as an Argon2id hash."""
    from monitor.web.people import Role, read_users
    from monitor.web.people import add_user as add

    path = file or load_settings().web_users_file
    if path is None:
        raise typer.BadParameter("name a file, or set MONITOR_WEB_USERS_FILE", param_hint="--file")
    names = [each.name.lower() for each in Role]
    if role is not None and role not in names:
        raise typer.BadParameter(f"one of {', '.join(names)}", param_hint="--role")
    known = path.exists() and name in read_users(path)
    password = typer.prompt(
        f"Password of {name}" + (" (Enter keeps it)" if known else ""),
        hide_input=True,
        confirmation_prompt=True,
        default="" if known else None,
        show_default=False,
    )
    given = add(path, name, password or None, None if role is None else Role[role.upper()])
    say(
        f"{name} ({given.name.lower()}) can log in where MONITOR_WEB_USERS_FILE={path}; "
        "running servers read it when they start"
    )
