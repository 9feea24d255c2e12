"""Post-processing, mining and metrics on the device give what they give on the CPU."""

import pytest
import torch
from benchmarks.suites.postprocess import scene
from torch.nn import functional as F
from torchmetrics import MetricCollection

from zoo.losses.miners import BatchHard, SemiHard
from zoo.losses.triplet import TripletLoss
from zoo.ops.detections import Detections, select
from zoo.ops.nms import classwise_nms, nms
from zoo.run.ema import ExponentialAverage
from zoo.tasks.classification.task import _metrics
from zoo.tasks.detection.metrics import DetectionMetrics
from zoo.tasks.forecasting.metrics import ForecastErrors
from zoo.tasks.landmarks.metrics import BoxErrors, PointErrors
from zoo.tasks.language.metrics import MaskedTokens, NextSentence
from zoo.tasks.ratings.metrics import RatingErrors
from zoo.tasks.regression.metrics import RegressionErrors

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("count", [0, 1, 400, 3000])
def test_suppression_keeps_the_same_boxes(device, count):
    boxes, scores = scene(count) if count else (torch.zeros(0, 4), torch.zeros(0, 80))
    best, labels = scores.max(1) if count else (torch.zeros(0), torch.zeros(0, dtype=torch.long))
    there = [part.to(device) for part in (boxes, best, labels)]
    assert nms(*there[:2], 0.5).tolist() == nms(boxes, best, 0.5).tolist()
    assert classwise_nms(*there, 0.5).tolist() == classwise_nms(boxes, best, labels, 0.5).tolist()


@pytest.mark.parametrize("sigma", [None, 0.5])
def test_detections_are_the_same(device, sigma):
    boxes, scores = scene(300)
    settings = {"min_score": 0.5, "iou_threshold": 0.5, "max_detections": 100, "soft_sigma": sigma}
    ours, theirs = select(boxes.to(device), scores.to(device), **settings), select(boxes, scores, **settings)
    assert ours.boxes.device.type == device.type
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.cpu(), other)


@pytest.mark.parametrize("miner", [SemiHard(), BatchHard(), None])
def test_mined_triplets_are_the_same(device, miner):
    vectors = F.normalize(torch.randn(96, 16, generator=torch.Generator().manual_seed(0)))
    identities, loss = torch.arange(24).repeat_interleave(4), TripletLoss(margin=0.2, miner=miner)
    ours, theirs = loss(vectors.to(device), identities.to(device)), loss(vectors, identities)
    assert (int(ours.active), int(ours.total)) == (int(theirs.active), int(theirs.total))
    torch.testing.assert_close(ours.value.cpu(), theirs.value, rtol=1e-5, atol=1e-6)


def test_metrics_are_the_same(device):
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape):
        return torch.rand(*shape, generator=generator)

    def labels(count, *shape):
        return torch.randint(count, shape, generator=generator)

    for metric, values in (
        (MetricCollection(_metrics(7)), (numbers(64, 7).softmax(1), labels(7, 64))),
        (ForecastErrors([0.5, 0.5], [2.0, 3.0]), (numbers(5, 4, 2), numbers(5, 4, 2), numbers(5, 4, 2))),
        (PointErrors(), (numbers(9, 4, 2), numbers(9, 4, 2), labels(2, 9, 4).bool(), numbers(9) + 0.5)),
        (BoxErrors(), (numbers(9, 2, 2), numbers(9, 2, 2).sort(1).values, labels(3, 9), labels(3, 9))),
        (RegressionErrors(0.5), (numbers(9), numbers(9))),
        (RatingErrors(), (numbers(9), numbers(9))),
        (MaskedTokens(), (numbers(4, 6, 20), labels(20, 4, 6))),
        (NextSentence(), (numbers(8, 2), labels(2, 8))),
    ):
        metric.update(*values)
        expected = metric.compute()
        metric.reset()
        metric.to(device)
        metric.update(*(value.to(device) for value in values))
        for name, value in metric.compute().items():
            torch.testing.assert_close(value.cpu(), expected[name], rtol=1e-5, atol=1e-6, msg=name)


def test_mean_average_precision_is_the_same(device):
    boxes, scores = scene(40)
    best, labels = scores.max(1)
    found, computed = [], []
    for place in (torch.device("cpu"), device):
        metric = DetectionMetrics().to(place)
        target = {"boxes": boxes[:20].to(place), "labels": labels[:20].to(place)}
        metric.add([Detections(boxes.to(place), best.to(place), labels.to(place))], [target])
        computed.append({name: float(value) for name, value in metric.compute().items()})
        found.append(metric.point)
    assert computed[0] == pytest.approx(computed[1])
    assert found[0] == found[1]


def test_the_moving_average_is_the_same(device):
    averages = []
    for place in (torch.device("cpu"), device):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
        states = [{name: torch.randn(v.shape) for name, v in model.state_dict().items()} for _ in range(4)]
        model.to(place)
        average = ExponentialAverage(model, decay=0.9)
        for state in states:
            model.load_state_dict(state)
            average.update_parameters(model)
        averages.append({name: value.cpu() for name, value in average.module.state_dict().items()})
    torch.testing.assert_close(averages[1], averages[0])
