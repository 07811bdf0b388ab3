"""Files that are either the old or the new, never a half."""

from __future__ import annotations

from cs_ml.store.files import (
    make_folder,
    read_json,
    read_parquet,
    replace_folder,
    write_json,
    write_parquet,
    write_text,
)
from cs_ml.store.hashing import hash_file, hash_frame, hash_json, hash_text
from cs_ml.store.lock import lock
from cs_ml.store.partition import partition_dates, partition_path, read_manifest, read_partition, write_partition
from cs_ml.store.plain import plain, to_json

__all__ = [
    "hash_file",
    "hash_frame",
    "hash_json",
    "hash_text",
    "lock",
    "make_folder",
    "partition_dates",
    "partition_path",
    "plain",
    "read_json",
    "read_manifest",
    "read_parquet",
    "read_partition",
    "replace_folder",
    "to_json",
    "write_json",
    "write_parquet",
    "write_partition",
    "write_text",
]
