"""`towline install`: Towline brought into a cluster."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.domain.fleet import Fleet
    from reconciler.domain.installation import Installation

_FILE = click.Path(path_type=Path, exists=True)
_OPTIONS = (
    click.option(
        "--repo", required=True, metavar="URL", help="Config repository, as the cluster reaches it."
    ),
    click.option("--branch", default="", help="Branch to follow; the repository's default when not given."),
    click.option(
        "--image",
        required=True,
        envvar="TOWLINE_IMAGE",
        show_envvar=True,
        help="The image built from Towline's Dockerfile, where the cluster can pull it.",
    ),
    click.option("--namespace", default="towline-system", show_default=True, help="Where the daemon runs."),
    click.option(
        "--git-secret",
        default="",
        metavar="NAME",
        help="A Secret there of type kubernetes.io/basic-auth, or kubernetes.io/ssh-auth with known_hosts.",
    ),
    click.option(
        "--azure-client-id",
        default="",
        metavar="ID",
        help="The managed identity that workload identity gives it; without, the one the nodes have.",
    ),
    click.option(
        "--replicas", type=click.IntRange(min=1), default=2, show_default=True, help="How many stand ready."
    ),
    click.option(
        "--shards",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Into how many parts workspaces are divided among them.",
    ),
    click.option("--context", default="", metavar="NAME", help="The kubeconfig context of the cluster."),
    click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Kubeconfig file for --context; KUBECONFIG or ~/.kube/config when not given.",
    ),
)


def installation_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an installation and of the cluster it is for; the function receives them as
    `installation` and `settings`."""

    @wraps(function)
    def with_installation(**given: Any) -> Any:
        from reconciler.domain.installation import Installation

        names = Installation.__dataclass_fields__
        installation = Installation(**{name: given.pop(name) for name in names})
        place = {name: given.pop(name) for name in ("context", "kubeconfig")}
        settings = Settings(installation.repo, installation.branch, **place)
        return function(installation=installation, settings=settings, **given)

    for option in reversed(_OPTIONS):
        option(with_installation)
    return with_installation


@click.command()
@installation_options
@click.option(
    "--fleet",
    "fleet_file",
    type=_FILE,
    metavar="FOLDER",
    help="A clone whose towline.yaml is read; without it the tip of --repo is.",
)
@click.option("--dry-run", is_flag=True, help="Print the objects and touch nothing; needs no cluster.")
@click.option("--force-conflicts", is_flag=True, help="Take over fields that somebody else has set.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def command(
    installation: Installation,
    settings: Settings,
    fleet_file: Path | None,
    dry_run: bool,
    force_conflicts: bool,
    output: str,
) -> None:
    """Bring Towline into a cluster, or bring what is there up to date.

    \b
    towline install --context my-aks --repo URL --image IMAGE            install, or update
    towline install --dry-run --repo URL --image IMAGE | less            look at it first

    What it may do there follows from the Fleet: after its namespaces, kinds or nodeProvisioner have changed,
    install once more. Applied server-side as field manager towline-install, told one line an object; what an
    older version made and this one has not is removed. The definition of Workspaces is left to KAITO where
    KAITO made it.

    \b
    --dry-run prints a stream of YAML, with -o json a List.
    -o json prints {"objects": [{"apiVersion", "kind", "namespace", "name", "change", "why"}]}, where change
    is created, configured, unchanged, pruned or left alone.
    """
    from reconciler.wiring.fleet import fleet_at, fleet_in
    from reconciler.wiring.install import rendered

    if not dry_run and not settings.context:
        raise click.UsageError(
            "a cluster is always named: --context NAME, or --dry-run to look at the objects"
        )
    fleet = fleet_in(fleet_file) if fleet_file else fleet_at(settings.repo, settings.branch)
    if dry_run:
        from reconciler.present.installed import objects_json, objects_yaml

        objects = [each for each, _ in rendered(installation, fleet)]
        click.echo(objects_json(objects) if output == "json" else objects_yaml(objects))
        return
    _install(settings, installation, fleet, force=force_conflicts, as_json=output == "json")


def _install(
    settings: Settings, installation: Installation, fleet: Fleet, *, force: bool, as_json: bool
) -> None:
    from reconciler.present.installed import installed_json, installed_line
    from reconciler.wiring.install import install

    told = install(settings, installation, fleet, force=force)
    if as_json:
        click.echo(installed_json(told))
        return
    for each in told:
        click.echo(installed_line(each))
