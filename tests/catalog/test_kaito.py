"""KAITO's estimator, kept exactly."""

from pathlib import Path

import pytest
import yaml

from reconciler.catalog.kaito import kaito_layout, kaito_nodes
from tests.catalog.known import OUR_OWN, an_instance, catalog, instance, preset

ANCHORS = yaml.safe_load((Path(__file__).parent / "kaito_nodes.yaml").read_text())


@pytest.mark.parametrize("model", ANCHORS["estimates"])
def test_nodes_and_parallelism_equal_kaitos_on_all_its_sizes(model: str) -> None:
    one = preset(model)
    sizes = [instance(name) for name in ANCHORS["instance_types"]]
    found = []
    for size in sizes:
        nodes = kaito_nodes(one, size)
        assert nodes is not None
        layout = kaito_layout(one, size, nodes)
        found.append(f"{nodes}/{layout.tensor}/{layout.pipeline}/{layout.data}")
    assert found == ANCHORS["estimates"][model]


def test_the_anchors_cover_every_model_of_kaitos_on_all_fourteen_sizes() -> None:
    assert set(ANCHORS["estimates"]) == {one.name for one in catalog().presets} - OUR_OWN
    assert len(ANCHORS["instance_types"]) == 14
    assert {size.kaito_name for size in catalog().instance_types} - {None} == set(ANCHORS["instance_types"])


def test_a_gpu_smaller_than_overhead_and_context_has_no_estimate() -> None:
    assert kaito_nodes(preset("phi-4"), an_instance(2.5, 1)) is None
    assert kaito_nodes(preset("phi-4"), an_instance(16, 1), context=131072) is None


def test_a_size_of_unknown_memory_has_no_estimate() -> None:
    assert kaito_nodes(preset("phi-4"), instance("Standard_NC24lds_xl_RTXPRO6000BSE_v6")) is None
