-- name: add
INSERT INTO machine_tokens (id, site, name, role, hash, created_by, created_at)
VALUES (:id, :site, :name, :role, :hash, :created_by, :created_at)
ON CONFLICT (hash) DO NOTHING;

-- name: by_hash
SELECT * FROM machine_tokens WHERE site = :site AND hash = :hash AND revoked_at IS NULL;

-- name: all
SELECT * FROM machine_tokens WHERE site = :site ORDER BY revoked_at IS NOT NULL, created_at;

-- name: by_id
SELECT * FROM machine_tokens WHERE site = :site AND id = :id;

-- name: used
UPDATE machine_tokens SET used_at = :at WHERE site = :site AND id = :id;

-- name: revoke
UPDATE machine_tokens SET revoked_at = :at
WHERE site = :site AND id = :id AND revoked_at IS NULL;
