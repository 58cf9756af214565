"""A sizing as text a person can follow, and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from click import style

from reconciler.catalog.offer import Offer
from reconciler.catalog.preset import Preset
from reconciler.catalog.price import Price, PriceList
from reconciler.catalog.sizing import Sizing, TooSmall

from .columns import columns

_HEADINGS = ("INSTANCE TYPE", "GPU", "NODES", "TP×PP×DP", "LARGEST CONTEXT", "$/HOUR", "PRICE OF")


@dataclass(frozen=True, slots=True)
class Sized:
    """What was asked and found: `answer` is for the size asked about, else for the cheapest offer."""

    preset: Preset
    purpose: str
    answer: Sizing | TooSmall | None
    offers: tuple[Offer, ...]
    prices: PriceList
    doubts: tuple[str, ...] = ()


def sizing_text(sized: Sized) -> str:
    """The arithmetic line by line, then the sizes that fit, cheapest first. Terminal colours are in it."""
    lines = [
        *_steps(sized.preset, sized.answer),
        "",
        _offers(sized),
        *(f"Mind: {doubt}." for doubt in sized.doubts),
        style(f"Prices of {sized.prices.date}: {sized.prices.meaning}.", dim=True),
    ]
    return "\n".join(lines)


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


def _steps(preset: Preset, answer: Sizing | TooSmall | None) -> Iterable[str]:
    match answer:
        case Sizing():
            nodes = "1 node" if answer.nodes == 1 else f"{answer.nodes} nodes"
            yield style(f"{preset.name} on {answer.instance_type}: {nodes}", bold=True)
            yield from (f"  {number}. {step}" for number, step in enumerate(answer.because, 1))
        case TooSmall():
            yield style(f"{preset.name} on {answer.instance_type}: does not fit", bold=True)
            yield f"  {answer.reason}"
        case None:
            yield style(f"{preset.name}: no current size fits", bold=True)


def _offers(sized: Sized) -> str:
    if not sized.offers:
        return "No current size that we know of fits."
    rows = [_row(offer, sized.prices) for offer in sized.offers]
    return columns([_HEADINGS, *rows], right=(2, 3, 4, 5))


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
