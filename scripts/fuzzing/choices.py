"""The mutations of each kind of file, of which one is drawn."""

import gzip

from fuzzing.mutations import mutate_archive, mutate_bytes
from fuzzing.structures import (
    mutate_directory,
    mutate_json,
    mutate_npy,
    mutate_opcodes,
    mutate_parquet,
    mutate_safetensors,
    mutate_words,
)

OF_ARCHIVES = (mutate_archive, mutate_bytes, mutate_directory, mutate_opcodes)
OF_WEIGHTS = {
    "weights.pth": OF_ARCHIVES,
    "legacy.pth": (mutate_bytes,),
    "weights.safetensors": (mutate_bytes, mutate_safetensors),
}
OF_TABLES = {
    "table.csv": (mutate_bytes, mutate_words),
    "packed.csv.gz": (mutate_bytes, lambda data, rng: gzip.compress(mutate_words(gzip.decompress(data), rng))),
    "table.parquet": (mutate_bytes, mutate_parquet),
    "series.npy": (mutate_bytes, mutate_npy),
}
OF_OTHERS = {
    ".csv": (mutate_bytes, mutate_words),
    ".jsonl": (mutate_bytes, mutate_words),
    ".json": (mutate_bytes, mutate_json),
    ".parquet": (mutate_bytes, mutate_parquet),
    ".npz": (mutate_bytes, mutate_directory),
    ".gz": (mutate_bytes, lambda data, rng: gzip.compress(mutate_npy(gzip.decompress(data), rng))),
    ".binvox": (mutate_bytes, mutate_words),
}
