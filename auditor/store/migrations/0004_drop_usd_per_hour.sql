-- Nothing ever wrote or read it: what a machine costs is in [local] and machine_costs.
ALTER TABLE candidates DROP COLUMN usd_per_hour;
