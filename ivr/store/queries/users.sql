-- name: add
INSERT INTO users (
  id, site, login, name, role, ext, language, password, must_change, created_at
) VALUES (
  :id, :site, :login, :name, :role, :ext, :language, :password, :must_change, :created_at
);

-- name: all
SELECT * FROM users WHERE site = :site ORDER BY disabled_at IS NOT NULL, login;

-- name: by_login
SELECT * FROM users WHERE site = :site AND login = :login;

-- name: by_id
SELECT * FROM users WHERE site = :site AND id = :id;

-- name: count
SELECT COUNT(*) AS users FROM users WHERE site = :site;

-- name: count_able_admins
SELECT COUNT(*) AS admins FROM users
WHERE site = :site AND role = 'admin' AND disabled_at IS NULL AND id <> :id;

-- name: change
UPDATE users SET name = :name, role = :role, ext = :ext, language = :language
WHERE site = :site AND id = :id;

-- name: set_language
UPDATE users SET language = :language WHERE site = :site AND id = :id;

-- name: set_password
UPDATE users SET password = :password, must_change = :must_change
WHERE site = :site AND id = :id;

-- name: set_disabled
UPDATE users SET disabled_at = :at WHERE site = :site AND id = :id;

-- name: signed_in
UPDATE users SET signed_in_at = :at WHERE site = :site AND id = :id;
