import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.networks.embedding import ConvTrunk, EmbeddingNetwork
from zoo.networks.resnet import ResNet
from zoo.networks.staged import Outputs
from zoo.run.create import create_model


@pytest.mark.parametrize("size", [28, 32, 56, 112])
def test_unit_vectors_for_every_size(size):
    network = EmbeddingNetwork(backbone=ConvTrunk(num_classes=16))
    vectors = network(torch.rand(4, 1, size, size))
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(4))
    assert vectors.shape == (4, 16)


def test_mirrored_images_have_the_same_embedding_in_evaluation():
    torch.manual_seed(0)
    network = EmbeddingNetwork(backbone=ConvTrunk(num_classes=16), mirror=True)
    network(torch.rand(8, 1, 32, 32))
    images = torch.rand(3, 1, 32, 32)
    network.eval()
    torch.testing.assert_close(network(images), network(images.flip(3)))
    plain = EmbeddingNetwork(backbone=network.backbone).eval()
    assert not torch.allclose(plain(images), plain(images.flip(3)), atol=1e-3)


def test_standardized_images_are_invariant_to_lighting():
    torch.manual_seed(0)
    network = EmbeddingNetwork(backbone=ConvTrunk(num_classes=16, standardize=True)).eval()
    images = torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(images), network(3 * images - 1), atol=1e-3, rtol=1e-3)


def test_half_precision_gives_float32_vectors_and_zero_gives_no_nan():
    class Half(nn.Module):
        def forward(self, images):
            return images.flatten(1).half() * 200  # its squares add up to more than float16 holds

    vectors = EmbeddingNetwork(backbone=Half())(torch.stack([torch.ones(1, 20, 20), torch.zeros(1, 20, 20)]))
    assert vectors.dtype == torch.float32
    assert torch.isfinite(vectors).all()
    assert vectors[0].norm() == pytest.approx(1)


def test_auxiliary_heads_are_ignored():
    class Auxiliary(nn.Module):
        def forward(self, images):
            return Outputs(images.flatten(1), (images,))

    assert EmbeddingNetwork(backbone=Auxiliary())(torch.rand(2, 1, 3, 3)).shape == (2, 9)


def test_no_widths():
    with pytest.raises(ZooError, match="`widths`"):
        ConvTrunk(widths=[])


def test_a_siamese_network_starts_from_the_weights_of_its_backbone(tmp_path):
    torch.manual_seed(0)
    classifier = ResNet(layers=[3, 4, 6, 3], num_classes=10)
    torch.save(classifier.state_dict(), tmp_path / "resnet50.pth")
    task = create_model("siamese_resnet50", pretrained=str(tmp_path / "resnet50.pth"))
    own = task.network.backbone.state_dict()
    same = {name for name, value in classifier.state_dict().items() if torch.equal(own[name], value)}
    assert set(own) - same == {"fc.weight", "fc.bias"}
    assert own["fc.weight"].shape == (128, 2048)
