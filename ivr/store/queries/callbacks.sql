-- name: put
INSERT INTO callbacks (
  task, site, campaign, request, round_at, day, reason, script, fields, due_at
) VALUES (
  :task, :site, :campaign, :request, :round_at, :day, :reason, :script, :fields, :due_at
);

-- name: made
-- Whether the request was put to the dialer for this round and day already.
SELECT 1 AS found FROM callbacks
WHERE site = :site AND request = :request AND reason = :reason AND round_at = :round_at
  AND day = :day;

-- name: callback
SELECT callbacks.*, tasks.household FROM callbacks JOIN tasks ON tasks.id = callbacks.task
WHERE callbacks.site = :site AND callbacks.task = :task;

-- name: unready
-- The first to be due come first.
SELECT callbacks.*, tasks.household FROM callbacks JOIN tasks ON tasks.id = callbacks.task
WHERE callbacks.site = :site AND callbacks.ready_at IS NULL AND callbacks.lacking = ''
  AND tasks.outcome IS NULL
ORDER BY callbacks.due_at, callbacks.task
LIMIT :limit;

-- name: make_ready
UPDATE callbacks SET ready_at = :at, lacking = '' WHERE site = :site AND task = :task;

-- name: make_lacking
UPDATE callbacks SET lacking = :why WHERE site = :site AND task = :task;

-- name: try_again
UPDATE callbacks SET lacking = '' WHERE site = :site AND lacking <> '';

-- name: make_due
UPDATE tasks SET due_at = :due_at WHERE id = :task AND outcome IS NULL AND attempt = '';

-- name: of_requests
-- How often the owners of these requests were tried, and what goes on.
SELECT callbacks.*, tasks.household, tasks.outcome, tasks.attempt, tasks.tries, tasks.settled_at,
  EXISTS (
    SELECT 1 FROM interviews
    WHERE interviews.task = callbacks.task AND interviews.settled_at IS NULL
  ) AS unsettled
FROM callbacks JOIN tasks ON tasks.id = callbacks.task
WHERE callbacks.site = :site AND callbacks.reason <> 'briefing'
  AND callbacks.request IN (SELECT value FROM json_each(:requests))
ORDER BY callbacks.day, callbacks.task;

-- name: last_of
SELECT MAX(due_at) AS due_at FROM callbacks
WHERE site = :site AND request = :request AND reason = :reason;

-- name: open_tasks
-- Callbacks that may still be phoned, with the request as it is now.
SELECT callbacks.task, callbacks.round_at, callbacks.reason, requests.state, requests.resolved_at
FROM callbacks
JOIN tasks ON tasks.id = callbacks.task
JOIN requests ON requests.id = callbacks.request
WHERE callbacks.site = :site AND tasks.outcome IS NULL AND tasks.attempt = ''
  AND callbacks.reason <> 'briefing';

-- name: cut_off
-- Talks whose call is over although nobody wrote down how they ended.
SELECT interviews.* FROM interviews JOIN attempts ON attempts.id = interviews.id
WHERE interviews.site = :site AND interviews.ended_at IS NULL AND attempts.state = 'done';

-- name: queue
-- What there is to phone, being phoned, or phoned; by what it is about.
SELECT callbacks.*, tasks.household, tasks.outcome, tasks.attempt, tasks.tries, tasks.settled_at,
  tasks.due_at AS next_at, campaigns.state AS campaign_state,
  interviews.id AS interview, interviews.verdict, interviews.begun_at, interviews.ended_at,
  requests.number, requests.title, requests.department, requests.state AS request_state,
  COUNT(*) OVER () AS total
FROM callbacks
JOIN tasks ON tasks.id = callbacks.task
JOIN campaigns ON campaigns.id = callbacks.campaign
LEFT JOIN requests ON requests.id = callbacks.request
LEFT JOIN interviews ON interviews.id = (
  SELECT id FROM interviews AS last WHERE last.task = callbacks.task
  ORDER BY last.begun_at DESC, last.id DESC LIMIT 1
)
WHERE callbacks.site = :site AND callbacks.reason <> 'briefing'
  AND (:part = 'all'
       OR (:part = 'due' AND tasks.outcome IS NULL AND tasks.attempt = '')
       OR (:part = 'running' AND tasks.attempt <> '')
       OR (:part = 'done' AND tasks.outcome IS NOT NULL))
  AND (:reason IS NULL OR callbacks.reason = :reason)
  AND (:campaign IS NULL OR callbacks.campaign = :campaign)
  AND callbacks.due_at >= :since
ORDER BY CASE WHEN tasks.outcome IS NULL THEN callbacks.due_at ELSE -tasks.settled_at END,
  callbacks.task
LIMIT :limit OFFSET :offset;

-- name: counts
SELECT COALESCE(SUM(tasks.outcome IS NULL AND tasks.attempt = ''), 0) AS due,
  COALESCE(SUM(tasks.attempt <> ''), 0) AS running,
  COALESCE(SUM(tasks.outcome IS NOT NULL), 0) AS done
FROM callbacks JOIN tasks ON tasks.id = callbacks.task
WHERE callbacks.site = :site AND callbacks.due_at >= :since AND callbacks.reason <> 'briefing';

-- name: campaign_of_day
-- The campaign that a day's callbacks belong to.
SELECT id FROM campaigns
WHERE site = :site AND kind = :kind AND title = :title AND state <> 'cancelled'
ORDER BY created_at LIMIT 1;

