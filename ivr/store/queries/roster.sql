-- name: put
INSERT INTO roster (
  id, site, line, from_at, to_at, primary_exts, backup_exts, mobile, person, note
) VALUES (
  :id, :site, :line, :from_at, :to_at, :primary_exts, :backup_exts, :mobile, :person, :note
)
ON CONFLICT (site, line, from_at, to_at) DO UPDATE SET
  primary_exts = excluded.primary_exts,
  backup_exts = excluded.backup_exts,
  mobile = excluded.mobile,
  person = excluded.person,
  note = excluded.note;

-- name: between
SELECT * FROM roster
WHERE site = :site AND to_at > :since AND from_at < :until AND (:line IS NULL OR line = :line)
ORDER BY from_at, line;

-- name: named
SELECT * FROM roster WHERE site = :site AND (id = :name OR id LIKE :ending) LIMIT 2;

-- name: remove
DELETE FROM roster WHERE site = :site AND id = :id;
