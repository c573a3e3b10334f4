-- Webhooks: what other systems are still to be told, and what they were told.

CREATE TABLE hook_outbox (
  id TEXT PRIMARY KEY,  -- of the delivery; UUID version 7
  site TEXT NOT NULL,
  target TEXT NOT NULL,  -- name of a [[hooks.targets]]
  event TEXT NOT NULL,
  about TEXT NOT NULL,  -- what happened, once for each target: id of an entry, a call …
  body TEXT NOT NULL,  -- the JSON that is sent, every time the same
  created_at DOUBLE PRECISION NOT NULL,
  due_at DOUBLE PRECISION,  -- NULL: sent, or given up
  tries INTEGER NOT NULL DEFAULT 0,
  done_at DOUBLE PRECISION,
  status TEXT NOT NULL DEFAULT '',  -- what came of the last try
  UNIQUE (site, target, event, about)
);

CREATE INDEX hook_outbox_due ON hook_outbox (site, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX hook_outbox_by_time ON hook_outbox (site, created_at);
