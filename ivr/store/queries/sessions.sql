-- name: add
INSERT INTO sessions (hash, site, user_id, created_at, seen_at, address, agent)
VALUES (:hash, :site, :user_id, :at, :at, :address, :agent);

-- name: get
SELECT sessions.hash, sessions.created_at, sessions.seen_at, sessions.address, sessions.agent,
  users.id AS user_id, users.login, users.name, users.role, users.ext, users.language,
  users.must_change
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.site = :site AND sessions.hash = :hash AND users.disabled_at IS NULL
  AND sessions.seen_at > :seen_after AND sessions.created_at > :created_after;

-- name: of_user
SELECT * FROM sessions
WHERE site = :site AND user_id = :user_id
  AND seen_at > :seen_after AND created_at > :created_after
ORDER BY seen_at DESC;

-- name: seen
UPDATE sessions SET seen_at = :at WHERE site = :site AND hash = :hash;

-- name: end
DELETE FROM sessions WHERE site = :site AND hash = :hash;

-- name: end_of_user
DELETE FROM sessions WHERE site = :site AND user_id = :user_id AND hash <> :but;

-- name: end_old
DELETE FROM sessions
WHERE site = :site AND (seen_at <= :seen_after OR created_at <= :created_after);
