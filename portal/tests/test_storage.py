"""Collected static files."""

from pathlib import Path

from portal.storage import StaticFilesStorage


def test_hashed_files_are_compressed_and_plain_originals_stay(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("main { color: black }\n" * 100)
    storage = StaticFilesStorage(location=tmp_path)  # type: ignore[no-untyped-call]
    list(storage.post_process({"page.css": (storage, "page.css")}))  # type: ignore[no-untyped-call]
    hashed = storage.hashed_files["page.css"]
    assert hashed != "page.css"
    assert {path.name for path in tmp_path.iterdir()} == {
        "page.css", hashed, f"{hashed}.br", f"{hashed}.gz", "staticfiles.json"
    }  # fmt: skip
