import torch

from zoo.ops.constants import constant


def test_a_device_keeps_its_constants():
    meta = torch.device("meta")
    assert constant((1.0, 2.0), meta) is constant((1.0, 2.0), meta)
    assert constant((1.0, 2.0), meta) is not constant((1.0, 2.0), meta, torch.float64)


def test_a_constant_made_without_gradients_can_be_saved_for_one():
    with torch.inference_mode():
        kept = constant((3.0, 4.0), torch.device("meta"))
    assert not kept.is_inference()


def test_the_cpu_makes_them_anew():
    ours = constant((1.0, 2.0), torch.device("cpu"))
    ours += 1
    assert constant((1.0, 2.0), torch.device("cpu")).tolist() == [1.0, 2.0]
