-- name: put
-- A repaired row never replaces a complete one. The clerk's words, the row's id
-- and what is known of its recording stay.
INSERT INTO calls (
  id, site, call_id, direction, caller, caller_key, caller_name, called, called_key, line,
  start_at, ring_at, system_answer_at, answer_at, end_at, answered_ext, answered_channel,
  rings, ring_s, wait_s, talk_s, hold_s, disposition, hangup_by, breach, cause, cause_text,
  recording, recording_state, repaired, attempt_id, logged_at
) VALUES (
  :id, :site, :call_id, :direction, :caller, :caller_key, :caller_name, :called, :called_key, :line,
  :start_at, :ring_at, :system_answer_at, :answer_at, :end_at, :answered_ext, :answered_channel,
  :rings, :ring_s, :wait_s, :talk_s, :hold_s, :disposition, :hangup_by, :breach, :cause, :cause_text,
  :recording, :recording_state, :repaired, :attempt_id, :logged_at
)
ON CONFLICT (site, call_id) DO UPDATE SET
  direction = excluded.direction,
  caller = excluded.caller,
  caller_key = excluded.caller_key,
  caller_name = excluded.caller_name,
  called = excluded.called,
  called_key = excluded.called_key,
  line = excluded.line,
  start_at = excluded.start_at,
  ring_at = excluded.ring_at,
  system_answer_at = excluded.system_answer_at,
  answer_at = excluded.answer_at,
  end_at = excluded.end_at,
  answered_ext = excluded.answered_ext,
  answered_channel = excluded.answered_channel,
  rings = excluded.rings,
  ring_s = excluded.ring_s,
  wait_s = excluded.wait_s,
  talk_s = excluded.talk_s,
  hold_s = excluded.hold_s,
  disposition = excluded.disposition,
  hangup_by = excluded.hangup_by,
  breach = excluded.breach,
  cause = excluded.cause,
  cause_text = excluded.cause_text,
  recording = CASE WHEN calls.recording_state = 'none' THEN excluded.recording
                   ELSE calls.recording END,
  recording_state = CASE WHEN calls.recording_state = 'none' THEN excluded.recording_state
                         ELSE calls.recording_state END,
  repaired = excluded.repaired,
  attempt_id = excluded.attempt_id
WHERE calls.repaired = 1 OR excluded.repaired = 0
RETURNING id;

-- name: clear_legs
DELETE FROM legs WHERE call = :call;

-- name: put_leg
INSERT INTO legs (
  call, site, position, ext, channel, dial_at, ring_at, answer_at, end_at, rings, ring_s,
  outcome, breach
) VALUES (
  :call, :site, :position, :ext, :channel, :dial_at, :ring_at, :answer_at, :end_at, :rings, :ring_s,
  :outcome, :breach
);

-- name: clear_transfers
DELETE FROM transfers WHERE call = :call;

-- name: put_transfer
INSERT INTO transfers (
  call, site, position, kind, by_ext, to_ext, begin_at, end_at, seconds, outcome
) VALUES (
  :call, :site, :position, :kind, :by_ext, :to_ext, :begin_at, :end_at, :seconds, :outcome
);

-- name: place
-- Its place in time, or the next that is free.
UPDATE calls SET nr = (
  WITH RECURSIVE free (nr) AS (
    SELECT CAST(COALESCE(start_at, logged_at) * 1000 AS INTEGER)
    UNION ALL
    SELECT free.nr + 1 FROM free
    WHERE EXISTS (SELECT 1 FROM calls AS other WHERE other.nr = free.nr AND other.id <> :id)
  )
  SELECT MAX(nr) FROM free
)
WHERE id = :id;

-- name: forget_words
DELETE FROM call_words WHERE rowid = (SELECT nr FROM calls WHERE id = :id);

-- name: index_words
INSERT OR REPLACE INTO call_words (rowid, words)
SELECT nr, words FROM call_documents WHERE id = :id;

-- name: from_time
-- A search is one of these sources, newest first, and `wanted`, which decides.
FROM calls
WHERE site = :site AND nr >= :first AND nr < :before
ORDER BY nr DESC;

