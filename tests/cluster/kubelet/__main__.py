"""`python -m tests.cluster.kubelet --kubeconfig F --nodes 2 --gpus 8`: runs until it is ended."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from tests.cluster.asking import Api
from tests.cluster.kubelet.kubelet import Kubelet
from tests.cluster.kubelet.pods import Pace


def main() -> None:
    """Make the nodes, then be their kubelet."""
    told = _words().parse_args()
    api = Api(told.kubeconfig, told.context, told.workers + 2)
    kubelet = Kubelet(api, Pace(told.ready_after, told.ends_after), told.prefix)
    kubelet.start(told.workers)
    kubelet.bring(told.nodes, told.gpus, dict(each.split("=", 1) for each in told.label))
    if told.heartbeat:
        kubelet.keep_alive(told.heartbeat)
    signal.pause()


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m tests.cluster.kubelet")
    words.add_argument("--kubeconfig", type=Path, required=True)
    words.add_argument("--context")
    words.add_argument("--nodes", type=int, default=0, help="how many to make")
    words.add_argument("--gpus", type=int, default=8, help="of each node made")
    words.add_argument("--label", action="append", default=[], help="NAME=VALUE, of each node made")
    words.add_argument("--prefix", default="", help="look after nodes whose names begin so; all where empty")
    words.add_argument("--ready-after", type=float, default=0.0, help="seconds from bound to ready")
    words.add_argument("--ends-after", type=float, default=0.0, help="seconds that a Job's pod runs")
    words.add_argument("--heartbeat", type=float, default=0.0, help="seconds between two; none where 0")
    words.add_argument("--workers", type=int, default=8)
    return words


main()
