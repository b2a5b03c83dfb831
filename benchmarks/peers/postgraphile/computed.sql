-- What PostGraphile shows beside the columns, as its guide has it: computed columns, and a function that writes.
CREATE SCHEMA IF NOT EXISTS graphile;

DO $$ BEGIN
  CREATE TYPE graphile.expiry AS (points bigint, expires_at timestamptz);
  CREATE TYPE graphile.next_tier AS (name text, need bigint, percent integer);
  CREATE TYPE graphile.redemption AS (
    refused text, replayed boolean, entry_id uuid, points bigint, balance_after bigint, available bigint
  );
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE OR REPLACE FUNCTION graphile.points_account_usable(account points_account) RETURNS bigint
  LANGUAGE sql STABLE AS $$
  SELECT account.available - COALESCE(SUM(l.remaining), 0)::bigint FROM points_lot l
    WHERE l.member_id = account.member_id AND l.active AND l.remaining > 0 AND l.expires_at <= now()
$$;

CREATE OR REPLACE FUNCTION graphile.points_account_expiring(account points_account) RETURNS SETOF graphile.expiry
  LANGUAGE sql STABLE AS $$
  SELECT SUM(l.remaining)::bigint, l.expires_at FROM points_lot l
    WHERE l.member_id = account.member_id AND l.active AND l.remaining > 0 AND l.expires_at > now()
    GROUP BY l.expires_at ORDER BY l.expires_at
$$;

CREATE OR REPLACE FUNCTION graphile.growth_account_next(account growth_account) RETURNS graphile.next_tier
  LANGUAGE sql STABLE AS $$
  SELECT above.name, GREATEST(0, above.threshold - account.growth),
      LEAST(10000, GREATEST(0, account.growth - held.threshold) * 10000 / (above.threshold - held.threshold))::integer
    FROM tier held JOIN tier above ON above.rank = held.rank + 1 WHERE held.id = account.tier_id
$$;

CREATE OR REPLACE FUNCTION graphile.redeem(member uuid, wanted bigint, reason text, key text) RETURNS graphile.redemption
  LANGUAGE sql VOLATILE AS $$
  SELECT r.refused, r.replayed, r.entry_id, r.entry_points, r.balance_after, r.available
    FROM peers.redeem(member, wanted, reason, 'MEMBER:' || member, key,
      encode(sha256(convert_to(format('[%s,"%s",null,null]', wanted, reason), 'UTF8')), 'hex'),
      'MEMBER', member::text, NULL, NULL, replace(gen_random_uuid()::text, '-', ''), NULL) r
$$;

-- what a partner's links came to, by days, and all of it without a day
DO $$ BEGIN
  CREATE TYPE graphile.partner_figures AS (
    day date, touches bigint, unique_touches bigint, registered bigint, qualified bigint, orders bigint,
    gross_minor bigint, refunds bigint, refund_minor bigint, net_minor bigint, reward_cost_minor bigint,
    conversion_bps bigint
  );
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE OR REPLACE FUNCTION graphile.partner_as_of(partner partner) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT LEAST(touched_at, happened_at) FROM partner_books
$$;

CREATE OR REPLACE FUNCTION graphile.partner_stats(partner partner, first_day date, last_day date)
  RETURNS SETOF graphile.partner_figures LANGUAGE sql STABLE AS $$
  SELECT day, NULLIF(touches, 0), CASE WHEN touches > 0 THEN firsts END, NULLIF(registered, 0), NULLIF(qualified, 0),
      CASE WHEN buyers > 0 THEN orders END, CASE WHEN buyers > 0 THEN gross END,
      CASE WHEN refunders > 0 THEN refunds END, CASE WHEN refunders > 0 THEN refunded END,
      CASE WHEN buyers > 0 THEN gross - refunded END, CASE WHEN buyers > 0 THEN floor(cost / 10000.0)::bigint END,
      CASE WHEN registered > 0 AND qualified > 0 THEN qualified * 10000 / registered END
    FROM (SELECT day, SUM(touches)::bigint AS touches, SUM(unique_touches)::bigint AS firsts,
        SUM(registered)::bigint AS registered, SUM(qualified)::bigint AS qualified, SUM(buyers)::bigint AS buyers,
        SUM(orders)::bigint AS orders, SUM(gross_minor)::bigint AS gross, SUM(refunders)::bigint AS refunders,
        SUM(refunds)::bigint AS refunds, SUM(refund_minor)::bigint AS refunded,
        SUM(gross_cost - refund_cost)::bigint AS cost
      FROM partner_day d WHERE d.partner_id = partner.id AND d.day BETWEEN first_day AND last_day
      GROUP BY GROUPING SETS ((day), ())) sums ORDER BY day
$$;
