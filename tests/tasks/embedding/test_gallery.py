import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import EmbeddingNetwork
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery import Gallery, load_gallery, read_gallery


def model(seed=0, loss=None):
    torch.manual_seed(seed)
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(9, 4))
    task = Embedding(network=EmbeddingNetwork(backbone=backbone), loss=loss or TripletLoss(margin=0.2, miner=None))
    task.card = {"preprocessing": {"size": 3}}
    return task.eval()


def axis(number, lean=0.0):
    """A unit vector along an axis, leaning a little towards the last."""
    vector = torch.zeros(1, 4)
    vector[0, number] = 1
    vector[0, 3] += lean
    return F.normalize(vector, dim=1)


@pytest.fixture
def task():
    return model()


@pytest.fixture
def gallery(task):
    found = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    found.enroll("ann", torch.cat([axis(0), axis(0, 0.2)]))
    found.enroll("bob", axis(1))
    return found


def test_the_closest_are_found_best_first(gallery, task):
    (found,) = gallery.search(task, axis(1, 0.1), 5)
    assert [other.name for other in found] == ["bob", "ann"]
    assert found[0].distance == pytest.approx((axis(1, 0.1) - axis(1)).square().sum().item(), abs=1e-6)
    assert gallery.distance(task, "bob", axis(1, 0.1)) == [pytest.approx(found[0].distance)]


def test_a_person_is_the_mean_of_their_pictures(gallery, task):
    names, _, templates = gallery.templates()
    assert names == ["ann", "bob"]
    torch.testing.assert_close(templates[0], F.normalize(axis(0) + axis(0, 0.2), dim=1)[0])


def test_the_verification_head_searches_by_its_own_distance():
    task = model(loss=VerificationLoss(size=4))
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    gallery.enroll("ann", axis(0))
    gallery.enroll("bob", axis(1))
    (found,) = gallery.search(task, axis(1, 0.1), 2)
    assert [other.name for other in found] == ["bob", "ann"]
    torch.testing.assert_close(found[0].distance, task.loss.distances(axis(1, 0.1), axis(1)).item())


