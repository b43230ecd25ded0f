"""An archive writes nothing outside its folder, and no more than it may."""

import zipfile

import pytest

from musegen.corpus import datasets_archive
from musegen.corpus.datasets_archive import unpack
from musegen.errors import CorpusError

LINK = 0o120777 << 16


@pytest.fixture
def archive(tmp_path):
    """`({name: bytes}, attributes)` → a zip archive."""

    def make(files, attributes=0o644 << 16):
        path = tmp_path / "made.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, data in files.items():
                member = zipfile.ZipInfo(name)
                member.external_attr = attributes
                opened.writestr(member, data)
        return path

    return make


def test_only_what_is_wanted_is_unpacked(archive, tmp_path):
    path = archive({"a/1/1.mid": b"one", "a/1/versions/2.mid": b"two", "a/1/1.txt": b"text"})
    unpack(path, tmp_path / "out", ["[0-9]/[0-9].mid"])
    assert [file.read_bytes() for file in (tmp_path / "out").rglob("*.mid")] == [b"one"]
    assert not list((tmp_path / "out").rglob("*.txt"))


@pytest.mark.parametrize(
    "name",
    ["../out.mid", "a/../../out.mid", "/elsewhere/out.mid", "C:/out.mid", "a\\..\\..\\out.mid"],
)
def test_a_path_out_of_the_folder_refuses_the_whole_archive(archive, tmp_path, name):
    with pytest.raises(CorpusError, match="lies outside"):
        unpack(archive({"good.mid": b"", name: b""}), tmp_path / "in" / "out", ["*.mid"])
    assert not list(tmp_path.rglob("*.mid"))


def test_a_link_is_refused(archive, tmp_path):
    with pytest.raises(CorpusError, match="is a link"):
        unpack(archive({"a.mid": b"/etc/passwd"}, LINK), tmp_path / "out", ["*.mid"])
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused_by_what_it_would_fill(archive, tmp_path, monkeypatch):
    path = archive({"a.mid": bytes(100_000), "b.mid": b""})
    monkeypatch.setattr(datasets_archive, "_MOST_BYTES", 99_999)
    with pytest.raises(CorpusError, match="100,000 bytes"):
        unpack(path, tmp_path / "out", ["*.mid"])
    monkeypatch.setattr(datasets_archive, "_MOST_FILES", 1)
    with pytest.raises(CorpusError, match="2 files"):
        unpack(path, tmp_path / "out", ["*.mid"])
    assert not (tmp_path / "out").exists()


def test_a_bomb_that_states_less_than_it_holds_writes_no_more_than_it_states(archive, tmp_path):
    path = archive({"a.mid": bytes(100_000)})
    lying = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(lying)
    with pytest.raises(CorpusError, match="no sound zip"):
        unpack(path, tmp_path / "out", ["*.mid"])
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*.mid")) <= 10


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "encrypted"])
def test_a_damaged_archive_is_refused_in_a_sentence(archive, tmp_path, damage):
    path = archive({"a.mid": b"some music " * 50})
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[40] ^= 0xFF
    if damage == "encrypted":
        data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes({"cut": data[:-30], "text": b"no archive"}.get(damage, bytes(data)))
    with pytest.raises(CorpusError):
        unpack(path, tmp_path / "out", ["*.mid"])
