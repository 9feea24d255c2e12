"""Training of a GRU forecaster; peers: a plain loop and neuralforecast."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import recipe
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.config.compose import compose, to_dict
from zoo.run.build import build_data
from zoo.run.run import Run

BATCH, STEPS, CONTEXT = 256, 240, 32


class PlainGRU(nn.Module):
    """A GRU and a linear layer over its states."""

    def __init__(self, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        self.encoder = nn.GRU(1, hidden_size, num_layers, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, history: Tensor) -> Tensor:
        """Returns the forecasts of the next value from each step of the second half [B, T/2, 1]."""
        return self.output(self.encoder(history)[0][:, -CONTEXT // 2 :])


def cases(settings: Settings) -> Iterator[Case]:
    """An epoch of the built-in waves."""
    what = f"gru, {STEPS} training steps of {BATCH} windows of {CONTEXT} + 1 steps"
    yield Case(
        name=f"{what}: one step",
        peer="a plain loop over nn.GRU on the same batches",
        measure=lambda: beside_loop(settings),
        limit=1.05,
    )
    yield Case(
        name=f"{what}, with all that surrounds them",
        peer="neuralforecast's GRU, fit",
        measure=lambda: _beside_neuralforecast(settings),
        needs=("neuralforecast", "pandas"),
    )


def _run(steps: int, settings: Settings) -> Run:
    words = [
        "model=gru",
        "trainer.precision=32-true",
        f"data.windows_per_epoch={steps * BATCH}",
        "data.samples=8192",
        "data.val_samples=256",
    ]
    return build_run(words, build_data(to_dict(compose(words))["data"]), settings)


def beside_loop(settings: Settings, block: int = 1) -> Measured:
    """Measures our steps and those of a plain loop, `block` of each in turn."""
    steps = 5 if settings.quick else STEPS
    run = _run(steps, settings)
    encoder: Any = run.task.network.encoder
    network = PlainGRU(encoder.hidden_size, encoder.num_layers).to(settings.device)
    network.load_state_dict(run.task.network.state_dict())
    optimizer, schedule = recipe(run.config, network, steps)
    batches = iter(run.datamodule.train_dataloader())
    future_of = CONTEXT // 2

    def step() -> None:
        history, future, _ = next(batches)
        history, future = history.to(settings.device), future.to(settings.device)
        target = torch.cat([history[:, future_of + 1 :], future], dim=1)
        optimizer.zero_grad()
        loss = F.mse_loss(network(history), target)
        loss.backward()
        optimizer.step()
        schedule.step()

    return train_in_turns(run, step, settings, steps=steps, block=block).steps_measured()


def _beside_neuralforecast(settings: Settings) -> Measured:
    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.models import GRU

    logging.getLogger("neuralforecast").setLevel(logging.ERROR)
    steps = 2 if settings.quick else STEPS
    data: Any = _run(steps, settings).datamodule
    encoder: Any = _run(steps, settings).task.network.encoder
    values = data.dataset("train").series[:, 0].numpy()
    frame = pd.DataFrame({"unique_id": "waves", "ds": range(len(values)), "y": values})

    def ours() -> None:
        train_in_turns(_run(steps, settings), lambda: None, settings, steps=steps)

    def theirs() -> None:
        model = GRU(
            h=1,
            input_size=CONTEXT,
            encoder_n_layers=encoder.num_layers,
            encoder_hidden_size=encoder.hidden_size,
            decoder_layers=1,
            decoder_hidden_size=encoder.hidden_size,
            max_steps=steps,
            batch_size=1,
            windows_batch_size=BATCH,
            scaler_type="identity",
            accelerator="gpu" if settings.device.type == "cuda" else "cpu",
            devices=1,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
        )
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            NeuralForecast(models=[model], freq=1).fit(frame)

    return compare(ours, theirs, settings)
