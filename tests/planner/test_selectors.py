"""What a label selector asks of a node is asked in one way by rules, pods and status."""

from __future__ import annotations

from reconciler.domain.workspace import LabelSelector


def test_an_expression_goes_before_a_label_and_only_a_single_in_is_one() -> None:
    asked = LabelSelector.model_validate_json(
        '{"matchLabels": {"b": "2", "a": "1", "kaito.sh/workspace": "w", "team.kaito.sh/x": "3"},'
        ' "matchExpressions": [{"key": "a", "operator": "In", "values": ["9"]},'
        ' {"key": "c", "operator": "NotIn", "values": ["4"]},'
        ' {"key": "d", "operator": "In", "values": ["5", "6"]}]}'
    )

    assert list(asked.node_labels.items()) == [("a", "9"), ("b", "2"), ("team.kaito.sh/x", "3")]
