-- name: put
INSERT INTO owners (id, site, name, title, language, care, do_not_call, quiet, note)
VALUES (:id, :site, :name, :title, :language, :care, :do_not_call, :quiet, :note)
ON CONFLICT (id) DO UPDATE SET
  name = excluded.name,
  title = excluded.title,
  language = excluded.language,
  care = excluded.care,
  do_not_call = excluded.do_not_call,
  quiet = excluded.quiet,
  note = excluded.note;

-- name: clear_phones
DELETE FROM owner_phones WHERE owner = :id;

-- name: put_phone
INSERT INTO owner_phones (owner, site, position, number, number_key)
VALUES (:owner, :site, :position, :number, :number_key);

-- name: clear_homes
DELETE FROM owner_homes WHERE owner = :id;

-- name: put_home
INSERT INTO owner_homes (owner, site, position, building, unit, room)
VALUES (:owner, :site, :position, :building, :unit, :room);

-- name: remove
DELETE FROM owners WHERE site = :site AND id = :id;

-- name: all
SELECT * FROM owners WHERE site = :site ORDER BY id;

-- name: all_phones
SELECT owner, number, number_key FROM owner_phones WHERE site = :site ORDER BY owner, position;

-- name: all_homes
SELECT owner, building, unit, room FROM owner_homes WHERE site = :site ORDER BY owner, position;

-- name: some
-- json_each: PostgreSQL says = ANY here, as in those below.
SELECT * FROM owners WHERE id IN (SELECT value FROM json_each(:owners)) ORDER BY id;

-- name: some_phones
SELECT owner, number, number_key FROM owner_phones
WHERE owner IN (SELECT value FROM json_each(:owners)) ORDER BY owner, position;

-- name: some_homes
SELECT owner, building, unit, room FROM owner_homes
WHERE owner IN (SELECT value FROM json_each(:owners)) ORDER BY owner, position;

-- name: of_number
SELECT DISTINCT owner FROM owner_phones WHERE site = :site AND number_key = :key;

-- name: of_home
SELECT owner FROM owner_homes
WHERE site = :site AND building = :building AND unit = :unit AND room = :room;

-- name: of_buildings
SELECT DISTINCT owner FROM owner_homes
WHERE site = :site AND building IN (SELECT value FROM json_each(:buildings));

-- name: named
SELECT id AS owner FROM owners
WHERE site = :site AND (id = :name OR id LIKE :ending OR name = :name)
LIMIT 2;

-- name: buildings
SELECT DISTINCT building FROM owner_homes WHERE site = :site;

-- name: search
-- Empty patterns match nobody, save when all are empty. Lengths first: 2 before 10.
SELECT owners.id AS owner, COUNT(*) OVER () AS total
FROM owners
LEFT JOIN owner_homes AS home ON home.owner = owners.id AND home.position = 0
WHERE owners.site = :site
  AND (:care = 0 OR owners.care <> '')
  AND (:do_not_call = 0 OR owners.do_not_call)
  AND (
    :name || :number || :place = ''
    OR owners.name LIKE :name
    OR EXISTS (SELECT 1 FROM owner_phones WHERE owner = owners.id AND number LIKE :number)
    OR EXISTS (
      SELECT 1 FROM owner_homes AS any_home
      WHERE any_home.owner = owners.id
        AND any_home.building || '-' || any_home.unit
          || CASE any_home.unit WHEN '' THEN '' ELSE '-' END || any_home.room LIKE :place
    )
  )
ORDER BY length(home.building), home.building, length(home.unit), home.unit,
  length(home.room), home.room, owners.id
LIMIT :limit OFFSET :offset;