-- name: from_words
-- CROSS JOIN: the words come first; SQLite takes the order of the tables for an order.
FROM call_words CROSS JOIN calls ON calls.nr = call_words.rowid
WHERE call_words MATCH :words AND call_words.rowid >= :first AND call_words.rowid < :before
  AND site = :site
ORDER BY call_words.rowid DESC;

-- name: from_places
-- In the order of the array, newest first, so that no more rows are read than are wanted.
FROM json_each(:places) AS place CROSS JOIN calls ON calls.nr = place.value
WHERE site = :site AND nr >= :first AND nr < :before;

-- name: wanted
-- `disposition` abandoned means both kinds of it.
COALESCE(start_at, logged_at) >= :since
AND COALESCE(start_at, logged_at) < :until
AND (:number IS NULL OR caller LIKE '%' || :number || '%' OR called LIKE '%' || :number || '%')
AND (:disposition IS NULL OR disposition = :disposition
     OR (:disposition = 'abandoned' AND disposition = 'system_abandoned'))
AND (:breach IS NULL OR breach = :breach)
AND (:direction IS NULL OR direction = :direction)
AND (:line IS NULL OR line = :line)
AND (:unfilled = 0 OR (intent = '' AND direction = 'inbound' AND answer_at IS NOT NULL))
AND (:staff IS NULL OR answered_ext = :staff OR (direction <> 'inbound' AND caller = :staff)
     OR EXISTS (SELECT 1 FROM legs WHERE legs.call = calls.id AND legs.ext = :staff)
     OR EXISTS (SELECT 1 FROM transfers WHERE transfers.call = calls.id
                AND (transfers.by_ext = :staff OR transfers.to_ext = :staff)))
