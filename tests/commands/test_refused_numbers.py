"""Values that ended in a traceback of a library: each ends in one line that names the key."""

import pytest


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("trainer.max_epochs=2.5", "`trainer.max_epochs` (=2.5) must be a whole number of at least -1"),
        ("trainer.accumulate_grad_batches=0", "`trainer.accumulate_grad_batches` (=0) must be a whole number of at"),
        ("optimizer.lr=-1", "`optimizer`: Invalid learning rate: -1"),
        ("optimizer.weight_decay=-1", "`optimizer`: Invalid weight_decay value: -1"),
        ("model=[a,b]", "unknown model `b`: there are: alexnet, "),
        ("+model.loss.class_weights=auto", "`model.loss.class_weights` (=auto) must be a list of numbers, such as [1"),
        ("+model.loss.class_weights=[1,2]", "`class_weights` has 2 values, and there are 10 classes"),
        ("model.network._target_=torchvision.models.resnet18", "`_target_` (=torchvision.models.resnet18) is no class"),
    ],
)
def test_training(refused, word, line):
    assert refused(word).startswith(line)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("source=0", "`source` (=0) must be text; quotes make it text: source=\"'0'\""),
        ("model=lenet5", "`model` has no place here, since the checkpoint holds the model: leave it out"),
    ],
)
def test_predicting(refused, word, line):
    words = ["checkpoint=a.ckpt", *([] if word.startswith("source") else ["source=a.png"]), word]
    assert refused(*words, name="predict") == line
