"""Collected static files."""

from pathlib import Path

from portal.storage import StaticFilesStorage


def test_hashed_files_are_compressed_and_plain_originals_stay(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("main { color: black }\n" * 100)
    storage = StaticFilesStorage(location=tmp_path)
    list(storage.post_process({"page.css": (storage, "page.css")}))
    hashed = storage.hashed_files["page.css"]
    assert hashed != "page.css"
    assert {path.name for path in tmp_path.iterdir()} == {
        "page.css", hashed, f"{hashed}.br", f"{hashed}.gz", "staticfiles.json"
    }  # fmt: skip


def test_an_address_changes_with_its_file(tmp_path: Path) -> None:
    storage = StaticFilesStorage(location=tmp_path, base_url="/static/")
    addresses = []
    for words in ("main { color: black }", "main { color: white }"):
        (tmp_path / "page.css").write_text(words)
        list(storage.post_process({"page.css": (storage, "page.css")}))
        addresses += [storage.url("page.css"), storage.url("page.css")]
    assert addresses[0] == addresses[1] == f"/static/{addresses[0].rpartition('/')[2]}"
    assert addresses[2] == addresses[3] != addresses[0]