def test_a_learned_search_holds_few_pairs_at_a_time(monkeypatch):
    task, asked = model(loss=VerificationLoss(size=4)), []
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    vectors = F.normalize(torch.randn(40, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    for number, vector in enumerate(vectors):
        gallery.enroll(str(number), vector[None])
    distances = task.distances
    monkeypatch.setattr(task, "distances", lambda a, b: asked.append(a.numel() * len(b)) or distances(a, b))
    monkeypatch.setattr("zoo.tasks.embedding.gallery.BLOCK", 256)
    monkeypatch.setattr("zoo.tasks.embedding.gallery._PROBES", 16)
    found = gallery.search(task, vectors, 1)
    assert [other.name for (other,) in found] == [str(number) for number in range(40)]
    assert max(asked) <= 256


def test_enrolling_again_adds(gallery):
    assert gallery.enroll("bob", axis(1, 0.3)) == 1
    assert gallery.people == {"ann": 2, "bob": 2}


def test_many_enrolments_are_put_together_once(task, monkeypatch):
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    joined, cat = [], torch.cat
    monkeypatch.setattr(torch, "cat", lambda parts, **options: joined.append(len(parts)) or cat(parts, **options))
    for number in range(100):
        gallery.enroll(f"person {number // 2}", axis(number % 4))
    assert joined == []
    assert torch.equal(gallery.vectors, cat([axis(number % 4) for number in range(100)]))
    assert gallery.vectors is gallery.vectors
    assert joined == [100]
    assert gallery.people == {f"person {number}": 2 for number in range(50)}


def test_pictures_of_another_length_are_refused_before_anything_is_kept(gallery):
    with pytest.raises(ZooError, match="of 3 numbers, and those enrolled have 4"):
        gallery.enroll("eve", torch.zeros(1, 3))
    assert gallery.people == {"ann": 2, "bob": 1}


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_an_embedding_that_is_not_finite_is_refused(gallery, number):
    with pytest.raises(ZooError, match="an embedding of eve holds numbers that are not finite"):
        gallery.enroll("eve", torch.tensor([[0, float(number), 0, 0]]))
    assert gallery.people == {"ann": 2, "bob": 1}


def test_removing_forgets(gallery, task):
    assert gallery.remove("ann") == 2
    assert gallery.people == {"bob": 1}
    (found,) = gallery.search(task, axis(0), 5)
    assert [other.name for other in found] == ["bob"]


def test_people_closer_than_the_threshold(gallery, task):
    gallery.enroll("twin", axis(1, 0.1))
    found = gallery.closer_than(task, ["twin", "ann", "bob"], 0.1)
    assert [[other.name for other in others] for others in found] == [["bob"], [], ["twin"]]


@pytest.mark.parametrize("name", ["people.gallery", "people.safetensors", "people"])
def test_a_file_comes_back_as_it_was(gallery, task, tmp_path, name):
    gallery.save(tmp_path / "deep" / name)
    again = load_gallery(tmp_path / "deep" / name, task)
    assert again.names == gallery.names
    assert torch.equal(again.vectors, gallery.vectors)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [name]


def test_no_file_is_an_empty_gallery(task, tmp_path):
    gallery = load_gallery(tmp_path / "people.gallery", task)
    assert gallery.people == {}
    with pytest.raises(ZooError, match="the gallery is empty: enroll somebody first"):
        gallery.search(task, axis(0), 1)


def test_another_models_gallery_is_refused(gallery, tmp_path):
    gallery.save(tmp_path / "g")
    with pytest.raises(ZooError, match="was enrolled with another model"):
        load_gallery(tmp_path / "g", model(seed=1))
    other_size = model()
    other_size.card = {"preprocessing": {"size": 5}}
    with pytest.raises(ZooError, match="was enrolled with another model"):
        load_gallery(tmp_path / "g", other_size)


@pytest.mark.parametrize("part", [0, 1, 100, 700, -1])
def test_a_file_that_was_cut_short_is_refused(gallery, tmp_path, part):
    path = tmp_path / "g"
    gallery.save(path)
    path.write_bytes(path.read_bytes()[:part])
    with pytest.raises(ZooError, match=r"cannot be read|is refused"):
        read_gallery(path)


def test_every_edited_entry_is_refused(gallery, tmp_path):
    path = tmp_path / "g"
    gallery.save(path)
    content = torch.load(path, weights_only=True)
    edits = {"names": ["eve", "eve", "bob"], "vectors": content["vectors"].flip(0), "model": "0", "digest": "0"}
    for key, value in edits.items():
        torch.save(content | {key: value}, path)
        with pytest.raises(ZooError, match="it was changed after it was written"):
            read_gallery(path)
    torch.save({key: value for key, value in content.items() if key != "vectors"}, path)
    with pytest.raises(ZooError, match="it was changed after it was written"):
        read_gallery(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"names": [torch.zeros(1)] * 3},
        {"names": ["ann", "bob"]},
        {"vectors": torch.zeros(3, 4).to_sparse()},
        {"vectors": torch.zeros(12)},
        {"vectors": torch.zeros(3, 4, dtype=torch.long)},
        {"vectors": torch.zeros(3, 4, device="meta")},
        {"digest": torch.zeros(2)},
    ],
)
def test_malformed_entries_are_refused_whatever_the_digest(gallery, tmp_path, monkeypatch, entry):
    gallery.save(tmp_path / "g")
    content = torch.load(tmp_path / "g", weights_only=True)
    torch.save(content | entry, tmp_path / "g")
    monkeypatch.setattr("zoo.tasks.embedding.gallery.digest", lambda *_: content["digest"])
    with pytest.raises(ZooError, match="it was changed after it was written"):
        read_gallery(tmp_path / "g")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weights": torch.ones(1)}, "g is no gallery$"),
        ({"zoo_gallery": torch.ones(2)}, "g is no gallery$"),
        ({"zoo_gallery": 1}, "is a gallery of format 1, and this version reads 2: enroll the pictures again"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "g")
    with pytest.raises(ZooError, match=message):
        read_gallery(tmp_path / "g")


def test_a_folder_is_no_gallery(task, tmp_path):
    with pytest.raises(ZooError, match="is a folder, not a file"):
        load_gallery(tmp_path, task)


def test_of_two_who_write_at_once_the_second_is_refused(task, tmp_path):
    path = tmp_path / "g"
    first, second = load_gallery(path, task), load_gallery(path, task)
    for name in ("ann", "bob"):  # a new file, then one that was read
        first.enroll(name, axis(0))
        second.enroll("eve", axis(1))
        first.save(path)
        with pytest.raises(ZooError, match="was written by another command meanwhile and is left as it is: try again"):
            second.save(path)
        second = load_gallery(path, task)
    assert list(second.people) == ["ann", "bob"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_so_does_who_may_read(gallery, tmp_path):
    path, link = tmp_path / "g", tmp_path / "link"
    gallery.save(path)
    path.chmod(0o644)
    link.symlink_to(path)
    gallery.save(link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_keeps_the_old_file(gallery, task, tmp_path, monkeypatch):
    path = tmp_path / "g"
    gallery.save(path)
    before = path.read_bytes()
    gallery.enroll("eve", axis(2))

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        gallery.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", "  ", "a\nb"])
def test_names_are_one_line(gallery, name):
    with pytest.raises(ZooError, match="is no name: give one line of letters"):
        gallery.enroll(name, axis(0))


def test_unknown_people(gallery, task):
    for ask in (gallery.remove, lambda name: gallery.distance(task, name, axis(0))):
        with pytest.raises(ZooError, match="name=eve is not enrolled; enrolled: ann, bob"):
            ask("eve")


def test_the_fingerprint_follows_weights_and_preprocessing():
    assert fingerprint(model()) == fingerprint(model())
    mirrored = model()
    mirrored.config = {"network": {"mirror": True}}
    assert fingerprint(mirrored) != fingerprint(model())
    assert (
        len({fingerprint(model()), fingerprint(model(seed=1)), fingerprint(model(loss=VerificationLoss(size=4)))}) == 3
    )
