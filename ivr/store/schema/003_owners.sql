-- Owners (业主), their telephone numbers and their homes (房屋).

CREATE TABLE owners (
  id TEXT PRIMARY KEY,  -- UUID version 7
  site TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  language TEXT NOT NULL,
  care TEXT NOT NULL,  -- separated by one space
  do_not_call INTEGER NOT NULL,
  quiet TEXT NOT NULL,  -- "12:00-14:00,21:00-08:00"
  note TEXT NOT NULL
);

CREATE TABLE owner_phones (
  owner TEXT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,  -- 0 is tried first
  number TEXT NOT NULL,
  number_key TEXT NOT NULL,  -- one spelling per number: ivr.calls.numbers.key
  PRIMARY KEY (owner, position)
);

CREATE INDEX owner_phones_by_key ON owner_phones (site, number_key);

CREATE TABLE owner_homes (
  owner TEXT NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  position INTEGER NOT NULL,
  building TEXT NOT NULL,
  unit TEXT NOT NULL,  -- '' where the building has none
  room TEXT NOT NULL,
  PRIMARY KEY (owner, position)
);

CREATE INDEX owner_homes_by_place ON owner_homes (site, building, unit, room);
