-- Who may use the pages and the API, who is signed in, and what they did.

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  login TEXT NOT NULL,          -- lower case
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  ext TEXT NOT NULL,            -- their desk phone, or ''
  language TEXT NOT NULL,       -- of the pages, or '' for the site's
  password TEXT NOT NULL,       -- argon2id, encoded
  must_change INTEGER NOT NULL, -- 1: the next sign-in asks for a new password
  created_at DOUBLE PRECISION NOT NULL,
  disabled_at DOUBLE PRECISION,
  signed_in_at DOUBLE PRECISION,
  UNIQUE (site, login)
);

CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,        -- SHA-256 of the cookie; the cookie itself is kept nowhere
  site TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at DOUBLE PRECISION NOT NULL,
  seen_at DOUBLE PRECISION NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, seen_at);

CREATE TABLE machine_tokens (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,           -- what it may do
  hash TEXT NOT NULL UNIQUE,    -- SHA-256 of the token
  created_by TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  used_at DOUBLE PRECISION,
  revoked_at DOUBLE PRECISION
);

CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  at DOUBLE PRECISION NOT NULL,
  user_id TEXT NOT NULL,        -- or '' for somebody who is not signed in
  user_name TEXT NOT NULL,      -- as it was then
  role TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,         -- "notice.start"
  target TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (site, at);
CREATE INDEX audit_by_action ON audit (site, action, at);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
