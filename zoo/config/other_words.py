"""Words of other tools (timm, ultralytics, Keras, darts) for keys of this one."""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

_HERE: dict[str, tuple[str, ...]] = {
    "trainer.max_epochs": ("epochs", "epoch", "num_epochs", "n_epochs", "max_epochs", "nb_epochs"),
    "trainer.max_steps": ("steps", "max_steps", "iterations", "max_iter"),
    "trainer.devices": ("gpus", "devices", "num_gpus"),
    "trainer.accelerator": ("device", "accelerator", "cuda"),
    "trainer.precision": ("amp", "half", "fp16", "bf16", "precision"),
    "trainer.gradient_clip_val": ("clip_grad", "grad_clip", "gradient_clip_val"),
    "trainer.accumulate_grad_batches": ("accumulate", "grad_accum_steps", "accumulation_steps"),
    "optimizer.lr": ("lr", "lr0", "learning_rate", "base_lr"),
    "optimizer.weight_decay": ("weight_decay", "wd"),
    "optimizer.momentum": ("momentum",),
    "optimizer": ("opt", "optim"),
    "scheduler": ("sched", "schedule", "lr_scheduler", "cos_lr"),
    "data.batch_size": ("batch", "batch_size", "bs", "b"),
    "data.image_size": ("imgsz", "img_size", "image_size", "img", "input_size", "resolution"),
    "data.num_workers": ("workers", "num_workers", "j", "n_jobs"),
    "data.root": ("data_dir", "data_path", "dataset_dir", "root", "folder"),
    "data.path": ("csv", "csv_path", "file_path"),
    "data.context": ("input_chunk_length", "context_length", "lookback", "input_length", "seq_len"),
    "data.horizon": ("output_chunk_length", "prediction_length", "forecast_horizon", "pred_len", "h"),
    "data": ("dataset",),
    "model": ("arch", "network", "net", "model_name", "backbone"),
    "checkpoint": ("weights", "model", "ckpt", "model_path", "checkpoint_path", "ckpt_path"),
    "source": ("input", "inputs", "image", "images", "img", "file", "files", "path", "folder", "history"),
    "pretrained": ("weights", "load_from", "init_weights", "initial_checkpoint"),
    "resume": ("ckpt", "checkpoint", "ckpt_path", "resume_from", "resume_from_checkpoint"),
    "runs": ("project", "output", "output_dir", "out", "outdir", "save_dir", "work_dir", "logdir", "log_dir"),
    "seed": ("random_state", "random_seed", "manual_seed"),
    "compile": ("torchcompile", "jit"),
    "callbacks": ("patience", "early_stopping", "ema", "model_ema"),
    "logger": ("log_wandb", "wandb", "tensorboard", "mlflow"),
    "format": ("export_format", "include"),
}


_EXAMPLES = {
    "trainer.accelerator": "trainer.accelerator=cpu, gpu or mps",
    "trainer.precision": "trainer.precision=16-mixed or bf16-mixed",
    "callbacks": "callbacks=early_stopping, or ema",
    "logger": "logger=tensorboard, wandb or mlflow",
}
"""For keys that take other values than their counterparts elsewhere."""
_UNREAD = {
    "trainer.overfit_batches": "+trainer.limit_train_batches=2 trains on two batches an epoch",
    "trainer.callbacks": "write callbacks=early_stopping, or callbacks=[ema,early_stopping]",
    "trainer.logger": "write logger=tensorboard, wandb or mlflow",
    "trainer.deterministic": "write deterministic=true",
    "trainer.default_root_dir": "write runs=FOLDER, or hydra.run.dir=FOLDER for this run alone",
    "trainer.enable_checkpointing": "every run writes checkpoints/best.ckpt, which its test needs",
    "trainer.limit_predict_batches": "zoo-predict reads all of its source",
}
"""Arguments of Lightning's Trainer that a command sets itself, with what to do instead."""
_FLAGS = [
    "--help",
    "-h",
    "--hydra-help",
    "--version",
    "--cfg",
    "-c",
    "--resolve",
    "--package",
    "-p",
    "--run",
    "-r",
    "--multirun",
    "-m",
    "--shell-completion",
    "-sc",
    "--config-path",
    "-cp",
    "--config-name",
    "-cn",
    "--config-dir",
    "-cd",
    "--experimental-rerun",
    "--info",
    "-i",
]
"""Hydra's own."""


def key_here(word: str, config: Any) -> str | None:
    """Returns the key of a command's configuration that other tools call `word`, or None."""
    folded = word.casefold().replace("-", "_")
    return next((key for key, words in _HERE.items() if folded in words and _holds(config, key)), None)


def advice(word: str, value: str, config: Any) -> str | None:
    """Returns what to type in place of another tool's `word=value`, or None.

    >>> advice("epochs", "3", {"trainer": {"max_epochs": 20}})
    'trainer.max_epochs=3'
    """
    key = key_here(word, config)
    return None if key is None else _EXAMPLES.get(key, f"{key}={value}")


def unread(key: str) -> str | None:
    """Returns a message for an argument of the trainer that a command sets itself, or None."""
    return f"`{key}` is not read: {_UNREAD[key]}" if key in _UNREAD else None


def dashed(words: Sequence[str], config: Callable[[], Any]) -> str | None:
    """Returns a message for the first word such as `--epochs`, or None; `config` composes the configuration."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        name, _, value = word.partition("=")
        if not name.startswith("-") or name in _FLAGS or not name.strip("-"):
            continue
        key = name.lstrip("-").replace("-", "_")
        value = value or (following if "=" not in following and not following.startswith("-") else "") or "…"
        here = f"{key}={value}" if _holds(config(), key) else advice(key, value, config()) or f"{key}={value}"
        return f"`{name}`: a value is given as KEY=VALUE without dashes, here {here}"
    return None


def _holds(config: Any, key: str) -> bool:
    """Whether a mapping, or a DictConfig, has a dotted key; its value may be missing."""
    first, _, rest = key.partition(".")
    names = list(config) if hasattr(config, "keys") else []  # `in` is False for a missing value of a DictConfig
    return first in names and (not rest or _holds(config[first], rest))
