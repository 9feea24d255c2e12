"""The text of `--help`: without Hydra, which copies its search path for each group that it lists (0.9 s of 1.6)."""

from pathlib import Path
from string import Template

import yaml

from zoo.config.listing import CONFIG_DIR, list_options
from zoo.config.signatures import parameters
from zoo.weights import shipped

_TASKS = Path(__file__).resolve().parents[1] / "tasks"


def help_text(name: str, config_dir: Path | None = None) -> str:
    """Returns the help of the command `configs/NAME.yaml`, with the options of each group, `config_dir`'s included."""
    config = yaml.safe_load((CONFIG_DIR / f"{name}.yaml").read_text(encoding="utf-8"))
    lines = "".join(f"{group}: {', '.join(list_options(group, config_dir))}\n" for group in _groups(name, config_dir))
    template = Template(config["hydra"]["help"]["template"])
    values = {"APP_CONFIG_GROUPS": lines, "TASK_OPTIONS": _task_options(), "WEIGHTS": ", ".join(shipped())}
    return template.substitute(values)


def _groups(name: str, config_dir: Path | None) -> list[str]:
    """The groups that a command chooses from, with those of a user's own folder."""
    used = _chosen_groups(name)
    roots = [CONFIG_DIR, *([config_dir] if config_dir else [])]
    found = {(root, path.parent.relative_to(root).as_posix()) for root in roots for path in root.glob("*/**/*.yaml")}
    return sorted({group for root, group in found if root != CONFIG_DIR or group.partition("/")[0] in used})


def _chosen_groups(name: str) -> set[str]:
    """The groups in the defaults of a command, and of the commands that it extends."""
    defaults = yaml.safe_load((CONFIG_DIR / f"{name}.yaml").read_text(encoding="utf-8"))["defaults"]
    extended = [entry for entry in defaults if isinstance(entry, str) and entry != "_self_"]
    own = {str(group).removeprefix("override ") for entry in defaults if isinstance(entry, dict) for group in entry}
    return own.union(*map(_chosen_groups, extended))


def _task_options() -> str:
    """The options of `predict` in each task, from its source text."""
    lines = []
    for path in sorted(_TASKS.rglob("predict.py")):
        task = path.parent.relative_to(_TASKS).parts
        takes = parameters(f"zoo.tasks.{'.'.join(task)}.predict.predict") or {}
        options = [option for option, parameter in takes.items() if parameter.kind is parameter.KEYWORD_ONLY]
        lines.append(f"  {'/'.join(task)}: {', '.join(options) or '–'}\n")
    return "".join(lines)
