"""Composes configurations from YAML and overrides, as Hydra's command line does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.errors import ConfigCompositionException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from zoo.config.explain import explain, first_line
from zoo.config.listing import CONFIG_DIR
from zoo.config.validate import not_given
from zoo.errors import ZooError

_FIRST_BATCH = 8


def compose(overrides: Sequence[str] = (), *, config_name: str = "train", config_dir: Path | None = None) -> DictConfig:
    """Composes the configuration of a command from the `overrides` of its command line.

    Saves and restores the state of a running Hydra command.

    Raises:
        ZooError: an override with an unknown key or option, or with invalid syntax.
    """
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    with _hydra_state_kept(), initialize_config_dir(str(CONFIG_DIR), version_base="1.3"):
        try:
            config = hydra_compose(config_name, [*overrides, *extra])
        except (ConfigCompositionException, OverrideParseException, OmegaConfBaseException) as error:
            raise ZooError(explain(error, overrides, partial(compose, config_name=config_name))) from error
    return config


def compose_with_choices(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, str]]:
    """Composes `train` and returns the option of each group: `{"model": "lenet5", "data": "digits", …}`.

    Raises:
        ZooError: as `compose`.
    """
    with _hydra_state_kept(), initialize_config_dir(str(CONFIG_DIR), version_base="1.3"):
        try:
            config = hydra_compose("train", [*overrides], return_hydra_config=True)
        except (ConfigCompositionException, OverrideParseException, OmegaConfBaseException) as error:
            raise ZooError(explain(error, overrides, compose)) from error
    chosen = _own_groups(config.hydra.runtime.choices)
    with open_dict(config):
        del config["hydra"]
    return config, chosen


@contextmanager
def _hydra_state_kept() -> Iterator[None]:
    state = Singleton.get_state()
    store = ConfigStore.instance().repo
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        Singleton.set_state(state)
        ConfigStore.instance().repo = store


def to_dict(config: DictConfig) -> dict[str, Any]:
    """Converts `config` to plain containers with all interpolations resolved.

    Raises:
        ZooError: a mandatory value is missing, or an interpolation cannot be resolved.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ZooError(not_given(missing[0]))
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ZooError(first_line(error)) from error
    return _with_batch_size(_string_keys(container))


def _with_batch_size(values: dict[str, Any]) -> dict[str, Any]:
    """Spells `data.batch_size=auto` out: a small batch to begin with, and the search for the largest."""
    data = values.get("data")
    if "find_batch_size" in values and isinstance(data, dict) and data.get("batch_size") == "auto":
        return values | {"find_batch_size": True, "data": data | {"batch_size": _FIRST_BATCH}}
    return values


def choices() -> dict[str, str]:
    """Returns the option of each group in the running command: `{"model": "lenet5", "data": "digits", …}`."""
    return _own_groups(HydraConfig.get().runtime.choices)


def given_words() -> list[str]:
    """Returns the words of the running command that are not Hydra's own; in a sweep, those of this job."""
    return [str(word) for word in HydraConfig.get().overrides.task]


def _own_groups(chosen: Any) -> dict[str, str]:
    return {str(group): str(option) for group, option in chosen.items() if not str(group).startswith("hydra/")}


def chosen_options(config_name: str) -> dict[str, Any]:
    """Composes the group options of the running command without its other overrides; keeps interpolations."""
    groups = [f"{group}={option}" for group, option in choices().items() if option != "None"]
    sources = [source.path for source in HydraConfig.get().runtime.config_sources if source.schema == "file"]
    folders = [Path(path) for path in sources if path and Path(path) != CONFIG_DIR]
    composed = compose(groups, config_name=config_name, config_dir=folders[0] if folders else None)
    return _string_keys(OmegaConf.to_container(composed, resolve=False))


def _string_keys(container: Any) -> dict[str, Any]:
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}
