"""From weights in a folder to a desk at which questions are answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runtime.artifacts import Mistaken
from runtime.serving.document import ServingConfig, Small
from runtime.serving.meters import Meters
from runtime.serving.small.clerk import Clerk
from runtime.serving.small.desk import Desk
from runtime.serving.small.engine import Engine
from runtime.serving.small.loading import load
from runtime.serving.small.shelf import Shelf, folders
from runtime.serving.telling import tell
from runtime.serving.turns import Turns


def open_desk(
    config: ServingConfig, small: Small, weights: Path, meters: Meters, loop: asyncio.AbstractEventLoop
) -> Desk:
    """Load model and adapters and start the engine. Blocks; Mistaken says what a person must mend. An adapter
    that cannot be served is such a thing; where they may change it is told, and the others serve."""
    loaded = load(config, small, weights)
    adapted = config.adapters.may_change or bool(folders(Path(config.adapters.folder)))
    shelf = Shelf(config.adapters, loaded.model, loaded.model.dtype, small.device)
    unusable = shelf.put_all()
    if unusable and not config.adapters.may_change:
        raise Mistaken(" ".join(map(str, unusable)))
    for each in unusable:
        tell("adapter left out", why=each)
    engine = Engine(small, loaded, adapted=adapted, loop=loop)
    engine.start()
    clerk = Clerk(config.model.served_name, loaded, shelf, engine.limit)
    turns = Turns(small.most_running, config.waiting)
    return Desk(engine, clerk, turns, meters)