AND (:text IS NULL
     OR caller_name || ' ' || intent || ' ' || note LIKE '%' || :text || '%' ESCAPE '\')
AND (:keys IS NULL OR caller_key IN (SELECT value FROM json_each(:keys))
     OR called_key IN (SELECT value FROM json_each(:keys)))
AND (:terms IS NULL OR (NOT EXISTS (
  SELECT 1 FROM json_each(:terms) AS term
  WHERE NOT (
    caller LIKE '%' || term.value || '%' ESCAPE '\'
    OR called LIKE '%' || term.value || '%' ESCAPE '\'
    OR caller_name || ' ' || intent || ' ' || note LIKE '%' || term.value || '%' ESCAPE '\'
    OR answered_ext = term.value
    OR EXISTS (SELECT 1 FROM legs WHERE legs.call = calls.id AND legs.ext = term.value)
  )
)) = :with_terms);

-- name: count
-- source and wanted are queries of this file.
SELECT COUNT(*) AS seen, COALESCE(SUM({wanted}), 0) AS total
FROM (
  SELECT calls.id, start_at, logged_at, caller, called, caller_key, called_key, caller_name,
         disposition, breach, direction, line, intent, note, answer_at, answered_ext
  {source} LIMIT :most
) AS calls;

-- name: count_words
SELECT COUNT(*) AS seen, COUNT(*) AS total
FROM (
  SELECT 1 FROM call_words
  WHERE call_words MATCH :words AND rowid >= :first AND rowid < :end LIMIT :most
);

-- name: count_time
SELECT COUNT(*) AS seen, COUNT(*) AS total
FROM (SELECT 1 FROM calls WHERE site = :site AND nr >= :first AND nr < :end LIMIT :most);

-- name: owner_keys
-- Numbers of the owners of a name, and of a home.
SELECT DISTINCT phones.number_key
FROM (
  SELECT id FROM owners
  WHERE site = :site AND :name IS NOT NULL AND name LIKE '%' || :name || '%' ESCAPE '\'
  UNION ALL
  SELECT owner AS id FROM owner_homes
  WHERE site = :site AND building = :building AND (:unit IS NULL OR unit = :unit)
    AND (:room IS NULL OR room = :room)
) AS named
CROSS JOIN owner_phones AS phones ON phones.owner = named.id
WHERE phones.number_key <> '';

-- name: places_of_keys
SELECT nr FROM calls
WHERE site = :site AND caller_key IN (SELECT value FROM json_each(:keys))
UNION ALL
SELECT nr FROM calls
WHERE site = :site AND called_key IN (SELECT value FROM json_each(:keys))
LIMIT :most;

-- name: exact
-- By row id or Asterisk's id.
SELECT calls.* FROM calls WHERE site = :site AND (id = :name OR call_id = :name) LIMIT 2;

-- name: ending
-- By a row id's last characters.
SELECT calls.* FROM calls WHERE site = :site AND id LIKE :ending LIMIT 2;

-- name: known
-- json_each: PostgreSQL says = ANY here, as in the next two.
SELECT call_id FROM calls
WHERE site = :site AND call_id IN (SELECT value FROM json_each(:call_ids));

-- name: legs
SELECT * FROM legs WHERE call IN (SELECT value FROM json_each(:calls)) ORDER BY call, position;

-- name: transfers
SELECT * FROM transfers
WHERE call IN (SELECT value FROM json_each(:calls)) ORDER BY call, position;

-- name: clear_holds
DELETE FROM holds WHERE call = :call;

-- name: put_hold
INSERT INTO holds (call, site, position, begin_at, end_at)
VALUES (:call, :site, :position, :begin_at, :end_at);

-- name: holds
SELECT * FROM holds WHERE call IN (SELECT value FROM json_each(:calls)) ORDER BY call, position;

-- name: unchecked
SELECT id, recording, talk_s FROM calls
WHERE site = :site AND recording_state = 'unchecked' ORDER BY logged_at;

-- name: set_recording_state
UPDATE calls SET recording_state = :state WHERE site = :site AND id = :id;

-- name: purged
UPDATE calls SET recording = '', recording_state = 'purged'
WHERE site = :site AND recording IN (SELECT value FROM json_each(:files)) AND recording <> '';

-- name: set_record
UPDATE calls SET intent = :intent, note = :note, record_by = :by, record_at = :at
WHERE site = :site AND (id = :call OR call_id = :call)
RETURNING id;

-- name: keep_record
INSERT INTO records (site, call_id, intent, note, by, at)
VALUES (:site, :call, :intent, :note, :by, :at)
ON CONFLICT (site, call_id) DO UPDATE SET
  intent = excluded.intent, note = excluded.note, by = excluded.by, at = excluded.at;

-- name: kept_record
SELECT intent, note, by, at FROM records WHERE site = :site AND call_id = :call;

-- name: take_record
UPDATE calls SET intent = r.intent, note = r.note, record_by = r.by, record_at = r.at
FROM records AS r
WHERE calls.id = :id AND r.site = calls.site AND r.call_id = calls.call_id;

-- name: drop_record
DELETE FROM records
WHERE site = :site AND call_id = (SELECT call_id FROM calls WHERE id = :id);

-- name: figures
-- Calls from outside that began since then. in_time: a person, within the rings.
SELECT
    COUNT(*) AS calls,
    COALESCE(SUM(disposition = 'answered'), 0) AS answered,
    COALESCE(SUM(disposition = 'answered' AND NOT breach), 0) AS in_time,
    COALESCE(SUM(disposition IN ('abandoned', 'system_abandoned')), 0) AS abandoned,
    COALESCE(SUM(system_answer_at IS NOT NULL), 0) AS system_answered,
    COALESCE(SUM(breach), 0) AS breaches,
    MAX(wait_s) AS longest_wait_s
FROM calls
WHERE site = :site AND direction = 'inbound' AND nr >= :first;

-- name: people
-- Whose the numbers are, with the first home.
SELECT p.number_key, o.id, o.name, o.title, h.building, h.unit, h.room
FROM owner_phones AS p
JOIN owners AS o ON o.id = p.owner
LEFT JOIN owner_homes AS h ON h.owner = o.id AND h.position = 0
WHERE p.site = :site AND p.number_key IN (SELECT value FROM json_each(:keys))
ORDER BY o.id;
