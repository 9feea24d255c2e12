import copy
import os
from dataclasses import replace

import pytest
import torch
from torch import nn

from zoo import hardware
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.build import build_trainer

AUTO = {"accelerator": "auto", "devices": "auto", "precision": "auto"}


def resolve(**settings):
    network = settings.pop("network", nn.Linear(1, 1))
    return hardware.resolve_hardware(
        AUTO | settings, channels_last=settings.pop("channels_last", "auto"), network=network
    )


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def one_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "A GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: not including_emulation)


def test_without_a_gpu_the_cpu_in_full_precision(no_gpu):
    chosen = resolve()
    assert (chosen.accelerator, chosen.devices, chosen.precision) == ("cpu", 1, "32-true")
    assert "no CUDA device was found" in chosen.reasons[0]


def test_without_a_gpu_no_step_looks_for_one_in_nvidias_library(no_gpu, monkeypatch):
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # as Lightning leaves it
    resolve()
    assert os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == "0"


def test_with_a_gpu_bfloat16(one_gpu):
    chosen = resolve()
    assert (chosen.accelerator, chosen.precision) == ("gpu", "bf16-mixed")
    assert "A GPU" in chosen.reasons[0]


def test_explicit_values_are_kept(one_gpu):
    chosen = resolve(accelerator="cpu", precision="64-true", devices=2)
    assert (chosen.accelerator, chosen.precision, chosen.devices) == ("cpu", "64-true", 2)


def test_a_gpu_that_is_not_there(no_gpu):
    with pytest.raises(ZooError, match=r"`trainer.accelerator` \(=gpu\) needs a CUDA device and none was found"):
        resolve(accelerator="gpu")


@pytest.mark.parametrize("devices", [2, [0, 1]])
def test_more_gpus_than_there_are(one_gpu, devices):
    with pytest.raises(ZooError, match=r"is more than the 1 there are"):
        resolve(devices=devices)


@pytest.mark.parametrize(
    ("precision", "flags", "slower"),
    [
        ("bf16", "fpu avx2", True),
        ("bf16-mixed", "fpu avx512f", True),
        ("bf16-mixed", "fpu avx512_bf16", False),
        ("bf16-true", "amx_bf16", False),
        ("16-mixed", "amx_bf16 avx512_bf16", True),
        ("16-true", "avx512_fp16", False),
        ("32-true", "fpu", False),
    ],
)
def test_slower_sixteen_bits_are_allowed_and_reported(no_gpu, monkeypatch, tmp_path, precision, flags, slower):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_FLAGS", tmp_path / "cpuinfo")
    chosen = resolve(precision=precision)
    assert chosen.precision == precision
    assert ("slower here: this CPU has no units for it" in chosen.reasons[1]) is slower


@pytest.mark.parametrize(("flags", "said"), [("avx512_bf16", "may be faster"), ("avx2", "no fast bfloat16")])
def test_full_precision_of_a_cpu_says_whether_it_has_bfloat16(no_gpu, monkeypatch, tmp_path, flags, said):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_FLAGS", tmp_path / "cpuinfo")
    chosen = resolve()
    assert chosen.precision == "32-true"
    assert said in chosen.reasons[1]


def test_emulated_bfloat16_is_allowed_and_reported(one_gpu, monkeypatch):
    assert "slower" not in resolve(precision="bf16-mixed").reasons[1]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    chosen = resolve(precision="bf16-mixed")
    assert chosen.precision == "bf16-mixed"
    assert "this GPU only emulates bfloat16" in chosen.reasons[1]


def test_more_processes_than_cores_are_allowed_and_reported(no_gpu, monkeypatch):
    monkeypatch.setattr(hardware, "cores", lambda: 2)
    chosen = resolve(accelerator="cpu", devices=8)
    assert chosen.devices == 8
    assert "devices: 8 processes (as requested; slower than 2, the cores there are)" in chosen.reasons
    assert not any("devices" in reason for reason in resolve(accelerator="cpu", devices=2).reasons)
    with pytest.raises(ZooError, match=r"`trainer.devices` \(=64\) would start 64 processes on 2 CPU cores"):
        resolve(accelerator="cpu", devices=64)


@pytest.fixture
def mac(no_gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


def test_a_device_is_cuda_else_mps_else_the_cpu(one_gpu):
    assert hardware.resolve_device("auto") == (torch.device("cuda"), "device: A GPU (CUDA is available)")
    assert hardware.resolve_device("cuda:0") == (torch.device("cuda:0"), "device: A GPU (as requested)")
    assert hardware.resolve_device("cpu").device.type == "cpu"


def test_a_mac_computes_on_its_gpu_in_single_precision(mac):
    assert hardware.resolve_device("auto") == (
        torch.device("mps"),
        "device: MPS, the GPU of this Mac (no CUDA device was found)",
    )
    assert resolve().accelerator == resolve(accelerator="mps").accelerator == "mps"
    assert hardware.resolve_device("auto", double_precision=True).device.type == "cpu"
    with pytest.raises(ZooError, match=r"`device` .=mps.: MPS has no double precision, which this model needs"):
        hardware.resolve_device("mps", double_precision=True)


@pytest.mark.parametrize(
    ("requested", "answer"),
    [
        ("gpu", r"`device` .=gpu. must be auto, cpu, cuda, cuda:1, … or mps"),
        ("meta", r"`device` .=meta. must be auto"),
        ("cuda:1", r"`device` .=cuda:1. needs a GPU, and there are 1 of them: device=auto takes what there is"),
        ("mps", r"`device` .=mps. needs a GPU, and none was found: device=auto takes what there is"),
    ],
)
def test_a_device_that_is_not_there(one_gpu, monkeypatch, requested, answer):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ZooError, match=answer):
        hardware.resolve_device(requested)


def test_a_network_declares_its_memory_format(no_gpu):
    network = nn.Conv2d(1, 1, 1)
    assert not resolve(network=network).channels_last
    network.channels_last = True
    assert resolve(network=network).channels_last


def test_cores_are_cut_by_the_quota(monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(hardware, "_CGROUP_QUOTA", quota)
    monkeypatch.setattr(hardware.os, "sched_getaffinity", lambda _: set(range(8)))
    assert hardware.cores() == 8
    quota.write_text("max 100000\n")
    assert hardware.cores() == 8
    quota.write_text("150000 100000\n")
    assert hardware.cores() == 2


def test_workers_are_the_given_number_or_half_of_the_cores(monkeypatch, no_gpu):
    monkeypatch.setattr(hardware, "cores", lambda: 6)
    assert hardware.data_workers(4) == 4
    assert hardware.data_workers("auto") == 3


def test_norms_are_synchronized_between_gpus_alone(tmp_path):
    config = to_dict(compose(["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]))["trainer"]
    on_cpu = hardware.Hardware(accelerator="cpu", devices=2, precision="32-true", channels_last=False)
    trainer = build_trainer(config, on_cpu, tmp_path, callbacks=[], loggers=[], deterministic=False)
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    converted = trainer.strategy._layer_sync.apply(copy.deepcopy(network))
    assert isinstance(converted[1], nn.SyncBatchNorm)
    with pytest.raises(ZooError, match=r"`trainer.sync_batchnorm` \(=true\) works between GPUs alone"):
        hardware.check_sync_batchnorm(config, on_cpu, network)
    on_gpu = replace(on_cpu, accelerator="gpu")
    hardware.check_sync_batchnorm(config, on_gpu, network)
    hardware.check_sync_batchnorm(config, on_cpu, network[:1])
    hardware.check_sync_batchnorm(config | {"sync_batchnorm": False}, on_cpu, network)
