-- The settings of a plan were a list read by position: [plan, local], two tables of auditor.toml.
UPDATE stage_runs SET settings = json_object('plan', settings->0, 'local', settings->1)
WHERE stage = 'plan' AND json_type(settings) = 'ARRAY';
