"""Training runs with a fault each, which the doctor names within the stated number of steps, and one without."""

import re
from dataclasses import replace

import pytest
import torch
from doctor_runs import CLASSES, Points, diagnosed, layers
from embedding_runs import data as digits
from embedding_runs import task as embedding
from embedding_runs import trainer
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn

from zoo.losses.miners import BatchHard
from zoo.losses.triplet import TripletLoss
from zoo.run.doctor import Doctor
from zoo.run.doctor.facts import Facts, Layer
from zoo.run.doctor.mechanics import dead_units, exploding, vanishing, waits_for_data
from zoo.run.doctor.outcomes import stuck
from zoo.run.doctor.readings import steps_to_settle
from zoo.run.throughput import Throughput
from zoo.tasks.diagnosable import Chance

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval"
)


def found(doctor):
    return {finding["name"]: finding for finding in doctor.findings}


def test_a_healthy_run_is_silent(tmp_path, capsys):
    assert diagnosed(tmp_path, test=True).findings == []
    assert "doctor" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def not_learning(tmp_path_factory):
    return diagnosed(tmp_path_factory.mktemp("stuck"), lr=1e-6, epochs=8)


def test_a_loss_that_stays_at_ln_k_is_named_after_100_steps_and_a_third_of_training(not_learning):
    finding = found(not_learning)["no learning"]
    assert finding["epoch"] == 7
    assert finding["text"].startswith("after 112 steps val/loss (1.")
    assert "has not fallen below ln 4 (1.39), that of a model that reads no input" in finding["text"]


def test_one_predicted_class_is_named(tmp_path):
    network = layers(32)
    with torch.no_grad():
        network[-1].bias[2] += 20
    finding = found(diagnosed(tmp_path, network=network, lr=1e-6, epochs=8))["one class"]
    assert finding["epoch"] == 7
    assert finding["text"] == "100% of the validation samples are predicted as class 2, and 25% are of it"


def test_slow_batch_norms_are_given_time_to_settle():
    network = nn.Sequential(nn.BatchNorm1d(4, momentum=0.01), nn.BatchNorm1d(4))
    assert steps_to_settle(network) == 300
    assert steps_to_settle(layers(8)) == steps_to_settle(network[1]) == 100
    level = Chance(1.39, "ln 4", "a smaller rate")
    facts = Facts(steps=299, fraction=1.0, least_steps=300, chance=level, history=[{"val/loss": 1.39}])
    assert stuck(facts) is None
    assert stuck(replace(facts, steps=300)) is not None


def test_another_loss_and_another_level_than_ln_k():
    level = Chance(5.2, "the entropy of word frequencies", "train longer", metric="val/mlm_loss")
    facts = Facts(steps=100, fraction=0.5, chance=level, history=[{"val/loss": 1.0, "val/mlm_loss": 5.1}])
    assert str(stuck(facts)) == (
        "after 100 steps val/mlm_loss (5.1) has not fallen below the entropy of word frequencies (5.2), that of a "
        "model that reads no input: train longer"
    )
    assert stuck(replace(facts, history=[{"val/mlm_loss": 4.9}, {"val/mlm_loss": 5.3}])) is None
    assert stuck(replace(facts, fraction=0.3)) is None
    assert stuck(replace(facts, fraction=0.3, chance=level._replace(steps=100))) is not None


