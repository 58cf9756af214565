"""Which road leads to a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runtime.artifacts.contents import Expected, require
from runtime.artifacts.disk import writing
from runtime.artifacts.document import FolderSource, HubSource, OciSource, Source, UrlsSource
from runtime.artifacts.hub.fetch import fetch_hub
from runtime.artifacts.oci.fetch import fetch_oci
from runtime.artifacts.patience import STEADY, Patience
from runtime.artifacts.progress import Progress
from runtime.artifacts.record import holding
from runtime.artifacts.web.fetch import fetch_urls

__all__ = ["Expected", "fetch_source"]


def fetch_source(
    source: Source,
    folder: Path,
    tell: Callable[[Progress], None],
    *,
    expects: Expected = Expected.ANYTHING,
    patience: Patience = STEADY,
) -> Path:
    """Bring `source` into `folder`, see that it holds what is expected, and give the folder it lies in."""
    if isinstance(source, FolderSource):
        require(Path(source.path), expects)
        return Path(source.path)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with holding(folder):
        match source:
            case HubSource():
                fetch_hub(source, folder, tell, patience)
            case OciSource():
                fetch_oci(source, folder, tell, patience)
            case UrlsSource():
                fetch_urls(source, folder, tell, patience)
    require(folder, expects)
    return folder
