from weights import published

from zoo.errors import ZooError


def test_the_files_of_every_model_with_published_weights_are_checked(monkeypatch, capsys):
    addresses = []

    def fetch(file, *, url, sha256):
        addresses.append(url)
        if "fcos" in file.name:
            raise ZooError("no network")

    monkeypatch.setattr(published, "fetch", fetch)
    assert published.check_published() is False
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(addresses) == len(set(lines))
    detectors = [line for line in lines if line.startswith(("fasterrcnn", "fcos", "retinanet", "ssdlite320"))]
    assert len(detectors) == 4
    assert [line.partition(": ")[2] for line in detectors if "fcos" in line] == ["no network"]
    assert "resnet50-11ad3fa6.pth: hash right" in lines
