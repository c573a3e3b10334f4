-- The duty roster: who answers a line instead of its ladder, from … to ….

CREATE TABLE roster (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  line TEXT NOT NULL,
  from_at DOUBLE PRECISION NOT NULL,
  to_at DOUBLE PRECISION NOT NULL,
  primary_exts TEXT NOT NULL,  -- separated by one space
  backup_exts TEXT NOT NULL,
  mobile TEXT NOT NULL,
  person TEXT NOT NULL,
  note TEXT NOT NULL,
  UNIQUE (site, line, from_at, to_at)
);
