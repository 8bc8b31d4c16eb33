/** The first four bytes of "Reseal" plus one: SQLite's `application_id`, as `file` shows it. */
export const applicationId = 0x52_65_73_31;

/**
 * The statements that lead from each format to the next; the first from nothing to format 1. The
 * format is SQLite's `user_version`. A released entry never changes: add another.
 *
 * Everything here is SQLite's own dialect. Queries are not: they stand in the other files.
 */
export const sqliteMigrations: readonly string[] = [
  /* format 1 */ `
CREATE TABLE seals (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  seal TEXT NOT NULL,
  run_id TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  input_key TEXT NOT NULL,
  result_key TEXT,
  env_key TEXT,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  exit_code INTEGER,
  signal TEXT,
  pass_fail TEXT,
  name TEXT,
  project TEXT,
  family TEXT,
  tags TEXT NOT NULL,
  title TEXT,
  created_at TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  duration_ms REAL,
  user_name TEXT,
  host TEXT,
  seed TEXT,
  seed_order TEXT,
  command TEXT,
  command_text TEXT,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  parents TEXT NOT NULL,
  workspace TEXT,
  manifest_bytes INTEGER
);
CREATE UNIQUE INDEX seals_by_seal ON seals (seal, tenant);
CREATE INDEX seals_by_run ON seals (run_id);
CREATE INDEX seals_by_artifact ON seals (artifact_id);
CREATE INDEX seals_by_time ON seals (tenant, created_at);
CREATE INDEX seals_by_status ON seals (tenant, status, created_at);
CREATE INDEX seals_by_name ON seals (tenant, name, created_at) WHERE name IS NOT NULL;
CREATE INDEX seals_by_project ON seals (tenant, project, created_at) WHERE project IS NOT NULL;
CREATE INDEX seals_by_family ON seals (tenant, family, created_at) WHERE family IS NOT NULL;

CREATE TABLE metric_names (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (tenant, name)
);
CREATE TABLE seal_metrics (
  seal_id INTEGER NOT NULL REFERENCES seals (id) ON DELETE CASCADE,
  name_id INTEGER NOT NULL REFERENCES metric_names (id),
  value REAL,
  context INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  seal_order INTEGER NOT NULL,
  PRIMARY KEY (seal_id, name_id)
) WITHOUT ROWID;
CREATE INDEX seal_metrics_by_value ON seal_metrics (name_id, value, seal_order);
CREATE INDEX seal_metrics_by_time ON seal_metrics (name_id, created_at, seal_order, value);

CREATE TABLE seal_tags (
  seal_id INTEGER NOT NULL REFERENCES seals (id) ON DELETE CASCADE,
  tenant TEXT NOT NULL,
  tag TEXT NOT NULL,
  created_at TEXT NOT NULL,
  seal_order INTEGER NOT NULL,
  PRIMARY KEY (seal_id, tag)
) WITHOUT ROWID;
CREATE INDEX seal_tags_by_time ON seal_tags (tenant, tag, created_at, seal_order);

CREATE TABLE seal_parents (
  seal_id INTEGER NOT NULL REFERENCES seals (id) ON DELETE CASCADE,
  tenant TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  PRIMARY KEY (seal_id, artifact_id)
) WITHOUT ROWID;
CREATE INDEX seal_parents_by_artifact ON seal_parents (artifact_id, tenant);

CREATE TABLE workspace_outputs (
  workspace TEXT NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY (workspace, path)
) WITHOUT ROWID;

CREATE TABLE catalog_state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE battery_axioms (
  run_id TEXT NOT NULL, axiom_id TEXT NOT NULL, left_term TEXT NOT NULL, right_term TEXT NOT NULL,
  symmetry_class TEXT NOT NULL, created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, axiom_id)
) WITHOUT ROWID;
CREATE TABLE battery_models (
  run_id TEXT NOT NULL, axiom_id TEXT NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL,
  fingerprint TEXT, candidates INTEGER NOT NULL, elapsed_seconds REAL NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, axiom_id, size)
) WITHOUT ROWID;
CREATE TABLE battery_implications (
  run_id TEXT NOT NULL, axiom_id TEXT NOT NULL, theory TEXT NOT NULL, status TEXT NOT NULL,
  checked_max_size INTEGER NOT NULL, counterexample_size INTEGER, counterexample_fingerprint TEXT,
  proof_status TEXT, proof_elapsed_seconds REAL, proof_steps_json TEXT, created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, axiom_id, theory)
) WITHOUT ROWID;
CREATE TABLE battery_notes (
  note_id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, axiom_id TEXT NOT NULL,
  body TEXT NOT NULL, created_at TEXT NOT NULL
);

-- The documented views, with the columns of the store that Reseal's first seed describes.
CREATE VIEW artifacts (digest, kind, size, created_at) AS
  SELECT seal, 'run_manifest', max(manifest_bytes), min(created_at) FROM seals GROUP BY seal;
CREATE VIEW runs
  (run_id, created_at, spec_json, battery_config_json, manifest_digest, results_digest) AS
  SELECT run_id, created_at,
    json_patch('{}', json_object('command', json(coalesce(command, 'null')),
                                 'seed', json(coalesce(seed, 'null')))),
    '{}', seal, coalesce(result_key, '')
  FROM seals AS run
  WHERE NOT EXISTS (
    SELECT 1 FROM seals AS later
    WHERE later.run_id = run.run_id
      AND (later.created_at, later.seal, later.id) > (run.created_at, run.seal, run.id)
  );
CREATE VIEW metrics (run_id, axiom_id, name, value, value_json, created_at) AS
  SELECT runs.run_id, '', metric_names.name,
    CASE WHEN abs(value) < 9e999 THEN value END,
    CASE WHEN value IS NULL THEN '"NaN"' WHEN value = 9e999 THEN '"Infinity"'
         WHEN value = -9e999 THEN '"-Infinity"' END,
    runs.created_at
  FROM runs
  JOIN seals ON seals.run_id = runs.run_id AND seals.seal = runs.manifest_digest
  JOIN seal_metrics ON seal_metrics.seal_id = seals.id
  JOIN metric_names ON metric_names.id = seal_metrics.name_id;
CREATE VIEW axioms (run_id, axiom_id, left_term, right_term, symmetry_class, created_at) AS
  SELECT run_id, axiom_id, left_term, right_term, symmetry_class, created_at FROM battery_axioms;
CREATE VIEW models
  (run_id, axiom_id, size, status, fingerprint, candidates, elapsed_seconds, created_at) AS
  SELECT run_id, axiom_id, size, status, fingerprint, candidates, elapsed_seconds, created_at
  FROM battery_models;
CREATE VIEW implications
  (run_id, axiom_id, theory, status, checked_max_size, counterexample_size,
   counterexample_fingerprint, proof_status, proof_elapsed_seconds, proof_steps_json,
   created_at) AS
  SELECT run_id, axiom_id, theory, status, checked_max_size, counterexample_size,
    counterexample_fingerprint, proof_status, proof_elapsed_seconds, proof_steps_json, created_at
  FROM battery_implications;
CREATE VIEW notes (note_id, run_id, axiom_id, body, created_at) AS
  SELECT note_id, run_id, axiom_id, body, created_at FROM battery_notes;
`,
];
