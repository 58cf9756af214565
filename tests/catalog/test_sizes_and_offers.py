"""Machine sizes by name, and the offers made of them."""

import pytest

from reconciler.catalog.catalog import Unknown
from reconciler.catalog.gpu import InstanceType, RetiredSize
from reconciler.catalog.offer import Offer, cheapest, list_in_words
from reconciler.catalog.purpose import PURPOSES, cannot, size_for
from reconciler.catalog.sizing import Sizing, TooSmall
from tests.catalog.known import catalog, instance, preset


def test_all_sizes_are_read() -> None:
    sizes = catalog().sizes
    listed = len(sizes.current) + sum(
        size.series in ("NVv2", "NVv3", "NVv4", "NCv3") for size in sizes.retired.values()
    )
    assert listed == 65


def test_a_size_is_found_in_any_casing_and_under_kaitos_spelling() -> None:
    assert instance("STANDARD_nc24ads_a100_V4").name == "Standard_NC24ads_A100_v4"
    assert instance("standard_nd96asr_a100_v4").name == "Standard_ND96asr_v4"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Standard_NC6s_v3", "Standard_NC6s_v3 was retired on 2025-09-30"),
        ("standard_nc24rs_v3", "Standard_NC24rs_v3 was retired on 2025-09-30"),
        ("Standard_NC6", "Standard_NC6 was retired on 2023-09-06"),
        ("Standard_NC6_Promo", "Standard_NC6 was retired on 2023-09-06"),
        ("Standard_NV12s_v3", "Standard_NV12s_v3 was retired on 2026-09-30"),
        ("Standard_NV12s_v2", "Standard_NV12s_v2 is retired"),
        ("Standard_NC128ds_xl_RTXPRO6000BSE_v6", "Standard_NC128ds_xl_RTXPRO6000BSE_v6 was retired in 2026"),
    ],
)
def test_a_retired_size_says_since_when(name: str, words: str) -> None:
    found = catalog().instance_type(name)
    assert isinstance(found, RetiredSize)
    assert found.in_words() == words


def test_an_unknown_size_names_the_nearest() -> None:
    found = catalog().instance_type("Standard_NC24ads_A10_v4")
    assert isinstance(found, Unknown)
    assert "Standard_NC24ads_A100_v4" in found.nearest


@pytest.mark.parametrize("model", [one.name for one in catalog().presets])
def test_offers_are_sorted_and_of_sizes_one_can_have(model: str) -> None:
    offers = cheapest(catalog(), preset(model))
    assert offers
    prices = [offer.usd_per_hour for offer in offers if offer.usd_per_hour is not None]
    assert prices == sorted(prices)
    for offer in offers:
        size: InstanceType = offer.instance
        assert size.status == "current"
        assert size.gpu.vendor == "NVIDIA"
        assert (size.gpu.compute_capability or 0) >= 8.0
        assert offer.sizing.nodes == 1 or not size.gpu.is_partition
        assert offer.usd_per_hour == pytest.approx((size.price.usd_per_hour or 0) * offer.sizing.nodes)


def test_unknown_prices_come_last_and_are_said_to_be_unknown() -> None:
    offers = cheapest(catalog(), preset("phi-4"))
    unpriced = Offer(offers[0].instance, offers[0].sizing, None)
    assert "price unknown" in unpriced.in_words()
    assert instance("Standard_ND128isr_GB300_v6").price.hourly(2) is None


def test_the_offers_read_as_a_list_in_a_sentence() -> None:
    offers = cheapest(catalog(), preset("phi-4-mini-instruct"))
    words = list_in_words(offers)
    assert words.startswith("Standard_NV36ads_A10_v5 ($3.20/h, 1 node), ")
    assert words.endswith(", …")
    assert list_in_words(()) == "none that we know of"


def test_more_context_never_makes_the_cheapest_cheaper() -> None:
    gemma = preset("google/gemma-4-31b-it")
    prices = [cheapest(catalog(), gemma, tokens)[0].usd_per_hour or 0 for tokens in (2048, 65536, 262144)]
    assert prices == sorted(prices)
    assert prices[0] < prices[-1]


def test_transformers_serves_on_one_machine_or_not_at_all() -> None:
    llama = preset("llama-3.3-70b-instruct")
    alone = size_for("transformers", llama, instance("Standard_NC24ads_A100_v4"))
    four = size_for("transformers", llama, instance("Standard_NC96ads_A100_v4"), 8192)
    assert isinstance(alone, TooSmall)
    assert "on one machine" in alone.reason
    assert isinstance(four, Sizing)
    assert (four.nodes, four.gpus) == (1, 4)
    assert four.largest_context >= 8192


def test_qlora_needs_less_than_lora_and_both_are_tuned_on_one_machine() -> None:
    phi = preset("phi-4")
    lora, qlora = (
        size_for(method, phi, instance("Standard_NC48ads_A100_v4")) for method in ("lora", "qlora")
    )
    assert isinstance(lora, Sizing)
    assert isinstance(qlora, Sizing)
    assert qlora.per_gpu_gib < lora.per_gpu_gib
    assert lora.nodes == 1
    assert lora.data_parallel == 2
    assert any("KAITO's own figure is 70" in step for step in lora.because)


def test_every_tuning_preset_can_be_tuned_somewhere_for_a_known_price() -> None:
    tunable = [one for one in catalog().presets if one.tuning]
    assert len(tunable) == 11
    for one in tunable:
        for method in ("lora", "qlora"):
            assert cheapest(catalog(), one, purpose=method)[0].usd_per_hour


def test_a_longer_training_sequence_needs_more_memory() -> None:
    phi, machine = preset("phi-4"), instance("Standard_NC24ads_A100_v4")
    short, long = size_for("lora", phi, machine, 512), size_for("lora", phi, machine, 8192)
    assert isinstance(short, Sizing)
    assert isinstance(long, Sizing)
    assert long.per_gpu_gib > short.per_gpu_gib


def test_what_a_preset_is_not_made_for_is_said() -> None:
    llama = preset("llama-3.1-8b-instruct")
    assert [cannot(llama, purpose) == "" for purpose in PURPOSES] == [True, True, False, False]
    assert "it is for vllm, transformers" in cannot(llama, "lora")
