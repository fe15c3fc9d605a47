"""What a file is, by its first bytes; only for text by its name."""

import mimetypes

HEAD_BYTES = 512

_MAGIC: list[tuple[int, bytes, str]] = [
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (0, b"BM", "image/bmp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
]
_ZIPS = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".epub": "application/epub+zip",
    ".charx": "application/vnd.charx+zip",
}
_TEXTS = {
    ".md": "text/markdown",
    ".jsonl": "application/jsonl",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".js": "text/javascript",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
}


def media_type(head: bytes, name: str) -> str:
    """Return the media type for the first `HEAD_BYTES` bytes: a name can only choose among kinds of text."""
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else ""
    for at, magic, found in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return _ZIPS.get(suffix, found) if found == "application/zip" else found
    if not _is_text(head):
        return "application/octet-stream"
    if suffix in _TEXTS:
        return _TEXTS[suffix]
    guess = mimetypes.guess_type(name)[0] or ""
    return guess if guess.startswith("text/") or guess in ("application/json", "application/xml") else "text/plain"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > 0 and error.start >= len(head) - 3 and len(head) >= HEAD_BYTES
    return True
