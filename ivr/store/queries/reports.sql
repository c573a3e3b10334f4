-- Everything here reads the index calls_figures, not the rows.

-- name: slots
-- By quarter of an hour, which every time zone's hours and days are made of.
SELECT
  nr / 900000 AS slot,
  SUM(direction = 'inbound') AS calls,
  SUM(direction = 'inbound' AND disposition = 'answered') AS answered,
  SUM(direction = 'inbound' AND disposition = 'answered' AND NOT breach) AS in_time,
  SUM(direction = 'inbound' AND disposition IN ('abandoned', 'system_abandoned')) AS abandoned,
  SUM(direction = 'inbound' AND system_answer_at IS NOT NULL) AS system_answered,
  SUM(breach) AS breaches,
  SUM(direction = 'outbound') AS outbound,
  COALESCE(SUM(CASE WHEN direction = 'inbound' THEN wait_s END), 0.0) AS wait_s,
  COALESCE(SUM(talk_s), 0.0) AS talk_s
FROM calls
WHERE site = :site AND nr >= :first AND nr < :end AND (:line = '' OR line = :line)
GROUP BY nr / 900000
ORDER BY slot;

-- name: staff
SELECT
  answered_ext AS ext,
  COUNT(*) AS answered,
  SUM(direction = 'inbound') AS inbound,
  SUM(direction = 'inbound' AND NOT breach) AS in_time,
  SUM(talk_s) AS talk_s,
  AVG(CASE WHEN direction = 'inbound' THEN wait_s END) AS wait_s
FROM calls
WHERE site = :site AND nr >= :first AND nr < :end AND disposition = 'answered'
  AND direction <> 'internal' AND answered_ext <> ''
GROUP BY answered_ext
ORDER BY answered DESC, ext;

-- name: missed
-- Whose telephone rang when the promise was broken.
SELECT legs.ext, COUNT(*) AS missed
FROM calls CROSS JOIN legs ON legs.call = calls.id
WHERE calls.site = :site AND calls.nr >= :first AND calls.nr < :end AND calls.breach
  AND legs.breach
GROUP BY legs.ext;

-- name: breaches
SELECT
  id, COALESCE(start_at, logged_at) AS at, caller, line, ring_s, answered_ext, disposition,
  CASE
    WHEN NOT EXISTS (SELECT 1 FROM legs WHERE legs.call = calls.id AND legs.rings > 0)
      THEN CASE WHEN EXISTS (SELECT 1 FROM legs WHERE legs.call = calls.id
                             AND legs.outcome = 'busy') THEN 'busy' ELSE 'unreachable' END
    WHEN answer_at IS NULL AND system_answer_at IS NULL THEN 'unanswered'
    WHEN answer_at IS NULL THEN 'given_up'
    WHEN system_answer_at IS NOT NULL THEN 'system_first'
    ELSE 'late'
  END AS reason
FROM calls
WHERE site = :site AND nr >= :first AND nr < :end AND breach AND direction = 'inbound'
ORDER BY nr DESC;

-- name: called_back
SELECT
  kind,
  COUNT(*) AS entries,
  SUM(done_at IS NOT NULL) AS done,
  SUM(closed_by IS NOT NULL) AS by_call,
  AVG(done_at - created_at) AS after_s
FROM worklist
WHERE site = :site AND created_at >= :since AND created_at < :until
GROUP BY kind;

-- name: first_contact
-- Answered calls from outside, and those whose number did not call again within the window.
SELECT
  COUNT(*) AS answered,
  COALESCE(SUM(NOT EXISTS (
    SELECT 1 FROM calls AS again
    WHERE again.site = :site AND again.caller_key = calls.caller_key
      AND again.nr > calls.nr AND again.nr < calls.nr + :window
  )), 0) AS resolved
FROM calls
WHERE site = :site AND nr >= :first AND nr < :end AND direction = 'inbound'
  AND disposition = 'answered' AND caller_key <> '';