class Constant(nn.Module):
    """An embedding that maps all images to one point."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 4))

    def forward(self, images):
        return self.weight.expand(len(images), -1) / 2


def test_a_collapsed_embedding_is_named_after_the_first_epoch(tmp_path):
    doctor = Doctor()
    model = embedding(network=Constant(), loss=TripletLoss(margin=0.2, miner=BatchHard()))
    trainer(tmp_path, max_epochs=1, callbacks=[doctor]).fit(model, datamodule=digits())
    (finding,) = doctor.findings
    assert (finding["name"], finding["epoch"]) == ("collapse", 1)
    assert "callbacks=collapse_recovery" in finding["advice"]


def test_validation_better_than_training_is_named_after_four_epochs(tmp_path):
    finding = found(diagnosed(tmp_path, data=Points(noise=0.4), lr=0.3, epochs=4))["leak?"]
    assert finding["epoch"] == 4
    regularized = layers(32)
    regularized.insert(1, nn.Dropout(0.1))
    assert "leak?" not in found(diagnosed(tmp_path, network=regularized, data=Points(noise=0.4), lr=0.3, epochs=4))


def test_a_training_loss_far_below_the_validation_loss_is_named(tmp_path):
    noisy = Points(noise=0.9, samples=32)
    finding = found(diagnosed(tmp_path, network=layers(128), data=noisy, lr=0.6, epochs=20))["overfitting"]
    assert "which was" in finding["text"]


def test_vanishing_gradients_are_named_by_layer_after_82_steps(tmp_path):
    deep = layers(*[16] * 10, activation=nn.Sigmoid)
    finding = found(diagnosed(tmp_path, network=deep))["vanishing"]
    assert finding["epoch"] == 6
    assert finding["text"].startswith("gradients vanish in 1, 3")


def test_exploding_gradients_are_named_by_layer(tmp_path):
    deep = layers(*[32] * 8, activation=nn.Identity)
    with torch.no_grad():
        for layer in deep[1::2]:
            layer.bias.zero_()
        deep[1].weight.mul_(1e-7)
        for layer in deep[3::2]:
            layer.weight.mul_(10)
    finding = found(diagnosed(tmp_path, network=deep, lr=1e-12))["exploding"]
    assert finding["epoch"] == 6
    assert finding["text"].startswith("gradients explode in 1: ")


def test_gradients_that_grow_are_exploding():
    first, now = [Layer("a", 1.0), Layer("b", 1.0)], [Layer("a", 2e3), Layer("b", 1e3)]
    finding = exploding(Facts(layers=now, first_layers=first))
    assert finding.text == "gradients explode in a: 2e+03 times as large as at the start"
    assert exploding(Facts(layers=first, first_layers=first)) is None
    small = [Layer("a", 1e-6), *first]  # which grows to the size of the others
    assert exploding(Facts(layers=[Layer("a", 1.0), *first], first_layers=small)) is None


def test_a_branch_that_few_samples_need_has_not_vanished():
    stem, branch, head = Layer("stem", 1.0), Layer("branch", 1e-7), Layer("head", 1.0)
    assert vanishing(Facts(layers=[stem, branch, head])) is None
    finding = vanishing(Facts(layers=[Layer("frozen", 0.0), branch, head, branch._replace(name="other")]))
    assert finding.text == "gradients vanish in branch: 1e-07 of the largest layer's"


def test_dead_units_are_named(tmp_path):
    network = layers(32)
    with torch.no_grad():
        network[1].bias[:20] = -100.0
    finding = found(diagnosed(tmp_path, network=network))["dead units"]
    assert finding["text"] == "20 of 32 units of 1 have no gradient"


def test_a_layer_without_a_gradient_is_dead_before_layers_that_train_and_a_branch_behind_them():
    dead, half, fine = Layer("dead", 0.0, 16, 16), Layer("half", 1.0, 16, 8), Layer("fine", 1.0, 16, 0)
    assert dead_units(Facts(layers=[fine, dead])) is None
    assert dead_units(Facts(layers=[dead, dead])) is None
    assert dead_units(Facts(layers=[dead, fine])).text == "16 of 16 units of dead have no gradient"
    assert dead_units(Facts(layers=[fine, dead, half])).text == "8 of 16 units of half have no gradient"


class Loud(nn.Module):
    """Multiplies gradients beyond every scale."""

    def __init__(self):
        super().__init__()
        self.inner = layers(32)

    def forward(self, points):
        logits = self.inner(points)
        return logits + (logits - logits.detach()) * 1e38


def test_overflow_in_half_precision_is_named(tmp_path):
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    doctor = diagnosed(tmp_path, network=Loud(), plugins=[plugin], epochs=1)
    finding = found(doctor)["overflow"]
    assert finding["epoch"] == 1  # after 16 skipped steps
    assert "overflow in half precision" in finding["text"]


def test_frozen_norms_that_move_are_named_after_the_first_epoch(tmp_path):
    network = nn.Sequential(nn.BatchNorm2d(1).requires_grad_(False), layers(32))
    (finding,) = diagnosed(tmp_path, network=network, epochs=1).findings
    assert (finding["name"], finding["epoch"]) == ("frozen norms", 1)
    assert finding["text"] == "the statistics of 0 move, though its weights are frozen"


class Waited(Throughput):
    """Claims that epochs take a minute, half of it waiting."""

    def _close(self):
        super()._close()
        self.epoch_seconds, self.waiting_share = 60.0, 0.5


class OnDisk(Points):
    def loading_advice(self):
        return ["data.some_option=1 helps", "a disk"]


def test_waiting_for_data_is_named_with_the_option_to_change(tmp_path, capsys):
    diagnosed(tmp_path, data=OnDisk(), epochs=2, callbacks=[Waited()])
    line = "doctor: 50% of the epoch went into waiting for data: data.some_option=1 helps, or a disk\n"
    assert capsys.readouterr().out == line  # once


@pytest.mark.parametrize("change", [{"waiting": 0.2}, {"seconds": 4.0}, {"loading_advice": []}])
def test_waiting_that_is_short_or_cannot_be_helped_is_not_named(change):
    facts = Facts(waiting=0.5, seconds=60.0, loading_advice=["a disk"])
    assert waits_for_data(facts) is not None
    assert waits_for_data(replace(facts, **change)) is None


def test_labels_that_look_wrong_are_named_after_the_test(tmp_path):
    doctor = diagnosed(tmp_path, data=Points(wrong_test_labels=5), lr=1.0, test=True)
    (finding,) = doctor.findings
    shown = re.findall(r"test sample (\d) is labeled (\d) and predicted as (\d)", finding["text"])
    assert len(shown) == 3
    assert all(int(row) < 5 and (int(guess) + 1) % CLASSES == int(label) for row, label, guess in shown)
    assert finding["text"].endswith("; 2 more")


def test_one_line_an_epoch_causes_first_and_all_in_the_list(tmp_path, capsys):
    network = layers(32)
    with torch.no_grad():
        network[-1].bias[2] += 20
    frozen = nn.Sequential(nn.BatchNorm2d(1).requires_grad_(False), network)
    doctor = diagnosed(tmp_path, network=frozen, lr=1e-6, epochs=8)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["doctor"] * len(lines)
    assert len(lines) == len(doctor.findings) == 3
    assert "statistics" in lines[0]
    assert "predicted as class 2" in lines[1]


def test_a_resumed_run_goes_on_with_its_findings(not_learning):
    after = Doctor()
    after.load_state_dict(not_learning.state_dict())
    assert after.findings == not_learning.findings != []
    assert after.state_dict() == not_learning.state_dict()
    after.load_state_dict(Doctor().state_dict())  # of the best epoch, for the test at the end
    assert after.findings == not_learning.findings
