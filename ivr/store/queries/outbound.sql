-- name: put_campaign
INSERT INTO campaigns (
  id, site, kind, title, urgency, state, created_at, not_before, not_after, outside_window,
  created_by, approved_by
) VALUES (
  :id, :site, :kind, :title, :urgency, :state, :created_at, :not_before, :not_after,
  :outside_window, :created_by, :approved_by
);

-- name: set_campaign
UPDATE campaigns
SET state = :state, approved_by = :approved_by, not_before = :not_before, not_after = :not_after
WHERE site = :site AND id = :id AND state = :was;

-- name: campaigns
SELECT * FROM campaigns
WHERE site = :site AND (:state IS NULL OR state = :state)
ORDER BY created_at, id;

-- name: campaign
SELECT * FROM campaigns WHERE site = :site AND (id = :name OR id LIKE :ending) LIMIT 2;

-- name: campaign_state
SELECT state, kind FROM campaigns WHERE id = :id;

-- name: go_on
-- There is somebody else to phone for a campaign that was done.
UPDATE campaigns SET state = 'running' WHERE id = :id AND state = 'done';

-- name: put_task
INSERT INTO tasks (
  id, site, campaign, household, subject, due_at, quiet, opened_at, tries, number_index,
  outcome, duplicate_of, settled_at, note
) VALUES (
  :id, :site, :campaign_id, :household, :subject, :due_at, :quiet, :opened_at, :tries,
  :number_index, :outcome, :duplicate_of, :settled_at, :note
);

-- name: put_number
INSERT INTO task_numbers (task, position, number) VALUES (:task, :position, :number);

-- name: due
-- Without a sort: tasks_due has the order.
SELECT tasks.*, (
  SELECT group_concat(number, ' ')
  FROM (SELECT number FROM task_numbers WHERE task = tasks.id ORDER BY position)
) AS numbers
FROM tasks
WHERE campaign = :campaign AND outcome IS NULL AND attempt = '' AND due_at <= :at
ORDER BY due_at, id
LIMIT :limit;

-- name: task
SELECT tasks.*, (
  SELECT group_concat(number, ' ')
  FROM (SELECT number FROM task_numbers WHERE task = tasks.id ORDER BY position)
) AS numbers
FROM tasks WHERE id = :id;

-- name: tasks
SELECT tasks.*, (
  SELECT group_concat(number, ' ')
  FROM (SELECT number FROM task_numbers WHERE task = tasks.id ORDER BY position)
) AS numbers
FROM tasks
WHERE campaign = :campaign AND (:outcome IS NULL OR outcome = :outcome)
ORDER BY household, id
LIMIT :limit OFFSET :offset;

-- name: waiting_for
-- Households of running campaigns that still wait to be told and have this number.
SELECT tasks.*, (
  SELECT group_concat(number, ' ')
  FROM (SELECT number FROM task_numbers WHERE task = tasks.id ORDER BY position)
) AS numbers
FROM task_numbers
JOIN tasks ON tasks.id = task_numbers.task
JOIN campaigns ON campaigns.id = tasks.campaign
WHERE task_numbers.number = :number AND tasks.site = :site AND tasks.outcome IS NULL
  AND campaigns.state IN ('running', 'paused')
ORDER BY tasks.due_at, tasks.id;

-- name: tried
-- Calls of this campaign to any of the household's numbers, by whomever they were made.
SELECT attempts.number, attempts.outcome, attempts.ended_at, attempts.task = tasks.id AS own
FROM tasks
JOIN attempts ON attempts.campaign = tasks.campaign AND attempts.created_at >= tasks.opened_at
  AND attempts.number IN (SELECT number FROM task_numbers WHERE task = tasks.id)
WHERE tasks.id = :task AND attempts.state = 'done'
ORDER BY attempts.created_at, attempts.id;

-- name: calls_since
-- json_each: PostgreSQL says = ANY here. Congested calls rang nobody.
SELECT number, COUNT(*) AS calls FROM attempts
WHERE site = :site AND number IN (SELECT value FROM json_each(:numbers))
  AND created_at >= :since AND outcome IS NOT 'congestion'
GROUP BY number;

-- name: begin_attempt
INSERT INTO attempts (id, site, task, campaign, number, state, created_at)
VALUES (:id, :site, :task_id, :campaign_id, :number, :state, :created_at);

-- name: begin_task
-- Not for a campaign that was paused a moment ago.
UPDATE tasks SET attempt = :id, number_index = :number_index, tries = tries + 1
WHERE id = :task_id AND outcome IS NULL AND attempt = ''
  AND EXISTS (SELECT 1 FROM campaigns WHERE campaigns.id = campaign AND state = 'running');

-- name: note_attempt
-- Never backwards: what is done stays done.
UPDATE attempts
SET state = :state, dialled_at = :dialled_at, ringing_at = :ringing_at, answered_at = :answered_at
WHERE id = :id AND state <> 'done';

-- name: note_talk
UPDATE attempts SET outcome = :outcome, keys = :keys, note = :note
WHERE id = :id AND state <> 'done';

