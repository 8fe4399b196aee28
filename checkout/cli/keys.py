"""`checkout keys`: API keys for agent developers, agent workers and operators. A key is shown once, when it is made."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checkout import wiring
from checkout.api import keys
from checkout.settings import Settings

app = typer.Typer(no_args_is_help=True, help="API keys: create, list, revoke.")
out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of a table.")]


@app.command()
def create(
    *,
    tenant: Annotated[str, typer.Option(help="Whose purchases the key may see; tenants never see each other's.")],
    name: Annotated[str, typer.Option(help="What the key is for, as you will recognise it.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(keys.SCOPES)}; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is stored hashed and cannot be shown again."""
    with wiring.opened(Settings()) as deployment, deployment.database.transaction() as session:
        try:
            row, secret = keys.create_key(
                session, tenant, name, scope or list(keys.DEVELOPER_SCOPES), now=deployment.clock.now()
            )
        except ValueError as refused:
            err.print(f"[red]{escape(str(refused))}[/] (invalid_key_request)", soft_wrap=True)
            raise typer.Exit(2) from refused
    if as_json:
        out.print_json(json.dumps({"id": row.id, "tenant": tenant, "key": secret, "scopes": row.scopes.split()}))
    else:
        out.print(f"[bold]{secret}[/]\n[dim]{row.id}, tenant {escape(tenant)}, {row.scopes}. Shown once.[/]")


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Every key there is, by its id; never the key itself."""
    with wiring.opened(Settings()) as deployment, deployment.database.read() as session:
        rows = keys.list_keys(session)
    if as_json:
        out.print_json(
            json.dumps(
                [
                    {"id": row.id, "tenant": row.tenant, "name": row.name, "scopes": row.scopes.split()}
                    | {"created_at": row.created_at.isoformat(), "revoked": row.revoked_at is not None}
                    for row in rows
                ]
            )
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("id", "tenant", "name", "scopes", "created", ""):
        table.add_column(heading, no_wrap=heading in ("id", "created"))
    for row in rows:
        revoked = "[red]revoked[/]" if row.revoked_at else ""
        created = f"{row.created_at:%Y-%m-%d %H:%M}"
        table.add_row(row.id, escape(row.tenant), escape(row.name), row.scopes, created, revoked)
    out.print(table if rows else "[dim]No keys yet: checkout keys create --tenant NAME[/]")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")]) -> None:
    """Refuse a key from now on."""
    with wiring.opened(Settings()) as deployment, deployment.database.transaction() as session:
        if not keys.revoke_key(session, key_id, now=deployment.clock.now()):
            sentence = f"no key {key_id}; `checkout keys list` shows them"
            err.print(f"[red]{escape(sentence)}[/] (key_not_found)", soft_wrap=True)
            raise typer.Exit(1)
    out.print(f"{key_id} is revoked.")
