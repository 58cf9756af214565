"""Our own sizing: what must hold for every model, size and context, and the cases KAITO gets wrong."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.catalog.kaito import kaito_nodes
from reconciler.catalog.layout import Layout, layouts
from reconciler.catalog.memory import BLOCK_TOKENS, cache_gib, given_gib, holds, longest_context, need
from reconciler.catalog.preset import Attention
from reconciler.catalog.sizing import Sizing, TooSmall, largest_context, size, size_for_nodes
from reconciler.catalog.verdict import fits
from tests.catalog.known import a_preset, an_instance, catalog, instance, preset

HEADS = st.sampled_from([8, 16, 24, 28, 32, 40, 64, 96, 128])


@st.composite
def attentions(draw: st.DrawFn) -> Attention:
    heads = draw(HEADS)
    kind = draw(st.sampled_from(["MHA", "GQA", "MQA", "MLA"]))
    divisors = [count for count in range(2, heads) if heads % count == 0]
    kv_heads = {"MQA": 1, "GQA": draw(st.sampled_from(divisors))}.get(kind, heads)
    latent = (512, 64) if kind == "MLA" else (None, None)
    return Attention(kind, draw(st.integers(1, 120)), heads, kv_heads, 128, heads * 128, *latent)


presets = st.builds(a_preset, st.floats(0.5, 900), attentions(), st.integers(1, 1_048_576))
instances = st.builds(an_instance, st.sampled_from([16, 24, 40, 80, 94, 141]), st.sampled_from([1, 2, 4, 8]))
contexts = st.integers(1, 300_000)
many = settings(max_examples=150, deadline=None)


@many
@given(presets, instances, contexts, contexts)
def test_more_context_never_needs_fewer_machines(model, machine, one, other) -> None:
    less, more = size(model, machine, min(one, other)), size(model, machine, max(one, other))
    if isinstance(less, TooSmall):
        assert isinstance(more, TooSmall)
    elif isinstance(more, Sizing):
        assert more.nodes >= less.nodes


@many
@given(presets, instances, contexts)
def test_what_is_sized_fits_and_one_machine_fewer_does_not(model, machine, context) -> None:
    sizing = size(model, machine, context)
    if isinstance(sizing, TooSmall):
        assert sizing.needs_gib > sizing.has_gib
        return
    assert sizing.per_gpu_gib <= sizing.given_gib
    assert sizing.gpus == sizing.nodes * machine.gpu_count
    assert sizing.gpus == sizing.tensor_parallel * sizing.pipeline_parallel * sizing.data_parallel
    assert size_for_nodes(model, machine, sizing.nodes, context) == sizing
    if sizing.nodes > 1:
        assert size_for_nodes(model, machine, sizing.nodes - 1, context) is None


@many
@given(presets, instances, st.integers(1, 6))
def test_the_largest_context_fits_and_one_block_more_does_not(model, machine, nodes) -> None:
    ways = layouts(model, machine, nodes)
    longest = largest_context(model, machine, nodes)
    assert longest <= model.token_limit
    if longest:
        assert any(holds(model, machine.gpu, way, longest) for way in ways)
    if longest < model.token_limit:
        assert longest % BLOCK_TOKENS == 0
        assert not any(holds(model, machine.gpu, way, longest + 1) for way in ways)


@many
@given(presets, instances, contexts)
def test_the_room_a_sizing_states_holds_what_it_was_sized_for(model, machine, context) -> None:
    sizing = size(model, machine, context)
    if isinstance(sizing, Sizing):
        assert sizing.context <= sizing.largest_context <= model.token_limit


@many
@given(presets, instances, contexts)
def test_a_larger_gpu_never_needs_more_machines(model, machine, context) -> None:
    larger = replace(machine, gpu=replace(machine.gpu, memory_gib=machine.gpu.memory_gib * 2))
    small, large = size(model, machine, context), size(model, larger, context)
    if isinstance(small, Sizing):
        assert isinstance(large, Sizing)
        assert large.nodes <= small.nodes


@many
@given(presets, instances, st.integers(1, 8))
def test_every_layout_uses_all_gpus_and_divides_the_heads(model, machine, nodes) -> None:
    for way in layouts(model, machine, nodes):
        assert way.gpus == nodes * machine.gpu_count
        assert model.attention.heads % way.tensor == 0
        assert way.pipeline <= model.attention.layers


def test_the_cache_of_mla_is_kept_whole_on_every_tensor_parallel_gpu() -> None:
    deepseek = preset("deepseek-r1-0528")
    alone, eight = (need(deepseek, Layout(1, degree, 1, 1), 32768).cache_gib for degree in (1, 8))
    assert alone == eight == pytest.approx(32768 * 70272 / 2**30)


def test_the_cache_of_gqa_is_divided_as_far_as_there_are_heads() -> None:
    llama = preset("llama-3.1-8b-instruct")
    shares = [need(llama, Layout(1, degree, 1, 1), 4096).cache_gib for degree in (1, 2, 8, 16)]
    whole = cache_gib(llama, 4096)
    assert shares == pytest.approx([whole, whole / 2, whole / 8, whole / 8])


def test_pipeline_stages_share_layers_and_the_fullest_counts() -> None:
    deepseek = preset("deepseek-r1-0528")
    whole = cache_gib(deepseek, 4096)
    assert need(deepseek, Layout(4, 1, 4, 1), 4096).cache_gib == pytest.approx(whole * 16 / 61)


def test_a_long_mla_context_needs_more_machines_than_kaito_says() -> None:
    mistral, a100 = preset("mistralai/mistral-small-4-119b-2603"), instance("Standard_ND96asr_v4")
    sizing = size(mistral, a100, 1_048_576)
    assert isinstance(sizing, Sizing)
    assert kaito_nodes(mistral, a100, 1_048_576) == 1
    assert sizing.nodes == 2
    assert need(mistral, Layout(1, 8, 1, 1), 1_048_576).cache_gib == pytest.approx(22.5)


def test_heads_that_do_not_divide_get_a_narrower_tensor_degree() -> None:
    sizing = size(preset("phi-4"), instance("Standard_ND96asr_v4"))
    assert isinstance(sizing, Sizing)
    assert (sizing.tensor_parallel, sizing.pipeline_parallel, sizing.data_parallel) == (2, 1, 4)


def test_copies_give_way_to_tensor_parallel_where_the_context_needs_it() -> None:
    llama, machine = preset("llama-3.1-8b-instruct"), instance("Standard_NC48ads_A100_v4")
    short, long = size(llama, machine, 2048), size(a_preset(30, llama.attention, 1_000_000), machine, 400_000)
    assert isinstance(short, Sizing)
    assert isinstance(long, Sizing)
    assert (short.tensor_parallel, short.data_parallel) == (1, 2)
    assert (long.nodes, long.tensor_parallel, long.data_parallel) == (1, 2, 1)


def test_a_context_above_the_limit_is_sized_for_the_limit() -> None:
    sizing = size(preset("phi-3-mini-4k-instruct"), instance("Standard_NC24ads_A100_v4"), 1_000_000)
    assert isinstance(sizing, Sizing)
    assert sizing.context == sizing.largest_context == 4096


def test_without_a_context_two_thousand_tokens_are_planned_for() -> None:
    sizing = size(preset("phi-4"), instance("Standard_NC24ads_A100_v4"))
    assert isinstance(sizing, Sizing)
    assert sizing.context == 2048


def test_a_gpu_smaller_than_the_overhead_is_too_small_and_says_so() -> None:
    answer = size(preset("phi-4"), instance("Standard_NV6ads_A10_v5"), 16384)
    assert isinstance(answer, Sizing)  # forty machines of a sixth of a card: possible, and never offered
    tiny = size(preset("phi-4"), an_instance(2, 1))
    assert isinstance(tiny, TooSmall)
    assert "gives vLLM 1.7 GiB" in tiny.reason


def test_a_size_of_unknown_memory_is_not_sized() -> None:
    answer = size(preset("phi-4"), instance("Standard_NC24lds_xl_RTXPRO6000BSE_v6"))
    assert isinstance(answer, TooSmall)
    assert "not known well enough" in answer.reason


def test_vllm_is_given_less_of_an_a10() -> None:
    assert given_gib(instance("Standard_NV36ads_A10_v5").gpu) == pytest.approx(24 * 0.82)
    assert given_gib(instance("Standard_NC24ads_A100_v4").gpu) == pytest.approx(80 * 0.84)


def test_the_steps_lead_to_the_answer() -> None:
    sizing = size(preset("phi-4"), instance("Standard_NV36ads_A10_v5"))
    assert isinstance(sizing, Sizing)
    assert sizing.nodes == 2
    steps = "\n".join(sizing.because)
    assert "27.31 GiB of files × 1.02 = 27.86" in steps
    assert "2 machines × 1 GPU = 2 GPU = 1 tensor × 2 pipeline × 1 data" in steps
    assert f"together {sizing.per_gpu_gib:.2f} GiB of {sizing.given_gib:.2f}" in steps


def test_the_steps_say_where_the_context_is_an_upper_bound() -> None:
    hybrid = size(preset("qwen/qwen3.6-27b"), instance("Standard_NC24ads_A100_v4"))
    assert isinstance(hybrid, Sizing)
    assert hybrid.because[1].endswith("262,144 bytes at most: some layers keep less")


def test_where_kaito_says_otherwise_the_steps_tell() -> None:
    differs = size(preset("deepseek-r1-0528"), instance("Standard_NC24ads_A100_v4"))
    agrees = size(preset("deepseek-r1-0528"), instance("Standard_ND96isr_H200_v5"))
    assert isinstance(differs, Sizing)
    assert isinstance(agrees, Sizing)
    assert "KAITO's own estimator says 11" in differs.because[-1]
    assert not any("KAITO" in step for step in agrees.because)


@pytest.mark.parametrize(
    ("model", "machine", "nodes", "context", "reason"),
    [
        ("phi-4", "Standard_NV36ads_A10_v5", 1, None, "needs 2 × Standard_NV36ads_A10_v5, not 1"),
        ("phi-4", "Standard_NC24ads_A100_v4", 1, 20000, "reads at most 16,384 tokens, not 20,000"),
        ("phi-4", "Standard_NC64as_T4_v3", 1, None, "compute capability 7.5; presets need 8.0"),
        ("phi-4", "Standard_ND96isr_MI300X_v5", 1, None, "AMD GPUs"),
        ("phi-4", "Standard_ND128isr_NDR_GB200_v6", 1, None, "arm64"),
        ("deepseek-ai/deepseek-v3.2", "Standard_ND96amsr_A100_v4", 2, None, "DeepGEMM"),
    ],
)
def test_a_verdict_says_why_not(
    model: str, machine: str, nodes: int, context: int | None, reason: str
) -> None:
    verdict = fits(preset(model), instance(machine), nodes, context)
    assert not verdict.fits
    assert any(reason in one for one in verdict.reasons), verdict.reasons


def test_a_verdict_on_enough_machines_has_nothing_to_say_against_them() -> None:
    verdict = fits(preset("phi-4"), instance("Standard_NV36ads_A10_v5"), 3, 16384)
    assert verdict.fits
    assert verdict.reasons == ()
    assert verdict.sizing is not None
    assert verdict.sizing.nodes == 3


def test_a_retired_size_never_fits() -> None:
    retired = catalog().sizes.find("Standard_NC6s_v3")
    assert retired is not None
    verdict = fits(preset("phi-4"), retired, 1)
    assert verdict.reasons == ("Standard_NC6s_v3 was retired on 2025-09-30",)


def test_room_and_need_agree_for_every_model_we_know() -> None:
    h200 = instance("Standard_ND96isr_H200_v5")
    for model in catalog().presets:
        for way in layouts(model, h200, 1):
            room = longest_context(model, h200.gpu, way)
            assert room == 0 or holds(model, h200.gpu, way, room)
