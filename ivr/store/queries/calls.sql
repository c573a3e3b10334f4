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
  recording = CASE WHEN calls.recording = '' THEN excluded.recording ELSE calls.recording END,
  recording_state = CASE WHEN calls.recording = '' THEN excluded.recording_state
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

-- name: find
-- Newest first. `disposition` abandoned means both kinds of it.
SELECT calls.*, COUNT(*) OVER () AS total
FROM calls
WHERE site = :site
  AND COALESCE(start_at, logged_at) >= :since
  AND COALESCE(start_at, logged_at) < :until
  AND (:number IS NULL OR caller LIKE '%' || :number || '%' OR called LIKE '%' || :number || '%')
  AND (:disposition IS NULL OR disposition = :disposition
       OR (:disposition = 'abandoned' AND disposition = 'system_abandoned'))
  AND (:breach IS NULL OR breach = :breach)
  AND (:direction IS NULL OR direction = :direction)
  AND (:unfilled = 0 OR (intent = '' AND direction = 'inbound' AND answer_at IS NOT NULL))
  AND (:staff IS NULL OR answered_ext = :staff OR (direction <> 'inbound' AND caller = :staff)
       OR EXISTS (SELECT 1 FROM legs WHERE legs.call = calls.id AND legs.ext = :staff)
       OR EXISTS (SELECT 1 FROM transfers WHERE transfers.call = calls.id
                  AND (transfers.by_ext = :staff OR transfers.to_ext = :staff)))
ORDER BY COALESCE(start_at, logged_at) DESC, id DESC
LIMIT :limit;

-- name: named
-- By row id, its last characters, or Asterisk's id.
SELECT calls.* FROM calls
WHERE site = :site AND (id = :name OR call_id = :name OR id LIKE :ending)
LIMIT 2;

-- name: known
-- json_each: PostgreSQL says = ANY here, as in the next two.
SELECT call_id FROM calls
WHERE site = :site AND call_id IN (SELECT value FROM json_each(:call_ids));

-- name: legs
SELECT * FROM legs WHERE call IN (SELECT value FROM json_each(:calls)) ORDER BY call, position;

-- name: transfers
SELECT * FROM transfers
WHERE call IN (SELECT value FROM json_each(:calls)) ORDER BY call, position;

-- name: unchecked
SELECT id, recording, talk_s FROM calls
WHERE site = :site AND recording_state = 'unchecked' ORDER BY logged_at;

-- name: set_recording_state
UPDATE calls SET recording_state = :state WHERE site = :site AND id = :id;

-- name: fill_in
UPDATE calls SET intent = :intent, note = :note WHERE site = :site AND id = :id;

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
WHERE site = :site AND direction = 'inbound' AND start_at >= :since;
