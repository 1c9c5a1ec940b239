"""``python -m r2psim`` is the same as ``r2psim``."""

from r2psim.cli import main

if __name__ == "__main__":
    main()
