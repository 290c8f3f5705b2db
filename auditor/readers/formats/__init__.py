"""The log formats, one module or TOML file each."""
