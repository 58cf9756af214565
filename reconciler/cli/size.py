"""`towline size`: how many machines a model needs, and which are cheapest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reconciler.catalog.catalog import Catalog
    from reconciler.catalog.gpu import InstanceType
    from reconciler.catalog.offer import Offer
    from reconciler.catalog.preset import Preset
    from reconciler.present.sizes import Sized


@click.command("size")
@click.argument("model")
@click.option(
    "--instance-type", metavar="SKU", help="Size for this machine; without, for the cheapest that fits."
)
@click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="TOKENS",
    help="Length of one sequence; 2048 when not given, and never more than the model reads.",
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["vllm", "transformers", "lora", "qlora"]),
    default="vllm",
    show_default=True,
    help="To serve it with vLLM or transformers, or to tune it with LoRA or QLoRA.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--revision", help="Branch, tag or commit of a model outside the catalog.")
@click.option("--offline", is_flag=True, help="Ask nobody; use what was read before.")
@click.option("--endpoint", envvar="HF_ENDPOINT", default="https://huggingface.co", hidden=True)
@click.option("--token", envvar="HF_TOKEN", hidden=True)
@click.option("--cache-dir", type=click.Path(path_type=Path), envvar="TOWLINE_CACHE", hidden=True)
def command(
    model: str, instance_type: str | None, context: int | None, purpose: str, output: str, **hub: Any
) -> None:
    """Work out what MODEL (a preset name or a Hugging Face org/name) needs, and list the sizes that fit.

    \b
    towline size phi-4-mini-instruct
    towline size llama-3.3-70b-instruct --context 32768
    towline size phi-4 --instance-type Standard_NC24ads_A100_v4

    TP×PP×DP is how vLLM spreads the model: tensor × pipeline × data parallel, in GPUs.

    \b
    -o json prints {"model", "revision", "purpose", "answer", "doubts": [text],
    "offers": [{"instance_type", "gpu", "gpu_count", "usd_per_hour", "price", "sizing"}],
    "prices": {"date", "source", "meaning"}}. "answer" and "sizing" hold "instance_type", "context",
    "weights_gib", "kv_gib", "overhead_gib", "per_gpu_gib", "given_gib", "gpus", "nodes",
    "tensor_parallel", "pipeline_parallel", "data_parallel", "largest_context", "because": [step];
    "answer" has "fits", and "reason", "needs_gib", "has_gib" where it does not fit. Null is unknown.
    """
    from reconciler.wiring import load_catalog

    catalog = load_catalog()
    preset, doubts = _preset(catalog, model, hub)
    if context and context > preset.token_limit:
        doubts = (*doubts, f"the model reads {preset.token_limit:,} tokens, so it is sized for these")
    sized = _sized(catalog, preset, instance_type, context, purpose)
    _print(sized, doubts, output)


def _preset(catalog: Catalog, model: str, hub: dict[str, Any]) -> tuple[Preset, tuple[str, ...]]:
    from reconciler.catalog.catalog import Retired, Unknown

    match catalog.preset(model):
        case Unknown() as unknown if unknown.is_hub_name:
            return _from_hub(catalog, model, **hub)
        case Unknown(nearest=nearest):
            near = f" Did you mean {', '.join(nearest)}?" if nearest else ""
            raise click.ClickException(f"No preset is called {model}.{near}")
        case Retired(reason=reason, instead=instead):
            raise click.ClickException(f"{model} is retired: {reason}. Use {instead} instead.")
        case preset:
            return preset, ()


def _from_hub(
    catalog: Catalog, model: str, cache_dir: Path | None, revision: str | None, **door: Any
) -> tuple[Preset, tuple[str, ...]]:
    from reconciler.catalog.huggingface import read_model
    from reconciler.faults import Fault
    from reconciler.wiring import hub_door

    shelf = cache_dir or Path(click.get_app_dir("towline"))
    try:
        facts = hub_door(shelf / "hub", **door).describe(model, revision)
    except Fault as fault:
        raise click.ClickException(str(fault)) from fault
    reading = read_model(facts, catalog.rules)
    if reading.preset is None:
        raise click.ClickException("; ".join(reading.problems))
    return reading.preset, reading.doubts


def _sized(
    catalog: Catalog, preset: Preset, instance_type: str | None, context: int | None, purpose: str
) -> Sized:
    from reconciler.catalog.offer import cheapest
    from reconciler.catalog.purpose import cannot, size_for
    from reconciler.catalog.verdict import unsuited
    from reconciler.present.sizes import Sized

    if refusal := cannot(preset, purpose):
        raise click.ClickException(refusal)
    offers = cheapest(catalog, preset, context, purpose=purpose)
    if instance_type is None:
        first = offers[0].sizing if offers else None
        return Sized(preset, purpose, first, offers, catalog.sizes.prices)
    instance = _instance(catalog, instance_type, offers)
    answer = size_for(purpose, preset, instance, context)
    return Sized(preset, purpose, answer, offers, catalog.sizes.prices, unsuited(preset, instance))


def _instance(catalog: Catalog, name: str, offers: tuple[Offer, ...]) -> InstanceType:
    from reconciler.catalog.catalog import Unknown
    from reconciler.catalog.gpu import RetiredSize
    from reconciler.catalog.offer import list_in_words

    cheaper = f"Cheapest current sizes that fit: {list_in_words(offers)}."
    match catalog.instance_type(name):
        case RetiredSize() as retired:
            raise click.ClickException(f"{retired.in_words()}. {cheaper}")
        case Unknown(nearest=nearest):
            near = f" Did you mean {', '.join(nearest)}?" if nearest else ""
            raise click.ClickException(f"We know no size {name}.{near} {cheaper}")
        case instance:
            return instance


def _print(sized: Sized, doubts: tuple[str, ...], output: str) -> None:
    import json
    from dataclasses import replace

    from reconciler.present.sizes import sizing_json, sizing_text

    whole = replace(sized, doubts=doubts + sized.doubts)
    if output == "json":
        click.echo(json.dumps(sizing_json(whole), indent=2, ensure_ascii=False))
    else:
        click.echo(sizing_text(whole))
