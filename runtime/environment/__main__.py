"""`python -m runtime.environment`: print the Python that has all the containers' programs need, made first
where it is not there yet. The exit code is 0, or 1 with a sentence that says why there is none.
"""

from __future__ import annotations

import sys

from runtime.environment.build import NotMade, ensure_environment
from runtime.environment.place import environment_folder


def main() -> int:
    """Print the path, and give the exit code."""
    folder = environment_folder()
    try:
        python = ensure_environment(folder)
    except NotMade as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(f"{python}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
