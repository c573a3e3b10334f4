-- The call log. Times: seconds since the epoch, UTC. Flags: 0 or 1.

CREATE TABLE calls (
  id TEXT PRIMARY KEY,  -- UUID version 7
  site TEXT NOT NULL,
  call_id TEXT NOT NULL,  -- Asterisk's Linkedid
  direction TEXT NOT NULL,
  caller TEXT NOT NULL,
  caller_key TEXT NOT NULL,  -- one spelling per number: ivr.calls.numbers.key
  caller_name TEXT NOT NULL,
  called TEXT NOT NULL,
  called_key TEXT NOT NULL,
  line TEXT NOT NULL,  -- name of the line whose number was dialled, or ''
  start_at DOUBLE PRECISION,
  ring_at DOUBLE PRECISION,
  system_answer_at DOUBLE PRECISION,
  answer_at DOUBLE PRECISION,
  end_at DOUBLE PRECISION,
  answered_ext TEXT NOT NULL,
  answered_channel TEXT NOT NULL,
  rings INTEGER NOT NULL,
  ring_s DOUBLE PRECISION,
  wait_s DOUBLE PRECISION,
  talk_s DOUBLE PRECISION,
  hold_s DOUBLE PRECISION NOT NULL,
  disposition TEXT NOT NULL,
  hangup_by TEXT NOT NULL,
  breach INTEGER NOT NULL,
  cause INTEGER,  -- ITU-T Q.850
  cause_text TEXT NOT NULL,
  recording TEXT NOT NULL,  -- file, relative to the data folder, or ''
  recording_state TEXT NOT NULL,
  repaired INTEGER NOT NULL,
  attempt_id TEXT NOT NULL,
  intent TEXT NOT NULL DEFAULT '',  -- what for, written by the clerk
  note TEXT NOT NULL DEFAULT '',
  logged_at DOUBLE PRECISION NOT NULL,
  UNIQUE (site, call_id)
);

CREATE INDEX calls_by_time ON calls (site, COALESCE(start_at, logged_at));
CREATE INDEX calls_by_caller ON calls (site, caller_key);
CREATE INDEX calls_by_called ON calls (site, called_key);
CREATE INDEX calls_unchecked ON calls (site) WHERE recording_state = 'unchecked';

-- Phones that were called for a call.
CREATE TABLE legs (
  call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,
  ext TEXT NOT NULL,
  channel TEXT NOT NULL,
  dial_at DOUBLE PRECISION,
  ring_at DOUBLE PRECISION,
  answer_at DOUBLE PRECISION,
  end_at DOUBLE PRECISION,
  rings INTEGER NOT NULL,
  ring_s DOUBLE PRECISION,
  outcome TEXT NOT NULL,
  breach INTEGER NOT NULL,
  PRIMARY KEY (call, position)
);

CREATE INDEX legs_by_ext ON legs (site, ext);

CREATE TABLE transfers (
  call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  by_ext TEXT NOT NULL,
  to_ext TEXT NOT NULL,
  begin_at DOUBLE PRECISION,
  end_at DOUBLE PRECISION,
  seconds DOUBLE PRECISION,
  outcome TEXT NOT NULL,
  PRIMARY KEY (call, position)
);

-- Who must be phoned back. `call_id` is Asterisk's: a request for a call back is
-- committed before its call has ended and has a row.
CREATE TABLE worklist (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  kind TEXT NOT NULL,  -- abandoned, callback
  number TEXT NOT NULL,
  number_key TEXT NOT NULL,
  line TEXT NOT NULL,
  call_id TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  done_at DOUBLE PRECISION,
  done_by TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  closed_by TEXT REFERENCES calls (id)  -- the answered call that closed it by itself
);

CREATE UNIQUE INDEX worklist_once ON worklist (site, kind, call_id) WHERE call_id <> '';
CREATE INDEX worklist_open ON worklist (site, number_key) WHERE done_at IS NULL;

-- How far a reader came (last AMI event, place in the CEL file) and what changed.
CREATE TABLE marks (
  site TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (site, name)
);
