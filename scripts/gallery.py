"""See `python scripts/gallery.py --help`."""

from zoo.commands.gallery import main

if __name__ == "__main__":
    main()
