"""Stick figures in COCO form through all commands; the average precision of the files is that of pycocotools."""

import contextlib
import io
import json

import pytest
from stick_figures import write

WORDS = ["data=points", "data.images=images", "data.image_size=32", "data.min_epoch_size=1", "data.num_workers=0"]


@pytest.mark.slow
def test_stick_figures_from_the_check_to_pycocotools(command, tmp_path):
    root = tmp_path / "figures"
    write(root, {"train": 60, "val": 10, "test": 12})
    words = [*WORDS, f"data.root={root}"]
    checked = command("check_data", *words)
    assert checked.code == 0, checked.err
    assert "left_hand – right_hand" in checked.out
    trained = command("train", "model=landmarks", *words, "trainer.max_epochs=8", "trainer=cpu", "baselines=false")
    assert trained.code == 0, trained.err
    run = trained.run
    checkpoint = run / "checkpoints" / "best.ckpt"
    measured = json.loads((run / "metrics.json").read_text())["test"]
    ended = command("predict", f"checkpoint={checkpoint}", f"source={root / 'images'}", f"boxes={root / 'test.json'}")
    assert ended.code == 0, ended.err
    (results,) = tmp_path.rglob("predictions.json")
    assert _by_pycocotools(root / "test.json", results, [0.05] * 11) == pytest.approx(measured["oks_ap"], abs=1e-6)


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
