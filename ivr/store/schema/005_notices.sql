-- What a campaign of kind notice tells: the outage as it is known now.

CREATE TABLE notices (
  campaign TEXT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  place TEXT NOT NULL,
  cause TEXT NOT NULL,
  text TEXT NOT NULL,
  phase TEXT NOT NULL,
  begin_at DOUBLE PRECISION NOT NULL,
  end_at DOUBLE PRECISION NOT NULL
);

CREATE INDEX notices_by_site ON notices (site, begin_at);
