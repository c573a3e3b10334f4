-- The log at a million calls. `nr` is a call's place in time: milliseconds since the
-- epoch of COALESCE(start_at, logged_at), or the next free number. Lists are read by it.

ALTER TABLE calls ADD COLUMN nr INTEGER;
ALTER TABLE calls ADD COLUMN record_by TEXT NOT NULL DEFAULT '';  -- who wrote intent and note
ALTER TABLE calls ADD COLUMN record_at DOUBLE PRECISION;

DROP INDEX calls_by_time;
DROP INDEX calls_by_caller;
DROP INDEX calls_by_called;

UPDATE calls SET nr = placed.nr
FROM (
  SELECT id, MAX(ms - place) OVER (ORDER BY place) + place AS nr
  FROM (
    SELECT id, CAST(COALESCE(start_at, logged_at) * 1000 AS INTEGER) AS ms,
           ROW_NUMBER() OVER (ORDER BY COALESCE(start_at, logged_at), id) AS place
    FROM calls
  )
) AS placed
WHERE calls.id = placed.id;

CREATE UNIQUE INDEX calls_by_nr ON calls (nr);
CREATE INDEX calls_by_number_key ON calls (site, caller_key, nr);
CREATE INDEX calls_by_called_key ON calls (site, called_key, nr);

-- Everything a report sums up, so that it reads no row of the table.
CREATE INDEX calls_figures ON calls (
  site, nr, direction, disposition, breach, line, answered_ext, caller_key,
  system_answer_at, wait_s, talk_s
);

-- Files that a purge deletes.
CREATE INDEX calls_recorded ON calls (site, recording) WHERE recording <> '';

CREATE INDEX worklist_by_time ON worklist (site, created_at);

-- When a call was held (保持).
CREATE TABLE holds (
  call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,
  begin_at DOUBLE PRECISION,
  end_at DOUBLE PRECISION,
  PRIMARY KEY (call, position)
);

-- What a clerk wrote of a call that has no row yet; the row takes it over.
CREATE TABLE records (
  site TEXT NOT NULL,
  call_id TEXT NOT NULL,  -- Asterisk's
  intent TEXT NOT NULL,
  note TEXT NOT NULL,
  by TEXT NOT NULL,
  at DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (site, call_id)
);

-- A call's words for the index: what it was (x101: an extension that took part, lhotline:
-- its line), nXYZ for every three signs in a row of its numbers, w… for every sign and
-- every two in a row of its texts. ivr/store/words.py asks in the same words.
CREATE VIEW call_documents AS
SELECT
  c.id, c.nr,
  's' || c.site || ' ' || c.direction || ' ' || REPLACE(c.disposition, '_', '')
    || CASE WHEN c.breach THEN ' breach' ELSE ' kept' END
    || CASE WHEN c.direction = 'inbound' AND c.answer_at IS NOT NULL AND c.intent = ''
       THEN ' unfilled' ELSE '' END
    || ' l' || c.line || ' x' || c.answered_ext
    || CASE WHEN c.direction <> 'inbound' THEN ' x' || c.caller ELSE '' END
    || COALESCE((SELECT ' ' || GROUP_CONCAT('x' || ext, ' ') FROM legs WHERE call = c.id), '')
    || COALESCE((SELECT ' ' || GROUP_CONCAT('x' || by_ext || ' x' || to_ext, ' ')
                 FROM transfers WHERE call = c.id), '')
    || ' ' || COALESCE((
      WITH RECURSIVE place (i) AS (
        SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < LENGTH(c.caller) + LENGTH(c.called) - 1
      )
      SELECT GROUP_CONCAT('n' || SUBSTR(c.caller || ' ' || c.called, i, 3), ' ') FROM place
    ), '')
    || ' ' || COALESCE((
      WITH RECURSIVE place (i) AS (
        SELECT 1 WHERE c.caller_name <> '' OR c.intent <> '' OR c.note <> ''
        UNION ALL
        SELECT i + 1 FROM place
        WHERE i < LENGTH(c.caller_name) + LENGTH(c.intent) + LENGTH(c.note) + 2
      )
      SELECT GROUP_CONCAT('w' || SUBSTR(t, i, 1) || ' w' || SUBSTR(t, i, 2), ' ')
      FROM place, (SELECT c.caller_name || ' ' || c.intent || ' ' || c.note AS t)
    ), '') AS words
FROM calls AS c;

CREATE VIRTUAL TABLE call_words USING fts5 (
  words, detail = none, columnsize = 0, tokenize = "unicode61 remove_diacritics 0 tokenchars '*#_-+'"
);

INSERT INTO call_words (rowid, words) SELECT nr, words FROM call_documents ORDER BY nr;
