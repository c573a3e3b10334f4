-- name: put
INSERT INTO hook_outbox (id, site, target, event, about, body, created_at, due_at)
VALUES (:id, :site, :target, :event, :about, :body, :at, :at)
ON CONFLICT DO NOTHING;

-- name: due
SELECT * FROM hook_outbox WHERE site = :site AND due_at <= :now ORDER BY due_at, id LIMIT :limit;

-- name: tried
UPDATE hook_outbox
SET tries = tries + 1, due_at = :due_at, done_at = :done_at, status = :status
WHERE site = :site AND id = :id;

-- name: again
UPDATE hook_outbox SET due_at = :now, tries = 0
WHERE site = :site AND target = :target AND due_at IS NULL AND done_at IS NULL;

-- name: purge
DELETE FROM hook_outbox WHERE site = :site AND due_at IS NULL AND created_at < :before;

-- name: counts
SELECT target, COUNT(due_at) AS waiting, COUNT(done_at) AS sent,
  SUM(due_at IS NULL AND done_at IS NULL) AS given_up,
  (SELECT status FROM hook_outbox AS last
   WHERE last.site = hook_outbox.site AND last.target = hook_outbox.target AND last.status <> ''
   ORDER BY last.created_at DESC LIMIT 1) AS last_status
FROM hook_outbox WHERE site = :site GROUP BY site, target ORDER BY target;

-- name: calls_after
-- The first condition is the index's: a call is logged within a day of its beginning.
SELECT id, call_id, direction, caller, called, line, start_at, answer_at, end_at, answered_ext,
  rings, wait_s, talk_s, disposition, hangup_by, breach, repaired, logged_at
FROM calls
WHERE site = :site AND nr >= CAST((:at - 86400) * 1000 AS INTEGER)
  AND (logged_at > :at OR (logged_at = :at AND id > :id))
ORDER BY logged_at, id
LIMIT :limit;
