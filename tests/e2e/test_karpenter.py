"""Nodes that Karpenter makes: asked for as one NodePool a workspace, read back by its NodeClaims."""

from __future__ import annotations

from .stage import Stage, config_repo, workspace

CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"
POOLS = "/apis/karpenter.sh/v1/nodepools"


def test_a_fleet_whose_nodes_are_karpenters_serves_and_gives_them_back(stage: Stage) -> None:
    files = config_repo("chat")
    files["towline.yaml"] = files["towline.yaml"].replace("spec:", "spec:\n  nodeProvisioner: karpenter", 1)
    stage.person.push({**files, "workspaces/stays.yaml": workspace("stays")})
    with stage.daemon("--poll", "1") as daemon:
        stage.becomes_phase("chat", "Ready", daemon)
        stage.becomes_phase("stays", "Ready", daemon)
        names = [each["metadata"]["name"] for each in stage.outlook.ask("GET", POOLS)[1]["items"]]
        assert sorted(names) == ["default-chat", "default-stays"]
        assert len(stage.outlook.ask("GET", CLAIMS)[1]["items"]) == 2
        assert len(stage.outlook.pools()) == 0

        stage.person.push({"workspaces/chat.yaml": None})
        stage.becomes(lambda: len(stage.outlook.ask("GET", CLAIMS)[1]["items"]) == 1, daemon)
        assert stage.person.phase("stays") == "Ready"
