-- name: put
INSERT INTO requests (
  id, site, number, kind, severity, state, title, detail, home, owner, contact, phone, phone_key,
  department, assignee, keeper, call, created_at, promised_at, assigned_at, on_site_at,
  answered_at, resolved_at, closed_at, reopened_at, rounds, version, due_at, look_at, origin
) VALUES (
  :id, :site, :number, :kind, :severity, :state, :title, :detail, :home, :owner, :contact, :phone,
  :phone_key, :department, :assignee, :keeper, :call, :created_at, :promised_at, :assigned_at,
  :on_site_at, :answered_at, :resolved_at, :closed_at, :reopened_at, :rounds, :version, :due_at,
  :look_at, :origin
);

-- name: set
-- Only as it was read: two people may have it open.
UPDATE requests SET
  kind = :kind, severity = :severity, state = :state, title = :title, detail = :detail,
  home = :home, owner = :owner, contact = :contact, phone = :phone, phone_key = :phone_key,
  department = :department, assignee = :assignee, keeper = :keeper, promised_at = :promised_at,
  assigned_at = :assigned_at, on_site_at = :on_site_at, answered_at = :answered_at,
  resolved_at = :resolved_at, closed_at = :closed_at, reopened_at = :reopened_at,
  rounds = :rounds, version = :version, due_at = :due_at, look_at = :look_at
WHERE site = :site AND id = :id AND version = :was;

-- name: last_of_day
SELECT MAX(CAST(substr(number, 10) AS INTEGER)) AS last FROM requests
WHERE site = :site AND number >= :day || '-' AND number < :day || '.';

-- name: named
SELECT * FROM requests
WHERE site = :site AND (id = :name OR number = :name OR id LIKE :ending)
LIMIT 2;

-- name: of_origin
SELECT * FROM requests WHERE site = :site AND origin = :origin;

-- name: numbered
-- json_each: PostgreSQL says = ANY here, as in those below.
SELECT * FROM requests
WHERE site = :site AND number IN (SELECT value FROM json_each(:numbers));

-- name: origins
SELECT origin FROM requests
WHERE site = :site AND origin <> '' AND origin IN (SELECT value FROM json_each(:origins));

-- name: page
-- What is late comes first, then what has a limit, then the newest: as requests_in_order
-- has them. Its condition is joined from those below that are asked for.
SELECT requests.* FROM requests WHERE site = :site AND {where}
ORDER BY due_at IS NULL, due_at, created_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: total
SELECT COUNT(*) AS total FROM requests WHERE site = :site AND {where};

-- name: where_states
state IN (SELECT value FROM json_each(:states))

-- name: where_kind
kind = :kind

-- name: where_severity
severity = :severity

-- name: where_department
department = :department

-- name: where_keeper
keeper = :keeper

-- name: where_home
home = :home

-- name: where_phone_key
phone_key = :phone_key

-- name: where_call
call = :call AND call <> ''

-- name: where_due_before
due_at IS NULL = 0 AND due_at <= :due_before

-- name: where_text
(number LIKE :text OR title LIKE :text OR detail LIKE :text
 OR home LIKE :text OR contact LIKE :text OR phone LIKE :text)

-- name: where_since
created_at >= :since

-- name: where_until
created_at < :until

-- name: counts
SELECT state, COUNT(*) AS requests, COALESCE(SUM(due_at <= :now), 0) AS overdue
FROM requests WHERE site = :site GROUP BY state;

-- name: to_look_at
SELECT * FROM requests WHERE site = :site AND look_at <= :now ORDER BY look_at LIMIT :limit;

-- name: set_times
UPDATE requests SET due_at = :due_at, look_at = :look_at WHERE site = :site AND id = :id;

-- name: steps
SELECT need, step, breach_at FROM request_steps WHERE request = :request AND since = :since;

-- name: put_step
INSERT INTO request_steps (request, site, since, need, step, breach_at)
VALUES (:request, :site, :since, :need, :step, :breach_at)
ON CONFLICT DO NOTHING;

-- name: put_entry
INSERT INTO request_entries (
  id, request, site, position, at, by_whom, what, from_state, to_state, text, need, told
) VALUES (
  :id, :request, :site,
  (SELECT COALESCE(MAX(position), 0) + 1 FROM request_entries WHERE request = :request),
  :at, :by, :what, :from_state, :to_state, :text, :need, :told
);

-- name: entries
SELECT * FROM request_entries WHERE site = :site AND request = :request ORDER BY position;

-- name: untold
SELECT * FROM request_entries WHERE site = :site AND told = 0 ORDER BY at, request, position
LIMIT :limit;

-- name: tell
UPDATE request_entries SET told = 1 WHERE site = :site AND id = :id AND told = 0;
