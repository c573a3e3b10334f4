-- name: put
INSERT INTO notices (
  campaign, site, kind, scope, place, cause, text, phase, begin_at, end_at
) VALUES (
  :campaign, :site, :kind, :scope, :place, :cause, :text, :phase, :begin_at, :end_at
)
ON CONFLICT (campaign) DO UPDATE SET
  phase = excluded.phase,
  begin_at = excluded.begin_at,
  end_at = excluded.end_at,
  cause = excluded.cause;

-- name: get
SELECT * FROM notices WHERE site = :site AND campaign = :campaign;
