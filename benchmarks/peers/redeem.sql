-- A redemption in one call, for the peers: what rules/points redeem does, beat by beat, and what it leaves behind.
-- `refused` is the code of the first objection; all else of the answer is null then, but the facts it names.
CREATE SCHEMA IF NOT EXISTS peers;

CREATE OR REPLACE FUNCTION peers.redeem(
  whose uuid, wanted bigint, why text, principal_named text, key_given text, fingerprint_given text,
  by_kind text, by_id text, by_role text, by_store uuid, request text, network_seen text,
  OUT refused text, OUT fact bigint, OUT state_found text, OUT replayed boolean, OUT transaction_id uuid,
  OUT entry_id uuid, OUT entry_points bigint, OUT balance_after bigint, OUT reason_kept text, OUT recorded_at timestamptz,
  OUT available bigint, OUT pending bigint, OUT held bigint, OUT debt bigint,
  OUT lifetime_earned bigint, OUT lifetime_spent bigint, OUT lifetime_expired bigint
) LANGUAGE plpgsql AS $redeem$
#variable_conflict use_column
DECLARE
  moment CONSTANT timestamptz := clock_timestamp();
  movement CONSTANT uuid := uuidv7();
  line CONSTANT uuid := uuidv7();
  bucket_of CONSTANT smallint := get_byte(uuid_send(whose), 15) & 15;
  account points_account;
  answered idempotency_key;
  most bigint;
  over bigint;
  events bigint;
  numbered bigint;
BEGIN
  SELECT m.state INTO state_found FROM member m WHERE m.id = whose FOR NO KEY UPDATE;
  IF state_found IS NULL THEN
    refused := 'NOT_FOUND';
    RETURN;
  END IF;

  SELECT i.* INTO answered FROM idempotency_key i
    WHERE i.owner_id = whose AND i.principal = principal_named AND i.key = key_given;
  IF FOUND THEN
    IF (answered.operation, answered.fingerprint) <> ('points.redeem', fingerprint_given) THEN
      refused := 'IDEMPOTENCY_KEY_REUSED';
      RETURN;
    END IF;
    replayed := true;
    transaction_id := (answered.response ->> 'transaction_id')::uuid;
    SELECT e.id, e.delta, e.balance_after, t.reason, t.created_at,
        (answered.response ->> 'available')::bigint, (answered.response ->> 'pending')::bigint,
        (answered.response ->> 'held')::bigint, (answered.response ->> 'debt')::bigint,
        a.lifetime_earned, a.lifetime_spent, a.lifetime_expired
      INTO entry_id, entry_points, balance_after, reason_kept, recorded_at, available, pending, held, debt,
        lifetime_earned, lifetime_spent, lifetime_expired
      FROM points_entry e JOIN points_transaction t ON t.id = e.transaction_id
      JOIN points_account a ON a.member_id = e.member_id
      WHERE e.member_id = whose AND e.transaction_id = (answered.response ->> 'transaction_id')::uuid ORDER BY e.seq LIMIT 1;
    RETURN;
  END IF;

  SELECT a.member_id, a.available, a.pending, a.held, a.debt, a.seq, a.lifetime_earned, a.lifetime_spent,
      a.lifetime_expired, t.redeem_limit_points, COALESCE((SELECT SUM(l.remaining) FROM points_lot l
        WHERE l.member_id = whose AND l.active AND l.remaining > 0 AND l.expires_at <= moment), 0)
    INTO account.member_id, account.available, account.pending, account.held, account.debt, account.seq,
      account.lifetime_earned, account.lifetime_spent, account.lifetime_expired, most, over
    FROM points_account a JOIN growth_account g ON g.member_id = a.member_id JOIN tier t ON t.id = g.tier_id
    WHERE a.member_id = whose;

  IF state_found <> 'ACTIVE' THEN
    refused := CASE state_found WHEN 'FROZEN' THEN 'MEMBER_FROZEN' WHEN 'MERGED' THEN 'MEMBER_MERGED'
      ELSE 'MEMBER_NOT_ACTIVE' END;
  ELSIF wanted > most THEN
    refused := 'ABOVE_TIER_LIMIT';
    fact := most;
  ELSIF wanted > account.available - over THEN
    refused := 'INSUFFICIENT_POINTS';
    fact := account.available - over;
  ELSIF wanted > 1000000000 THEN
    refused := 'POINTS_LIMIT';
    fact := 1000000000;
  END IF;
  IF refused IS NOT NULL THEN
    RETURN;
  END IF;

  numbered := account.seq;
  events := 1;
  IF over > 0 THEN
    events := events + peers.expire(whose, account, moment, account.available - over - wanted, bucket_of,
      by_kind, by_id, by_store, request);
    account.available := account.available - over;
    account.lifetime_expired := account.lifetime_expired + over;
    account.seq := account.seq + events - 1;
  END IF;

  WITH share AS (
    SELECT l.id, LEAST(l.remaining, wanted - l.before) AS taken FROM (
      SELECT o.id, o.remaining, SUM(o.remaining) OVER (ORDER BY o.expires_at, o.id) - o.remaining AS before
        FROM points_lot o WHERE o.member_id = whose AND o.active AND o.remaining > 0
        AND (o.expires_at IS NULL OR o.expires_at > moment)) l
      WHERE l.before < wanted
  ), paid AS (
    UPDATE points_lot l SET remaining = l.remaining - s.taken FROM share s WHERE l.member_id = whose AND l.id = s.id
  ), moved AS (
    INSERT INTO points_transaction (id, member_id, kind, points, cause, actor_kind, actor_id, store_id, reason,
        request_id, effective_at, created_at)
      VALUES (movement, whose, 'REDEEM', -wanted, 'points.redeem:' || principal_named || ':' || key_given, by_kind,
        by_id, by_store, why, request, moment, moment)
  ), lots AS (
    INSERT INTO points_lot_move (id, member_id, lot_id, transaction_id, d_remaining, d_held)
      SELECT uuidv7(), whose, s.id, movement, -s.taken, 0 FROM share s
  ), entry AS (
    INSERT INTO points_entry (id, transaction_id, member_id, seq, bucket, delta, balance_after, counter)
      VALUES (line, movement, whose, account.seq + 1, 'AVAILABLE', -wanted, account.available - wanted, 'REDEMPTION')
  ), kept AS (
    UPDATE points_account a SET available = account.available - wanted, seq = account.seq + 1,
        lifetime_spent = account.lifetime_spent + wanted, lifetime_expired = account.lifetime_expired
      WHERE a.member_id = whose AND a.seq = numbered
  ), told AS (
    UPDATE member m SET event_seq = m.event_seq + events WHERE m.id = whose RETURNING m.event_seq
  ), event AS (
    INSERT INTO outbox_event (id, member_id, seq, transaction_id, bucket, type, body, created_at)
      SELECT uuidv7(), whose, t.event_seq, movement, bucket_of, 'points.moved',
        jsonb_build_object('kind', 'REDEEM', 'points', -wanted, 'available', account.available - wanted), moment
        FROM told t
  ), noted AS (
    INSERT INTO audit_log (id, at, actor_kind, actor_id, role, store_id, action, member_id, reason, network,
        request_id, facts)
      SELECT uuidv7(), moment, by_kind, by_id, by_role, by_store, 'points.redeem', whose, why, network_seen, request,
        jsonb_build_object('points', -wanted, 'transaction', movement) WHERE by_kind <> 'MEMBER'
  )
  INSERT INTO idempotency_key (id, owner_id, principal, key, operation, fingerprint, response, created_at)
    VALUES (uuidv7(), whose, principal_named, key_given, 'points.redeem', fingerprint_given,
      jsonb_build_object('available', account.available - wanted, 'pending', account.pending, 'held', account.held,
        'debt', account.debt, 'transaction_id', movement), moment);

  replayed := false;
  transaction_id := movement;
  entry_id := line;
  entry_points := -wanted;
  balance_after := account.available - wanted;
  reason_kept := why;
  recorded_at := moment;
  available := account.available - wanted;
  pending := account.pending;
  held := account.held;
  debt := account.debt;
  lifetime_earned := account.lifetime_earned;
  lifetime_spent := account.lifetime_spent + wanted;
  lifetime_expired := account.lifetime_expired;
