"""The attribute names of tracers: one module for each family, spans to parts of a call."""
