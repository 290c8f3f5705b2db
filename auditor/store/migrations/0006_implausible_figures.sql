-- A figure of the log that no call can have was stored as it was, or ended the run.
ALTER TABLE calls ADD COLUMN implausible VARCHAR[];
