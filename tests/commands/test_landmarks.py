"""Stick figures in COCO form through all commands: pycocotools agrees, and mirrored images have mirrored points."""

import contextlib
import io
import json

import pytest
import torch
from point_sets import points
from stick_figures import write

import zoo
from zoo.data.images.base import to_unit

SIDE = 32
WORDS = ["data=points", "data.images=images", f"data.image_size={SIDE}", "data.min_epoch_size=1", "data.num_workers=0"]


@pytest.mark.slow
def test_stick_figures_from_the_check_to_pycocotools(command, tmp_path):
    root = tmp_path / "figures"
    write(root, {"train": 300, "val": 10, "test": 12})
    words = [*WORDS, f"data.root={root}"]
    checked = command("check_data", *words)
    assert checked.code == 0, checked.err
    assert "left_hand – right_hand" in checked.out
    brief = ["trainer.max_epochs=16", "trainer=cpu", "baselines=false"]
    trained = command("train", "model=landmarks", *words, *brief, folder=tmp_path / "training")
    assert trained.code == 0, trained.err
    run = trained.run
    checkpoint = run / "checkpoints" / "best.ckpt"
    measured = json.loads((run / "metrics.json").read_text())["test"]
    boxed = f"boxes={root / 'test.json'}"
    ended = command("predict", f"checkpoint={checkpoint}", f"source={root / 'images'}", boxed)
    assert ended.code == 0, ended.err
    (results,) = tmp_path.rglob("predictions.json")
    away = _mirrored(zoo.load(checkpoint), root, order=[0, 1, 3, 2, 5, 4, 6, 8, 7, 10, 9])
    assert away < 1, f"points of mirrored crops lie {away:.2f} of 32 pixels from the mirrored points"
    assert _mirrored(zoo.load(checkpoint), root, order=range(11)) > 3  # the network distinguishes left and right
    exported = command("export", f"checkpoint={checkpoint}", f"output={tmp_path / 'net.onnx'}")
    assert exported.code == 0, exported.err
    session = pytest.importorskip("onnxruntime").InferenceSession(str(tmp_path / "net.onnx"))
    assert [output.name for output in session.get_outputs()] == ["presence", "points", "classes"]
    assert _by_pycocotools(root / "test.json", results, [0.05] * 11) == pytest.approx(measured["oks_ap"], abs=1e-6)


def _mirrored(task, root, order):
    """The mean distance in pixels between points of mirrored crops and the mirrored points, in another order."""
    test = points(root, images="images", image_size=SIDE, box_margin=0.15).dataset("test")
    crops = to_unit(test[torch.arange(len(test))][0])
    with torch.inference_mode():
        found, other = (task.eval()(images).points for images in (crops, crops.flip(3)))
    other = torch.stack([1 - other[..., 0], other[..., 1]], 2)[:, list(order)]
    return float((found - other).norm(dim=2).mean()) * SIDE


def _by_pycocotools(truth, results, sigmas):
    coco = pytest.importorskip("pycocotools.coco")
    import numpy as np
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO(str(truth))
        evaluation = COCOeval(known, known.loadRes(str(results)), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])
