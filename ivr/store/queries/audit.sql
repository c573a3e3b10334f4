-- name: add
INSERT INTO audit (id, site, at, user_id, user_name, role, address, action, target, detail)
VALUES (:id, :site, :at, :user_id, :user_name, :role, :address, :action, :target, :detail);

-- name: find
SELECT * FROM audit
WHERE site = :site AND at >= :since AND at < :until
  AND (:user_id = '' OR user_id = :user_id)
  AND (:action = '' OR action = :action OR action LIKE :action || '.%')
  AND (:text = '' OR instr(lower(target || ' ' || detail || ' ' || user_name), :text) > 0)
ORDER BY at DESC, id DESC LIMIT :limit OFFSET :offset;

-- name: count
SELECT COUNT(*) AS entries FROM audit
WHERE site = :site AND at >= :since AND at < :until
  AND (:user_id = '' OR user_id = :user_id)
  AND (:action = '' OR action = :action OR action LIKE :action || '.%')
  AND (:text = '' OR instr(lower(target || ' ' || detail || ' ' || user_name), :text) > 0);

-- name: actions
SELECT DISTINCT action FROM audit WHERE site = :site ORDER BY action;
