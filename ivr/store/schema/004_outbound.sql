-- Outbound calling: a campaign, its households (tasks), their numbers, the calls (attempts).

CREATE TABLE campaigns (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  urgency TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  not_before DOUBLE PRECISION NOT NULL,
  not_after DOUBLE PRECISION NOT NULL,
  outside_window INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  approved_by TEXT NOT NULL
);

CREATE INDEX campaigns_by_state ON campaigns (site, state);

CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  campaign TEXT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  household TEXT NOT NULL,
  subject TEXT NOT NULL,
  due_at DOUBLE PRECISION NOT NULL,
  quiet TEXT NOT NULL,
  opened_at DOUBLE PRECISION NOT NULL,
  tries INTEGER NOT NULL,
  number_index INTEGER NOT NULL,
  attempt TEXT NOT NULL DEFAULT '',  -- the call that is under way
  outcome TEXT,  -- NULL while it is open
  duplicate_of TEXT NOT NULL,
  settled_at DOUBLE PRECISION,
  note TEXT NOT NULL
);

-- The dialing decision: the first few due, without a look at the others.
CREATE INDEX tasks_due ON tasks (campaign, due_at, id) WHERE outcome IS NULL AND attempt = '';
CREATE INDEX tasks_by_outcome ON tasks (campaign, outcome, attempt);  -- alone tells the progress
CREATE INDEX tasks_duplicates ON tasks (duplicate_of) WHERE duplicate_of <> '';

CREATE TABLE task_numbers (
  task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  number TEXT NOT NULL,
  PRIMARY KEY (task, position)
);

CREATE INDEX task_numbers_by_number ON task_numbers (number);

CREATE TABLE attempts (
  id TEXT PRIMARY KEY,  -- UUID version 7; the ChannelId Asterisk gets
  site TEXT NOT NULL,
  task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  campaign TEXT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  number TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  dialled_at DOUBLE PRECISION,
  ringing_at DOUBLE PRECISION,
  answered_at DOUBLE PRECISION,
  ended_at DOUBLE PRECISION,
  outcome TEXT,
  cause INTEGER,  -- ITU-T Q.850
  keys TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT ''
);

CREATE INDEX attempts_by_task ON attempts (task, created_at);
CREATE INDEX attempts_by_number ON attempts (number, created_at);
-- Whatever the program does: one call at a time to a household, and to a number.
CREATE UNIQUE INDEX attempts_one_per_task ON attempts (task) WHERE state <> 'done';
CREATE UNIQUE INDEX attempts_one_per_number ON attempts (site, number) WHERE state <> 'done';
