"""Where source tables lie: a folder of files, a DuckDB file, a PostgreSQL database, frames in memory."""

from cs_ml.tables.sources.raw import Raw, Source

__all__ = ["Raw", "Source"]
