"""`python -m reaper_tui`."""

from reaper_tui.cli import main

if __name__ == "__main__":
    main()
