-- name: put
-- Who asked to be called back is not counted as abandoned for the same call too.
INSERT INTO worklist (id, site, kind, number, number_key, line, call_id, created_at)
SELECT :id, :site, :kind, :number, :number_key, :line, :call_id, :created_at
WHERE NOT EXISTS (
  SELECT 1 FROM worklist
  WHERE site = :site AND call_id = :call_id AND call_id <> '' AND kind = 'callback'
)
ON CONFLICT DO NOTHING;

-- name: withdraw
-- The call was answered after all (a repaired row was replaced by a complete one).
DELETE FROM worklist
WHERE site = :site AND call_id = :call_id AND kind = 'abandoned' AND done_at IS NULL;

-- name: close_answered
-- A person spoke with the number after the entry was made. A call back that was
-- promised is only kept by our calling.
UPDATE worklist
SET done_at = c.answer_at, done_by = 'ivr', closed_by = c.id
FROM calls AS c
WHERE worklist.site = :site AND worklist.number_key = :key AND worklist.done_at IS NULL
  AND c.site = :site AND c.answer_at > worklist.created_at
  AND ((c.direction = 'outbound' AND c.called_key = :key)
       OR (c.direction = 'inbound' AND c.caller_key = :key AND worklist.kind = 'abandoned'));

-- name: list
SELECT * FROM worklist
WHERE site = :site AND (:all = 1 OR done_at IS NULL)
ORDER BY created_at, id;

-- name: named
SELECT * FROM worklist WHERE site = :site AND (id = :name OR id LIKE :ending) LIMIT 2;

-- name: done
UPDATE worklist SET done_at = :done_at, done_by = :done_by, note = :note
WHERE site = :site AND id = :id AND done_at IS NULL;
