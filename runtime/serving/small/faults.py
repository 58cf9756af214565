"""What the engine cannot do with what it was given. Light: torch is not needed to name it."""


class UnusableAdapter(Exception):
    """An adapter that cannot be served; `str()` is one sentence that names its folder."""
