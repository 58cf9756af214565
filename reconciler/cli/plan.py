"""`towline plan`: the first half of a pass, or the review of a pull request."""

from __future__ import annotations

import json
import sys

import click

from reconciler.settings import Settings

from .world import world_options


@click.command()
@world_options
@click.option("--base", default="", metavar="REF", help="Review: the branch or commit that is merged into.")
@click.option("--head", default="", metavar="REF", help="Review: the branch or commit that is to be merged.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="markdown is for a review alone.",
)
def command(settings: Settings, base: str, head: str, output: str) -> None:
    """Show what a pass would do, and what it would cost, without doing it.

    Exit code 0: nothing would be done. 2: something would. 1: it could not be told, or a workspace has a
    mistake or is beyond the budget, so that it is left out.

    With --base and --head it reviews a pull request instead: what merging HEAD into BASE adds, changes,
    replaces and removes, in GPU nodes, dollars and fields, judged by BASE's towline.yaml. Both are branches,
    tags or commits of the clone at --repo, which is only read. Exit code 1 then means: it could not be told,
    it cannot be merged, or it brings in a mistake that BASE has not.

    \b
    towline plan --base origin/main --head HEAD -o markdown > comment.md

    \b
    -o json prints {"hash", "steps": [{"action", "kind", "name", "workspace", "because", "fields"}],
    "workspaces": [{"workspace", "action", "because", "nodes_before", "nodes_after",
    "dollars_per_hour_before", "dollars_per_hour_after", "at_most",
    "overlap": {"hours", "dollars", "hours_at_most", "dollars_at_most"}}]}
    "at_most" says that the price after is a bound, as of spot machines; "overlap" is told where nodes are
    replaced: what both pools cost until the new one stands.
    \b
    Of a review it prints {"summary", "hash", "fleet", "base", "head", "tree", "gpu_nodes_more",
    "gpu_nodes_less", "dollars_per_hour_more", "dollars_per_hour_less", "unpriced", "at_most",
    "workspaces": [{"workspace", "fate", "because", "before", "after", "dollars_per_hour_more", "pause",
    "overlap", "fit", "supply", "objects"}], "untouched", "objects", "rules", "findings", "limits", "total",
    "sight", "prices"}.
    """
    if bool(base) != bool(head):
        raise click.UsageError("--base and --head belong together")
    if base:
        sys.exit(_review(settings, base, head, output))
    if output == "markdown":
        raise click.UsageError("-o markdown is for a review: give --base and --head")
    sys.exit(_plan(settings, output))


def _plan(settings: Settings, output: str) -> int:
    from reconciler.domain.finding import has_errors
    from reconciler.present.plan import plan_json, plan_text
    from reconciler.wiring.house import engine_for

    with engine_for(settings) as engine:
        prospect = engine.plan()
    if output == "json":
        click.echo(json.dumps(plan_json(prospect.plan), indent=2))
    else:
        click.echo(plan_text(prospect.plan))
    findings = prospect.findings
    for line in (*findings, *prospect.problems, *prospect.observed.blind):
        click.echo(str(line), err=True)
    if has_errors(findings):
        click.echo("Error: a workspace with a mistake is left as it is, and not in this plan", err=True)
        return 1
    return 2 if prospect.plan.has_changes else 0


def _review(settings: Settings, base: str, head: str, output: str) -> int:
    from reconciler.domain.finding import has_errors
    from reconciler.present.review_json import review_json
    from reconciler.present.review_markdown import review_markdown
    from reconciler.present.review_text import review_text
    from reconciler.wiring.review import reviewer_for

    if settings.branch:
        raise click.UsageError("--branch is for a plan; a review has --base and --head")
    with reviewer_for(settings) as reviewer:
        review = reviewer.review(base, head)
    match output:
        case "json":
            click.echo(json.dumps(review_json(review), indent=2))
        case "markdown":
            click.echo(review_markdown(review), nl=False)
        case _:
            click.echo(review_text(review))
    mistakes = (*review.findings.new, *(review.rules.findings if review.rules else ()))
    if has_errors(mistakes):
        click.echo("Error: this pull request brings in a mistake, or is beyond the budget", err=True)
        return 1
    return 2 if review.has_changes else 0
