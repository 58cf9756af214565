"""A sizing as a table a person can follow, and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.catalog.offer import Offer
from reconciler.catalog.preset import Preset
from reconciler.catalog.price import Price, PriceList
from reconciler.catalog.sizing import Sizing, TooSmall


@dataclass(frozen=True, slots=True)
class Sized:
    """What was asked and found: `answer` is for the size asked about, else for the cheapest offer."""

    preset: Preset
    purpose: str
    answer: Sizing | TooSmall | None
    offers: tuple[Offer, ...]
    prices: PriceList
    doubts: tuple[str, ...] = ()


def sizing_table(sized: Sized) -> RenderableType:
    """The arithmetic line by line, then the sizes that fit, cheapest first."""
    return Group(
        *_steps(sized.preset, sized.answer),
        Text(),
        _offers(sized),
        *(Text(f"Mind: {doubt}.") for doubt in sized.doubts),
        Text(f"Prices of {sized.prices.date}: {sized.prices.meaning}.", style="dim"),
    )


def sizing_json(sized: Sized) -> dict[str, Any]:
    """The same as plain values; figures in GiB, tokens and US dollars an hour."""
    return {
        "model": sized.preset.name,
        "revision": sized.preset.revision,
        "purpose": sized.purpose,
        "answer": _answer(sized.answer),
        "offers": [_offer(offer) for offer in sized.offers],
        "prices": asdict(sized.prices),
        "doubts": list(sized.doubts),
    }


def _steps(preset: Preset, answer: Sizing | TooSmall | None) -> Iterable[Text]:
    match answer:
        case Sizing():
            nodes = "1 node" if answer.nodes == 1 else f"{answer.nodes} nodes"
            yield Text(f"{preset.name} on {answer.instance_type}: {nodes}", style="bold")
            yield from (Text(f"  {number}. {step}") for number, step in enumerate(answer.because, 1))
        case TooSmall():
            yield Text(f"{preset.name} on {answer.instance_type}: does not fit", style="bold")
            yield Text(f"  {answer.reason}")
        case None:
            yield Text(f"{preset.name}: no current size fits", style="bold")


def _offers(sized: Sized) -> RenderableType:
    if not sized.offers:
        return Text("No current size that we know of fits.")
    table = Table(box=None, pad_edge=False)
    for heading in ("INSTANCE TYPE", "GPU"):
        table.add_column(heading, no_wrap=True)
    for heading in ("NODES", "TP×PP×DP", "LARGEST CONTEXT", "$/HOUR"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("PRICE OF", no_wrap=True)
    for offer in sized.offers:
        table.add_row(*_row(offer, sized.prices))
    return table


def _row(offer: Offer, prices: PriceList) -> tuple[str, ...]:
    sizing = offer.sizing
    return (
        offer.instance.name,
        f"{offer.instance.gpu_count} × {offer.instance.gpu.model}",
        str(sizing.nodes),
        f"{sizing.tensor_parallel}×{sizing.pipeline_parallel}×{sizing.data_parallel}",
        f"{sizing.largest_context:,}",
        "unknown" if offer.usd_per_hour is None else f"{offer.usd_per_hour:,.2f}",
        _price_of(offer.instance.price, prices),
    )


def _price_of(price: Price, prices: PriceList) -> str:
    if price.usd_per_hour is None:
        return "-"
    sure = "" if price.confidence.startswith("high") else f" ({price.confidence} confidence)"
    return f"{price.region} {prices.date}{sure}"


def _answer(answer: Sizing | TooSmall | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {"fits": isinstance(answer, Sizing), **asdict(answer)}


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "instance_type": offer.instance.name,
        "gpu": offer.instance.gpu.model,
        "gpu_count": offer.instance.gpu_count,
        "usd_per_hour": offer.usd_per_hour,
        "price": asdict(offer.instance.price),
        "sizing": asdict(offer.sizing),
    }
