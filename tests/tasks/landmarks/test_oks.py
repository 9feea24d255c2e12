"""COCO's average precision of points equals that of pycocotools."""

import contextlib
import io

import pytest
import torch

from zoo.tasks.landmarks.oks import KeypointAP

SIGMAS = [0.03, 0.05, 0.1, 0.07]


def batch(seed, count=60):
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(count, 4, 2, generator=generator)
    visible = torch.rand(count, 4, generator=generator) < 0.8
    visible[:3] = False  # objects without a point are ignored
    side = 40 + 200 * torch.rand(count, generator=generator)
    target = {
        "present": torch.rand(count, generator=generator) < 0.9,
        "points": points,
        "visible": visible,
        "labels": torch.randint(2, (count,), generator=generator),
        "image": torch.arange(count) // 2,  # two objects in an image
        "origin": 100 * torch.rand(count, 2, generator=generator),
        "side": side,
        "area": (side * (0.4 + 0.4 * torch.rand(count, generator=generator))) ** 2,
    }
    noise = torch.randn(points.shape, generator=generator) * 0.08 * torch.rand(count, 1, 1, generator=generator)
    return points + noise, torch.rand(count, generator=generator), torch.where(side > 60, target["labels"], 0), target


def by_pycocotools(predicted, scores, classes, target):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, results = [], []
    for i in range(len(scores)):
        place = [
            points[i].double() * float(target["side"][i]) + target["origin"][i]
            for points in (predicted, target["points"])
        ]
        flags = [2 if seen else 0 for seen in target["visible"][i].tolist()]
        image = int(target["image"][i])
        if target["present"][i]:
            keypoints = [
                v for (x, y), f in zip(place[1].tolist(), flags, strict=True) for v in ((x, y, f) if f else (0, 0, 0))
            ]
            entry = {"id": i + 1, "image_id": image, "category_id": int(target["labels"][i]), "iscrowd": 0}
            box = [*place[1].amin(0).tolist(), *(place[1].amax(0) - place[1].amin(0)).tolist()]
            more = {"area": float(target["area"][i].double()), "bbox": box, "num_keypoints": sum(f > 0 for f in flags)}
            truth.append(entry | more | {"keypoints": keypoints})
        keypoints = [v for x, y in place[0].tolist() for v in (x, y, 1)]
        result = {"image_id": image, "category_id": int(classes[i]), "score": float(scores[i].double())}
        results.append(result | {"keypoints": keypoints})
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        images = [{"id": image} for image in sorted(set(target["image"].tolist()))]
        known.dataset = {"images": images, "annotations": truth, "categories": [{"id": 0}, {"id": 1}], "info": {}}
        known.createIndex()
        evaluation = COCOeval(known, known.loadRes(results), "keypoints")
        evaluation.params.kpt_oks_sigmas = torch.tensor(SIGMAS, dtype=torch.float64).numpy()
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[:3].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_pycocotools(seed):
    pytest.importorskip("pycocotools")
    predicted, scores, classes, target = batch(seed)
    metric = KeypointAP(SIGMAS)
    for part in torch.arange(len(scores)).split(7):
        metric.update(predicted[part], scores[part], classes[part], {name: v[part] for name, v in target.items()})
    ours = [float(value) for value in metric.compute().values()]
    expected = by_pycocotools(predicted, scores, classes, target)
    assert 0 < expected[0] < 0.95
    assert ours == pytest.approx(expected, abs=1e-6)


def test_without_an_object_there_is_no_value():
    predicted, scores, classes, target = batch(0, 8)
    metric = KeypointAP(SIGMAS)
    metric.update(predicted, scores, classes, target | {"present": torch.zeros(8, dtype=torch.bool)})
    assert float(metric.compute()["oks_ap"]) == -1
