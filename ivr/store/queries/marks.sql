-- name: get
SELECT value FROM marks WHERE site = :site AND name = :name;

-- name: set
INSERT INTO marks (site, name, value) VALUES (:site, :name, :value)
ON CONFLICT (site, name) DO UPDATE SET value = excluded.value;

-- name: count_up
INSERT INTO marks (site, name, value) VALUES (:site, :name, '1')
ON CONFLICT (site, name) DO UPDATE SET value = CAST(CAST(marks.value AS INTEGER) + 1 AS TEXT);
