"""Lists the options of configuration groups."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
CONFIG_DIR = _PACKAGE / "configs" if (_PACKAGE / "configs").is_dir() else _PACKAGE.parent / "configs"


def list_models(config_dir: Path | None = None) -> list[str]:
    """Returns the sorted names of all models: the files of `configs/model` and of `config_dir/model`."""
    return list_options("model", config_dir)


def list_options(group: str, config_dir: Path | None = None) -> list[str]:
    """Returns the sorted option names of a configuration group."""
    folders = [CONFIG_DIR / group] + ([config_dir / group] if config_dir else [])
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
