-- What private keys may do, and what people tell them apart by.

-- +goose Up
alter table api_key
    add column prefix       text not null default '', -- the beginning of the key: too little to use it
    add column scopes       text[],                   -- such as events:write; null is everything
    add column last_used_at timestamptz;              -- to about an hour
-- The beginning of an older key is not known any more, only that of its hash.
update api_key set prefix = '#' || left(hash, 8);

-- +goose Down
alter table api_key drop column last_used_at, drop column scopes, drop column prefix;