-- name: end_attempt
-- Once; but an end nobody knew may become known.
UPDATE attempts
SET state = 'done', outcome = :outcome, cause = :cause, ended_at = :ended_at, keys = :keys,
  note = :note, dialled_at = :dialled_at, ringing_at = :ringing_at, answered_at = :answered_at
WHERE id = :id AND (state <> 'done' OR outcome = 'unknown');

-- name: open_attempts
SELECT * FROM attempts WHERE site = :site AND state <> 'done' ORDER BY created_at, id;

-- name: attempt
SELECT * FROM attempts WHERE site = :site AND id = :id;

-- name: attempts
SELECT * FROM attempts WHERE task IN (SELECT value FROM json_each(:tasks))
ORDER BY created_at, id;

-- name: free_task
UPDATE tasks SET attempt = '' WHERE id = :id;

-- name: wait_task
UPDATE tasks SET due_at = :due_at, number_index = :number_index WHERE id = :id AND outcome IS NULL;

-- name: settle_task
UPDATE tasks SET outcome = :outcome, settled_at = :at, note = :note
WHERE id = :id AND outcome IS NULL;

-- name: duplicates_told
-- One call tells every household that has the number.
UPDATE tasks SET outcome = 'duplicate', duplicate_of = :task, settled_at = :at
WHERE campaign = :campaign AND id <> :task AND attempt = ''
  AND id IN (SELECT task FROM task_numbers WHERE number = :number)
  AND (outcome IS NULL OR (outcome = 'duplicate' AND COALESCE(
    (SELECT leader.outcome FROM tasks AS leader WHERE leader.id = tasks.duplicate_of),
    'duplicate'
  ) = 'duplicate'));

-- name: duplicates_missed
-- Those who waited for this household, or for one that waits for it now, and have not
-- the number that was told.
UPDATE tasks SET outcome = NULL, duplicate_of = '', settled_at = NULL, due_at = :at
WHERE outcome = 'duplicate' AND duplicate_of <> ''
  AND duplicate_of IN (
    SELECT :task UNION
    SELECT id FROM tasks WHERE duplicate_of = :task AND duplicate_of <> ''
  )
  AND id NOT IN (SELECT task FROM task_numbers WHERE number = :number);

-- name: duplicates_reopened
-- The household they waited for was not reached; they have numbers of their own.
UPDATE tasks SET outcome = NULL, duplicate_of = '', settled_at = NULL, due_at = :at
WHERE duplicate_of = :task AND duplicate_of <> '' AND outcome = 'duplicate'
  AND EXISTS (
    SELECT 1 FROM task_numbers WHERE task_numbers.task = tasks.id
      AND number NOT IN (SELECT number FROM task_numbers WHERE task = :task)
  );

-- name: duplicates_settled
-- … and these have none: it ended for them as it did for the household they waited for.
UPDATE tasks SET outcome = :outcome, settled_at = :at
WHERE duplicate_of = :task AND duplicate_of <> '' AND outcome = 'duplicate';

-- name: close_open
-- Nobody is phoned any more: the last call's outcome, or why there was none.
UPDATE tasks
SET settled_at = :at, outcome = COALESCE(
  (SELECT attempts.outcome FROM attempts
   WHERE attempts.task = tasks.id AND attempts.created_at >= tasks.opened_at
     AND attempts.state = 'done' AND :keep_last = 1
   ORDER BY attempts.created_at DESC LIMIT 1),
  :outcome
)
WHERE campaign = :campaign AND outcome IS NULL AND attempt = '';

-- name: close_duplicates
-- Whoever waited for a household that was closed at this moment.
UPDATE tasks
SET settled_at = :at,
  outcome = (SELECT leader.outcome FROM tasks AS leader WHERE leader.id = tasks.duplicate_of)
WHERE campaign = :campaign AND outcome = 'duplicate' AND duplicate_of IN (
  SELECT leader.id FROM tasks AS leader
  WHERE leader.campaign = :campaign AND leader.settled_at = :at AND leader.outcome <> 'duplicate'
);

-- name: mark_duplicate
UPDATE tasks SET outcome = 'duplicate', duplicate_of = :leader, settled_at = :at
WHERE id = :id AND campaign = :campaign AND attempt = '';

-- name: reword
-- Something new to say: whoever was told is told again.
UPDATE tasks
SET subject = :subject, outcome = NULL, duplicate_of = '', settled_at = NULL, due_at = :at,
  opened_at = :at, tries = 0, number_index = 0
WHERE id = :id AND campaign = :campaign;

-- name: finish_campaign
UPDATE campaigns SET state = 'done'
WHERE id = :campaign AND state IN ('running', 'paused')
  AND NOT EXISTS (SELECT 1 FROM tasks WHERE campaign = :campaign AND outcome IS NULL);

-- name: progress
SELECT outcome, COUNT(*) AS tasks, SUM(attempt <> '') AS live FROM tasks
WHERE campaign = :campaign GROUP BY outcome;