END
$redeem$;

-- Writes off what has expired of a held member, lot by lot, and says how many movements that were.
CREATE OR REPLACE FUNCTION peers.expire(
  whose uuid, account points_account, moment timestamptz, left_at_last bigint, bucket_of smallint,
  by_kind text, by_id text, by_store uuid, request text
) RETURNS bigint LANGUAGE plpgsql AS $expire$
DECLARE
  lot record;
  movement uuid;
  count bigint := 0;
BEGIN
  FOR lot IN
    SELECT l.id, l.remaining, l.expires_at FROM points_lot l WHERE l.member_id = whose AND l.active
      AND l.remaining > 0 AND l.expires_at <= moment ORDER BY l.expires_at, l.id
  LOOP
    count := count + 1;
    movement := uuidv7();
    account.available := account.available - lot.remaining;
    INSERT INTO points_transaction (id, member_id, kind, points, cause, actor_kind, actor_id, store_id, request_id,
        effective_at, created_at)
      VALUES (movement, whose, 'EXPIRE', -lot.remaining, 'expire:' || lot.id || ':' || account.seq + count - 1,
        by_kind, by_id, by_store, request, lot.expires_at, moment);
    UPDATE points_lot SET remaining = 0 WHERE member_id = whose AND id = lot.id;
    INSERT INTO points_lot_move (id, member_id, lot_id, transaction_id, d_remaining, d_held)
      VALUES (uuidv7(), whose, lot.id, movement, -lot.remaining, 0);
    INSERT INTO points_entry (id, transaction_id, member_id, seq, bucket, delta, balance_after, counter)
      VALUES (uuidv7(), movement, whose, account.seq + count, 'AVAILABLE', -lot.remaining, account.available, 'EXPIRY');
    INSERT INTO outbox_event (id, member_id, seq, transaction_id, bucket, type, body, created_at)
      SELECT uuidv7(), whose, m.event_seq + count, movement, bucket_of, 'points.moved',
        jsonb_build_object('kind', 'EXPIRE', 'points', -lot.remaining, 'available', left_at_last), moment
        FROM member m WHERE m.id = whose;
  END LOOP;
  RETURN count;
END
$expire$;
