"""Small trainings of a classifier of points, watched by the doctor."""

from functools import partial

import torch
from embedding_runs import trainer
from torch import nn
from torch.optim.sgd import SGD
from torch.utils.data import TensorDataset

from zoo.data.base import DataModule
from zoo.losses.cross_entropy import CrossEntropy
from zoo.run.doctor import Doctor
from zoo.tasks.classification import Classification

CLASSES, SIZE = 4, 16


class Rows(TensorDataset):
    """A dataset in memory."""

    in_memory = True


class Points(DataModule):
    """Points [1, 1, 16] around a center for each class; `noise` is the share of random training labels."""

    def __init__(self, *, noise=0.0, wrong_test_labels=0, samples=256):
        super().__init__(batch_size=16, num_workers=0, seed=0)
        self.noise, self.wrong_test_labels, self.samples = noise, wrong_test_labels, samples

    def load(self):
        generator = torch.Generator().manual_seed(0)
        centers = torch.randn(CLASSES, SIZE, generator=generator)

        def split(count):
            labels = torch.arange(count) % CLASSES
            points = centers[labels] + 0.5 * torch.randn(count, SIZE, generator=generator)
            return points[:, None, None], labels

        train, val, test = split(self.samples), split(32), split(48)
        random = torch.rand(self.samples, generator=generator) < self.noise
        train[1][random] = torch.randint(CLASSES, (int(random.sum()),), generator=generator)
        test[1][: self.wrong_test_labels] = (test[1][: self.wrong_test_labels] + 1) % CLASSES
        return {"train": Rows(*train), "val": Rows(*val), "test": Rows(*test)}


def layers(*widths, activation=nn.ReLU):
    """A classifier of points with these widths of hidden layers."""
    pairs = zip([SIZE, *widths], widths, strict=False)
    hidden = [part for before, after in pairs for part in (nn.Linear(before, after), activation())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(widths[-1], CLASSES))


def diagnosed(folder, *, network=None, data=None, lr=0.1, epochs=6, test=False, callbacks=(), **options):
    """Trains 16 steps an epoch; the doctor after it."""
    torch.manual_seed(0)
    network = network if network is not None else layers(32)
    model = Classification(network=network, loss=CrossEntropy(), num_classes=CLASSES)
    model.optimizer_factory = partial(SGD, lr=lr)
    doctor, data = Doctor(), data or Points()
    runner = trainer(folder, max_epochs=epochs, callbacks=[*callbacks, doctor], **options)
    runner.fit(model, datamodule=data)
    if test:
        runner.test(model, datamodule=data, verbose=False)
    return doctor
