-- Service requests (服务工作单), their history, and what was told about their limits.

CREATE TABLE requests (
  id TEXT PRIMARY KEY,  -- UUID version 7
  site TEXT NOT NULL,
  number TEXT NOT NULL,  -- "20261122-003"
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  home TEXT NOT NULL,
  owner TEXT NOT NULL,
  contact TEXT NOT NULL,
  phone TEXT NOT NULL,
  phone_key TEXT NOT NULL,  -- one spelling per number: ivr.calls.numbers.key
  department TEXT NOT NULL,
  assignee TEXT NOT NULL,
  keeper TEXT NOT NULL,
  call TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  promised_at DOUBLE PRECISION,
  assigned_at DOUBLE PRECISION,
  on_site_at DOUBLE PRECISION,
  answered_at DOUBLE PRECISION,
  resolved_at DOUBLE PRECISION,
  closed_at DOUBLE PRECISION,
  reopened_at DOUBLE PRECISION,
  rounds INTEGER NOT NULL,
  version INTEGER NOT NULL,
  due_at DOUBLE PRECISION,  -- the earliest limit that is not met
  look_at DOUBLE PRECISION,  -- when there is something to tell about a limit
  origin TEXT NOT NULL,  -- its id in the office's own system, or ''
  UNIQUE (site, number)
);

CREATE UNIQUE INDEX requests_by_origin ON requests (site, origin) WHERE origin <> '';
-- The order of every list: late, with a limit, the newest. A page of it sorts nothing.
CREATE INDEX requests_in_order ON requests (
  site, due_at IS NULL, due_at, created_at DESC, id DESC
);
CREATE INDEX requests_by_state ON requests (site, state, created_at);
CREATE INDEX requests_by_home ON requests (site, home, created_at);
CREATE INDEX requests_by_phone ON requests (site, phone_key, created_at);
CREATE INDEX requests_by_call ON requests (site, call) WHERE call <> '';
CREATE INDEX requests_to_look_at ON requests (site, look_at) WHERE look_at IS NOT NULL;

CREATE TABLE request_entries (
  id TEXT PRIMARY KEY,
  request TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,  -- in the request's history, from 1
  at DOUBLE PRECISION NOT NULL,
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  text TEXT NOT NULL,
  need TEXT NOT NULL,  -- of a warning or a breach
  told INTEGER NOT NULL DEFAULT 0,  -- to whom it concerns: once
  UNIQUE (request, position)
);

CREATE INDEX request_entries_untold ON request_entries (site, at) WHERE told = 0;

-- Each warning and each breach is told once in a round of work.
CREATE TABLE request_steps (
  request TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  since DOUBLE PRECISION NOT NULL,  -- beginning of the round
  need TEXT NOT NULL,
  step TEXT NOT NULL,
  breach_at DOUBLE PRECISION NOT NULL,  -- a promise that was moved is another limit
  PRIMARY KEY (request, since, need, step, breach_at)
);
