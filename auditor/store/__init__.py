"""The audit database: one DuckDB file whose tables are the contract between the stages."""
