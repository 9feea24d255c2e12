"""Enrollment and search."""

import pytest
import torch
from galleries import axis, model
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery import Gallery


def test_the_closest_are_found_best_first(gallery, task):
    (found,) = gallery.search(task, axis(1, 0.1), 5)
    assert [other.name for other in found] == ["bob", "ann"]
    assert found[0].distance == pytest.approx((axis(1, 0.1) - axis(1)).square().sum().item(), abs=1e-6)
    assert gallery.distance(task, "bob", axis(1, 0.1)) == [pytest.approx(found[0].distance)]


def test_a_person_is_the_mean_of_their_images(gallery, task):
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
    task, sizes = model(loss=VerificationLoss(size=4)), []
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    vectors = F.normalize(torch.randn(40, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    for number, vector in enumerate(vectors):
        gallery.enroll(str(number), vector[None])
    distances = task.distances
    monkeypatch.setattr(task, "distances", lambda a, b: sizes.append(a.numel() * len(b)) or distances(a, b))
    monkeypatch.setattr("zoo.tasks.embedding.gallery.BLOCK", 256)
    monkeypatch.setattr("zoo.tasks.embedding.gallery._PROBES", 16)
    found = gallery.search(task, vectors, 1)
    assert [other.name for (other,) in found] == [str(number) for number in range(40)]
    assert max(sizes) <= 256


def test_enrolling_again_adds(gallery):
    assert gallery.enroll("bob", axis(1, 0.3)) == 1
    assert gallery.people == {"ann": 2, "bob": 2}


def test_many_enrollments_are_put_together_once(task, monkeypatch):
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


def test_images_of_another_length_are_refused_before_anything_is_kept(gallery):
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


@pytest.mark.parametrize("name", ["", "  ", "a\nb"])
def test_names_are_one_line(gallery, name):
    with pytest.raises(ZooError, match="is no name: give one line of letters"):
        gallery.enroll(name, axis(0))


def test_unknown_people(gallery, task):
    for ask in (gallery.remove, lambda name: gallery.distance(task, name, axis(0))):
        with pytest.raises(ZooError, match="name=eve is not enrolled; enrolled: ann, bob"):
            ask("eve")