-- name: put_survey
INSERT INTO surveys (campaign, site, reason, script, scope, seed, population, drawn)
VALUES (:campaign, :site, :reason, :script, :scope, :seed, :population, :drawn);

-- name: drawn
SELECT 1 AS found FROM surveys WHERE site = :site AND seed = :seed;

-- name: surveys
SELECT surveys.*, campaigns.title, campaigns.state, campaigns.created_at, campaigns.created_by,
  campaigns.not_after,
  (SELECT COUNT(*) FROM tasks WHERE tasks.campaign = surveys.campaign) AS homes,
  (SELECT COUNT(DISTINCT household) FROM interviews
   WHERE interviews.campaign = surveys.campaign
     AND interviews.verdict NOT IN ('', 'unheard', 'person')) AS heard
FROM surveys JOIN campaigns ON campaigns.id = surveys.campaign
WHERE surveys.site = :site AND (:reason IS NULL OR surveys.reason = :reason)
ORDER BY campaigns.created_at DESC;

-- name: put_interview
-- A conversation that is taken up again keeps what was heard.
INSERT INTO interviews (
  id, site, task, campaign, request, household, reason, script, version, begun_at
) VALUES (
  :id, :site, :task, :campaign, :request, :household, :reason, :script, :version, :begun_at
)
ON CONFLICT DO NOTHING;

-- name: end_interview
UPDATE interviews SET ended_at = :ended_at, result = :result, verdict = :verdict, words = :words
WHERE site = :site AND id = :id AND ended_at IS NULL;

-- name: give_verdict
UPDATE interviews SET verdict = :verdict, settled_at = NULL, settled_by = :by
WHERE site = :site AND id = :id;

-- name: settle_interview
UPDATE interviews SET settled_at = :at
WHERE site = :site AND id = :id AND settled_at IS NULL;

-- name: unsettled
SELECT * FROM interviews WHERE site = :site AND settled_at IS NULL AND ended_at IS NOT NULL
ORDER BY ended_at, id;

-- name: interview
SELECT * FROM interviews WHERE site = :site AND (id = :name OR id LIKE :ending) LIMIT 2;

-- name: interviews
SELECT interviews.*, COUNT(*) OVER () AS total FROM interviews
WHERE site = :site
  AND (:request IS NULL OR request = :request)
  AND (:campaign IS NULL OR campaign = :campaign)
  AND (:task IS NULL OR task = :task)
  AND begun_at >= :since AND begun_at < :until
ORDER BY begun_at, id
LIMIT :limit OFFSET :offset;

-- name: talks_of
-- Talks with a household since then in which somebody answered.
SELECT COUNT(*) AS talks FROM interviews
WHERE site = :site AND household = :household AND begun_at >= :since
  AND verdict NOT IN ('', 'unheard');

-- name: heard
-- Households that gave an answer.
SELECT DISTINCT household FROM interviews
WHERE site = :site AND ended_at >= :since AND ended_at < :until AND household <> ''
  AND verdict IN ('satisfied', 'dissatisfied', 'done') AND reason <> 'weekly';

-- name: put_answer
INSERT INTO answers (
  id, site, interview, position, step, question, choice, label, way, key, score, engine,
  transcript, tries, recording, at
) VALUES (
  :id, :site, :interview, :position, :step, :question, :choice, :label, :way, :key, :score,
  :engine, :transcript, :tries, :recording, :at
)
ON CONFLICT DO NOTHING;

-- name: answers
SELECT * FROM answers WHERE site = :site AND interview IN (SELECT value FROM json_each(:interviews))
ORDER BY interview, position;

-- name: answer
SELECT * FROM answers WHERE site = :site AND (id = :name OR id LIKE :ending) LIMIT 2;

-- name: correct
UPDATE answers SET corrected_choice = :choice, corrected_label = :label, corrected_by = :by,
  corrected_at = :at, correction_note = :note
WHERE site = :site AND id = :id;

-- name: old_recordings
SELECT id, recording FROM answers
WHERE site = :site AND (recording <> '' OR transcript <> '') AND at < :before
LIMIT :limit;

-- name: forget_recordings
UPDATE answers SET recording = '', transcript = ''
WHERE site = :site AND id IN (SELECT value FROM json_each(:ids));

-- name: judged
-- One row for each talk that judged the work on a request.
SELECT interviews.ended_at, interviews.verdict, requests.kind, requests.department
FROM interviews JOIN requests ON requests.id = interviews.request
WHERE interviews.site = :site AND interviews.ended_at >= :since AND interviews.ended_at < :until
  AND interviews.verdict IN ('satisfied', 'dissatisfied') AND interviews.reason <> 'weekly'
ORDER BY interviews.ended_at;

-- name: results
-- Answers of a survey, by the step that asked, as corrected.
SELECT answers.step, COALESCE(answers.corrected_choice, answers.choice) AS choice,
  CASE WHEN answers.corrected_choice IS NULL THEN answers.label ELSE answers.corrected_label END
    AS label,
  COUNT(*) AS answers
FROM answers JOIN interviews ON interviews.id = answers.interview
WHERE interviews.site = :site AND interviews.campaign = :campaign
  AND COALESCE(answers.corrected_choice, answers.choice) IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY MIN(answers.position), answers DESC;
