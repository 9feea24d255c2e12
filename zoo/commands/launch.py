"""Runs a command: composes and checks its configuration before heavy imports, reports a user's mistake in one line."""

import errno
import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from signal import Signals
from typing import Any

from zoo import __version__, signals
from zoo.commands.output import outlast_readers
from zoo.commands.threads import spin_briefly

_MULTIRUN = ("-m", "--multirun")
Command = Callable[[dict[str, Any]], float | None]
"""Runs the values of a configuration; a sweeper of Hydra optimizes the number that it returns."""
_NOT_WRITABLE = {errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR}
_LEFT_ALONE = ("Connection closed by peer", "Connection reset by peer", "remote process exited")  # Gloo and NCCL
_WORKER = re.compile(r"DataLoader worker \(pid.*?(?:is killed by signal: (\w+)|exited unexpectedly)", re.DOTALL)
_HYDRA_LEAVES = {".hydra"}  # in the run directory before the command writes


def launch(name: str, command: Command, *, task_options: bool = False) -> None:
    """Runs `command` on the configuration `configs/NAME.yaml` with the overrides of the command line.

    With `task_options`, overrides of unknown keys become options of the checkpoint's task. A user's mistake ends the
    process with exit code 2 and one line on standard error. Signals are handled until the process ends.
    """
    with signals.handled():
        try:
            _launch(name, command, task_options=task_options)
        except signals.Stopped as stopped:
            if _is_first():
                print(f"\nzoo-{name}: stopped by {Signals(stopped.number).name}; {stopped.advice}", file=sys.stderr)
            raise


def _launch(name: str, command: Command, *, task_options: bool) -> None:
    spin_briefly()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    outlast_readers()
    sys.path.append(str(Path.cwd()))  # to import a user's modules from the working directory
    config_dir = _config_dir()
    if config_dir == Path():
        _fail(name, "--config-dir is not given a folder: write --config-dir FOLDER")
    if config_dir is not None and not config_dir.is_dir():
        _fail(name, f"--config-dir: there is no folder {config_dir}")

    if "--version" in sys.argv[1:]:
        from zoo.distribution import NAME

        print(f"{NAME} {__version__}")
        return
    sys.argv[1:] = sorted(sys.argv[1:], key=lambda word: word not in _MULTIRUN)  # argparse reads one row of values
    if {"--help", "-h"} & set(sys.argv[1:]):
        from zoo.config.help import help_text

        try:
            print(help_text(name, config_dir), flush=True)
        except BrokenPipeError:  # `--help | head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return

    _run(name, command, config_dir, task_options=task_options)


def _run(name: str, command: Command, config_dir: Path | None, *, task_options: bool) -> None:
    from zoo.config.other_words import dashed

    if message := dashed(sys.argv[1:], partial(_listed, name)):
        _fail(name, message)

    import hydra
    from hydra.errors import ConfigCompositionException, HydraException
    from omegaconf.errors import OmegaConfBaseException

    from zoo.commands.sweeps import end_sweep, running_sweep
    from zoo.commands.task_options import refuse_misspelled_keys, with_task_options
    from zoo.config.compose import choices, chosen_options, compose, to_dict
    from zoo.config.explain import explain, explained_data_task, refused_options
    from zoo.config.listing import CONFIG_DIR
    from zoo.config.validate import validate
    from zoo.errors import ZooError

    if message := refused_options(sys.argv[1:]):
        _fail(name, message)

    follower = int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0"))) > 0
    if follower:  # of torchrun or SLURM: the first process has the run directory
        sys.argv.append("hydra.output_subdir=null")

    if task_options:
        sys.argv[1:] = with_task_options(sys.argv[1:], CONFIG_DIR / f"{name}.yaml")

    started: list[Path] = []

    def checked(config: Any) -> float | None:
        folder, value, sweep = run_directory(), None, running_sweep()
        started.append(folder)
        try:
            if task_options:
                refuse_misspelled_keys(config)
            values = to_dict(config)
            with explained_data_task(choices().get("data_task", "")):
                validate(values, chosen_options(name))
            value = command(values)
        except ZooError as error:  # here: Hydra would print its own line
            _remove_if_untouched(folder)
            end_sweep(sweep)
            _fail(name, str(error))
        except ModuleNotFoundError as error:
            _fail_if_optional(name, error)
            raise
        except OSError as error:
            _fail_if_not_writable(name, error)
            raise
        except (RuntimeError, MemoryError) as error:
            _fail_if_left_alone(name, error)
            _fail_if_out_of_memory(name, error)
            raise
        if follower:
            _remove_if_untouched(folder)
        return value

    def fail_explained(error: Exception) -> None:
        _fail(name, explain(error, sys.argv[1:], partial(compose, config_name=name, config_dir=config_dir)))

    main = hydra.main(version_base="1.3", config_path=str(CONFIG_DIR), config_name=name)(checked)
    try:
        main()
    except (ConfigCompositionException, HydraException, OmegaConfBaseException) as error:
        fail_explained(error)
    except ValueError as error:
        if not str(error).startswith("Config group override"):  # Hydra's error for a group without an option
            raise
        fail_explained(error)
    except OSError as error:
        _fail_if_not_writable(name, error, always=not started)  # else from Hydra, which creates the run directory
        raise


