"""Where the YAML lives, how it is composed, and what is said when a word in it is wrong."""

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from zoo.config.signatures import parameters
from zoo.errors import ZooError

_PACKAGE = Path(__file__).resolve().parents[1]
CONFIG_DIR = _PACKAGE / "configs" if (_PACKAGE / "configs").is_dir() else _PACKAGE.parent / "configs"


def list_models(config_dir: Path | None = None) -> list[str]:
    """Names of the catalogue, which is the listing of `configs/model` (and of `config_dir/model`)."""
    return list_options("model", config_dir)


def list_options(group: str, config_dir: Path | None = None) -> list[str]:
    """Names of the options of a config group, sorted."""
    folders = [CONFIG_DIR / group] + ([config_dir / group] if config_dir else [])
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def compose(overrides: Sequence[str] = (), *, config_name: str = "train", config_dir: Path | None = None) -> DictConfig:
    """The composed configuration of a command, as its command line would give it.

    May be called while a Hydra command runs: its state is put back afterwards.

    Raises:
        ZooError: a word of `overrides` names nothing that exists.
    """
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    with _hydra_state_kept(), initialize_config_dir(str(CONFIG_DIR), version_base="1.3"):
        try:
            config = hydra_compose(config_name, [*overrides, *extra])
        except (ConfigCompositionException, OverrideParseException, OmegaConfBaseException) as error:
            raise ZooError(explain(error, config_name, overrides)) from error
    return config


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
    """`config` as plain containers with every interpolation resolved.

    Raises:
        ZooError: a mandatory value is missing, or an interpolation leads nowhere.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ZooError(f"`{missing[0]}` is not given: add {missing[0]}=… to the command")
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ZooError(_first_line(error)) from error
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def check(config: DictConfig, config_name: str = "train") -> None:
    """Refuses keys that nothing would read and values of the wrong kind, without importing what they configure.

    For the configuration of the running command.

    Raises:
        ZooError: names the key or value and what is allowed.
    """
    reference = _reference(config_name)
    for key in config:
        if key not in reference:
            raise ZooError(unknown("key", str(key), sorted(reference)))
    _check_node(to_dict(config), reference, "")


def _reference(config_name: str) -> dict[str, Any]:
    """What the running command would have composed from its choice of options alone."""
    hydra = HydraConfig.get()
    groups = [f"{group}={option}" for group, option in choices().items() if option != "None"]
    sources = [source.path for source in hydra.runtime.config_sources if source.schema == "file"]
    folders = [Path(path) for path in sources if path and Path(path) != CONFIG_DIR]
    composed = compose(groups, config_name=config_name, config_dir=folders[0] if folders else None)
    reference = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(reference, dict)
    return {str(key): value for key, value in reference.items()}


def _check_node(node: Any, reference: Any, where: str) -> None:
    if not isinstance(node, dict):
        return _check_value(node, reference, where)
    allowed = parameters(node["_target_"]) if "_target_" in node else None
    listed = reference if isinstance(reference, dict) else {}
    for key, value in node.items():
        path = f"{where}.{key}" if where else str(key)
        if allowed is not None and not str(key).startswith("_") and key not in allowed:
            names = [f"{where}.{name}" for name in sorted(allowed)]
            raise ZooError(unknown("key", path, names, [f"{where}.{name}" for name in listed if name != "_target_"]))
        _check_node(value, listed.get(key), path)


def _check_value(value: Any, reference: Any, where: str) -> None:
    if value == "" and reference != "":
        raise ZooError(f"`{where}` is empty: write a value after the =, or null")
    number = isinstance(reference, int | float) and not isinstance(reference, bool)
    if number and (isinstance(value, str | bool)):
        raise ZooError(f"`{where}` (={value}) must be a number, such as {reference}")
    if isinstance(reference, bool) and not isinstance(value, bool):
        raise ZooError(f"`{where}` (={value}) must be true or false")
    a_part = "." in where  # a command's own words may stand alone, as in suites=mnist
    if a_part and isinstance(reference, list) and isinstance(value, str | int | float):
        raise ZooError(f"`{where}` (={value}) must be a list, such as [{value}]")


def unknown(what: str, given: str, allowed: Sequence[str], listed: Sequence[str] = ()) -> str:
    """One line that says what was given, the nearest that exists, and all that exist (or those `listed`)."""
    close = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    hint = f"did you mean `{close[0]}`? " if close else ""
    return f"unknown {what} `{given}`: {hint}there are: {', '.join(sorted(listed or allowed)) or 'none'}"


def explain(error: Exception, config_name: str, overrides: Sequence[str] = ()) -> str:
    """One line for what Hydra or OmegaConf refused of `overrides`."""
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return unknown(group or "configuration", option, [*(error.options or list_options(group))])
    if refused := re.search(r"Could not load '([^']+)/([^/']+)'", text):
        return unknown(refused[1], refused[2], list_options(refused[1]))
    if "Config group override must be a string" in text:
        empty = [word.removesuffix("=null") for word in overrides if word.endswith("=null")]
        group = next((name for name in empty if (CONFIG_DIR / name).is_dir()), "")
        return f"`{group}` (=null): a group takes the name of an option: {', '.join(list_options(group))}"
    if isinstance(error, OverrideParseException):
        return f"`{error.override}` is not of the form KEY=VALUE: {text.splitlines()[1].strip()}"
    if refused := re.search(r"[Cc]ould not override '([^'@]+)'", text):
        try:
            return _unknown_key(refused[1], config_name, overrides)
        except ZooError:  # an option of the user's own folder, which is not looked into for the sake of a hint
            return unknown("key", refused[1], [])
    if refused := re.search(r"Could not append to config. An item is already at '([^']+)'", text):
        return f"`{refused[1]}` exists already: leave out the + before it"
    return _first_line(error)


def _unknown_key(key: str, config_name: str, overrides: Sequence[str]) -> str:
    """For a key that Hydra does not know: what stands in its place, with the options that were chosen."""
    parent, _, _ = key.rpartition(".")
    groups = [word for word in overrides if (CONFIG_DIR / word.partition("=")[0]).is_dir()]
    node: Any = compose(groups, config_name=config_name)
    if parent:
        node = OmegaConf.select(node, parent, throw_on_missing=False)
    if not isinstance(node, DictConfig):
        return _unknown_key(parent, config_name, overrides)
    start = f"{parent}." if parent else ""
    listed = [f"{start}{name!s}" for name in node if not str(name).startswith("_")]
    taken = parameters(node["_target_"]) or () if "_target_" in node else ()
    if key.removeprefix(start) in taken or not node:
        given = dict(word.split("=", 1) for word in overrides if "=" in word)
        return f"`{key}` is not in the configuration yet: add it with a plus, +{key}={given.get(key, '…')}"
    return unknown("key", key, [*listed, *(f"{start}{name}" for name in taken)], listed)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def choices() -> dict[str, str]:
    """Which option of each group the running command chose: `{"model": "lenet5", "data": "digits", …}`."""
    chosen = HydraConfig.get().runtime.choices
    return {str(group): str(option) for group, option in chosen.items() if not str(group).startswith("hydra/")}
