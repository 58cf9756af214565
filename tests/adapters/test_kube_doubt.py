"""Lists that lack what we knew: deleted since, or a list that ended too early."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.kube.looks import Looking
from reconciler.faults import Broken
from tests.adapters.kube_script import cluster_of, config_map, listing, ref
from tests.adapters.scripted import Answer, Asked

ONCE = Looking(watch=False)


def test_a_list_that_lacks_what_we_knew_is_asked_for_it_and_not_believed_where_it_is_there(
    tmp_path: Path,
) -> None:
    there, listed = [config_map(name, 5) for name in "abcd"], [4]

    def script(asked: Asked) -> Answer:
        named = asked.query.get("fieldSelector", "").removeprefix("metadata.name=")
        if named:
            return listing(9, *(each for each in there if each["metadata"]["name"] == named))
        return listing(9, *there[: listed[0]])

    with cluster_of(tmp_path, script, ONCE) as (cluster, _):
        assert len(cluster.objects()) == 4
        listed[0] = 2
        with pytest.raises(Broken, match="of 4 configmaps 2 were not listed, ConfigMap/default/c among"):
            cluster.objects()
        del there[2:]
        assert set(cluster.objects()) == {ref("a"), ref("b")}
