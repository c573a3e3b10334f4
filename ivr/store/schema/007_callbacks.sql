-- Callbacks and surveys: why a household is phoned, the talks, what was answered.

-- One row for each task of a campaign of kind callback, survey, weekly or briefing.
CREATE TABLE callbacks (
  task TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  campaign TEXT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  request TEXT NOT NULL,  -- empty: a survey or a sample
  round_at DOUBLE PRECISION NOT NULL,  -- which round of the request: when it was resolved
  day TEXT NOT NULL,  -- site's date: once a round and day, whatever happens
  reason TEXT NOT NULL,
  script TEXT NOT NULL,
  fields TEXT NOT NULL,  -- what the script's {fields} become, as JSON
  due_at DOUBLE PRECISION NOT NULL,
  ready_at DOUBLE PRECISION,  -- its words are rendered; nobody is phoned before
  lacking TEXT NOT NULL DEFAULT ''  -- why they cannot be
);

CREATE UNIQUE INDEX callbacks_once ON callbacks (site, request, reason, round_at, day)
WHERE request <> '';
CREATE INDEX callbacks_by_campaign ON callbacks (campaign);
CREATE INDEX callbacks_unready ON callbacks (site, due_at) WHERE ready_at IS NULL;

-- A survey of all, or a sample that was drawn: how, so that anybody can draw it again.
CREATE TABLE surveys (
  campaign TEXT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  reason TEXT NOT NULL,
  script TEXT NOT NULL,
  scope TEXT NOT NULL,
  seed TEXT NOT NULL,  -- empty: nobody was left out by lot
  population INTEGER NOT NULL,
  drawn INTEGER NOT NULL
);

CREATE UNIQUE INDEX surveys_once ON surveys (site, seed) WHERE seed <> '';

-- A talk with somebody who answered. Its id is the attempt's.
CREATE TABLE interviews (
  id TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  task TEXT NOT NULL,
  campaign TEXT NOT NULL,
  request TEXT NOT NULL,
  household TEXT NOT NULL,
  reason TEXT NOT NULL,
  script TEXT NOT NULL,
  version TEXT NOT NULL,  -- of the script
  begun_at DOUBLE PRECISION NOT NULL,
  ended_at DOUBLE PRECISION,
  result TEXT NOT NULL DEFAULT '',  -- as the script ended; empty while it goes on
  verdict TEXT NOT NULL DEFAULT '',  -- what that means for the request
  words TEXT NOT NULL DEFAULT '',  -- what they said, in short
  settled_at DOUBLE PRECISION,  -- everything that follows from it is done
  settled_by TEXT NOT NULL DEFAULT ''  -- a person who decided; empty: ivr
);

CREATE INDEX interviews_by_request ON interviews (site, request, begun_at) WHERE request <> '';
CREATE INDEX interviews_by_time ON interviews (site, ended_at);
CREATE INDEX interviews_by_campaign ON interviews (campaign);
CREATE INDEX interviews_unsettled ON interviews (site) WHERE settled_at IS NULL;

CREATE TABLE answers (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  interview TEXT NOT NULL REFERENCES interviews (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  step TEXT NOT NULL,
  question TEXT NOT NULL,
  choice TEXT,  -- NULL: there was none, or these are free words
  label TEXT NOT NULL,
  way TEXT NOT NULL,  -- key, speech, no_input, no_match
  key TEXT NOT NULL,
  score DOUBLE PRECISION,
  engine TEXT NOT NULL,
  transcript TEXT NOT NULL,
  tries INTEGER NOT NULL,
  recording TEXT NOT NULL,  -- under the data folder; empty: nothing was spoken, or purged
  at DOUBLE PRECISION NOT NULL,
  -- beside it, what a person made of the recording
  corrected_choice TEXT,
  corrected_label TEXT NOT NULL DEFAULT '',
  corrected_by TEXT NOT NULL DEFAULT '',
  corrected_at DOUBLE PRECISION,
  correction_note TEXT NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX answers_in_order ON answers (interview, position);
CREATE INDEX answers_recorded ON answers (at) WHERE recording <> '';
