"""Values that ended in a traceback of a library: each ends in one line that names the key."""

import pytest


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("trainer.max_epochs=2.5", "`trainer.max_epochs` (=2.5) must be a whole number of at least -1"),
        ("trainer.accumulate_grad_batches=0", "`trainer.accumulate_grad_batches` (=0) must be a whole number of at"),
        ("trainer.accumulate_grad_batches=null", "`trainer.accumulate_grad_batches` (=null) needs a value"),
        ("+trainer.limit_train_batches=0", "`trainer.limit_train_batches` (=0) must be a share in (0, 1], or a number"),
        ("+trainer.limit_train_batches=1.5", "`trainer.limit_train_batches` (=1.5) must be a share in (0, 1], or"),
        ("+trainer.limit_test_batches=0", "`trainer.limit_test_batches` (=0) must be a share in (0, 1], or a number"),
        ("+trainer.val_check_interval=0", "`trainer.val_check_interval` (=0) must be a share in (0, 1], or a number"),
        ("trainer.gradient_clip_val=-1", "`trainer.gradient_clip_val` (=-1) must be a finite number of at least 0, or"),
        ("optimizer.lr=-1", "`optimizer.lr` (=-1) is refused by AdamW: Invalid learning rate: -1"),
        (
            "optimizer.weight_decay=-1",
            "`optimizer.weight_decay` (=-1) is refused by AdamW: Invalid weight_decay",
        ),
        ("model=[a,b]", "`model` (=[a,b]): a group takes the name of one option; -m model=a,b runs once for each"),
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
        ("pretrained=DEFAULT", "`checkpoint` holds a model with its weights: leave out model=… and pretrained=…"),
        ("model=lenet5", "`checkpoint` holds a model with its weights: leave out model=… and pretrained=…"),
    ],
)
def test_predicting(refused, word, line):
    words = ["checkpoint=a.ckpt", "source=a.png", word]
    assert refused(*words, name="predict") == line