def _is_first() -> bool:
    """Whether this is the only process of the run, or the first one."""
    return not any(int(os.environ.get(name, "0")) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


def _listed(name: str) -> Any:
    """The configuration of a command without overrides."""
    from zoo.config.compose import compose

    return compose([], config_name=name)


def _config_dir() -> Path | None:
    """The user's folder of configurations, from the words of the command line."""
    for word, following in zip(sys.argv, [*sys.argv[1:], ""], strict=True):
        if word in ("--config-dir", "-cd"):
            return Path(following)
        if word.startswith("--config-dir="):
            return Path(word.partition("=")[2])
    return None


def _fail(name: str, message: str) -> None:
    print(f"zoo-{name.replace('_', '-')}: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2) from None


def _fail_if_optional(name: str, error: ModuleNotFoundError) -> None:
    from zoo.distribution import install_command_for, is_of_an_extra

    package = (error.name or "").partition(".")[0]
    if is_of_an_extra(package):
        _fail(name, f"this needs the package {package}, which is not installed: {install_command_for(package)}")


def _fail_if_out_of_memory(name: str, error: Exception) -> None:
    from zoo.config.explain import first_line
    from zoo.full_memory import is_out_of_memory

    if isinstance(error, MemoryError) or is_out_of_memory(error):
        _fail(name, f"there is too little memory ({first_line(error):.200}): take smaller data or batches")


def _fail_if_left_alone(name: str, error: Exception) -> None:
    if ended := _WORKER.search(str(error)):
        _fail(
            name,
            f"a process that reads data ended ({ended[1] or 'unexpectedly'}), often for lack of memory: try "
            "data.num_workers=0 or fewer than now; resume=auto continues the run",
        )
    if any(sign in str(error) for sign in _LEFT_ALONE):
        _fail(name, "another process of this run has ended, so this one ends too; resume=auto continues the run")


def _fail_if_not_writable(name: str, error: OSError, *, always: bool = False) -> None:
    if always or error.errno in _NOT_WRITABLE:
        where = error.filename or "the run folder"
        _fail(
            name, f"cannot write to {where}: {error.strerror}; what was written stays; runs=FOLDER puts runs elsewhere"
        )


def run_directory() -> Path:
    """The run directory of the running command."""
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().runtime.output_dir)


def repeat_in(folder: Path) -> None:
    """Rewrites `sys.argv` so that processes which repeat the command line write to this run directory.

    Lightning starts the DDP processes of a machine that way. It would pass them Hydra's composed configuration, which
    loses the group choices; hiding Hydra's state makes Lightning repeat the command line.
    """
    from hydra.core.hydra_config import HydraConfig

    signals.lead()
    words = HydraConfig.get().overrides.task
    flags = [word for word in sys.argv[1:] if word not in _MULTIRUN and not _is_override(word)]
    sys.argv[1:] = [*flags, *words, f"hydra.run.dir='{folder}'", "hydra.output_subdir=null"]
    HydraConfig.instance().cfg = None


def _is_override(word: str) -> bool:
    return "=" in word and not word.startswith("-")


def _remove_if_untouched(folder: Path) -> None:
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= _HYDRA_LEAVES:
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
