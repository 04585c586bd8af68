-- name: account
select id, name, timezone, currency, locale, organization, industry, test_account, tracking from account order by id limit 1

-- name: account_alone
-- Held by whoever may make the account, so that there is one.
select pg_advisory_xact_lock(hashtext('account'))

-- name: account_insert
insert into account (id) select $1 where not exists (select from account)

-- name: account_update
update account set name = $2, timezone = $3, currency = $4, locale = $5, organization = $6, industry = $7, test_account = $8, tracking = $9
where id = $1
