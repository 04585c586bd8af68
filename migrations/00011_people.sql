-- People who are known by more than one address, merged profiles, and the devices that people can be reached on.

-- +goose Up
-- What else a profile is found by: further addresses and devices, and the ids and addresses of the profiles that were
-- merged into it. What somebody is found by is either an identifier of one profile or an alias of one.
create table profile_alias (
    kind       text collate "C" not null,       -- id | external_id | email | phone_number | anonymous_id
    key        text collate "C" not null,       -- what is compared: an email in lower case, others as they are
    value      text not null,                   -- as it was given
    profile_id text collate "C" not null references profile on delete cascade,
    created_at timestamptz not null default now(),
    primary key (kind, key)
);
create index profile_alias_profile on profile_alias (profile_id);
-- Whether there are any, so that nobody has to look for those of the many who have none.
alter table profile add column aliased boolean not null default false;

-- Whoever makes an identifier somebody's own looks, once it has it, whether it is an alias meanwhile: a function's
-- statements see what was committed while the insert waited. The writer tries again, and finds whose it is.
-- +goose StatementBegin
create function profile_not_alias() returns trigger language plpgsql as $$
begin
    if exists (select from fresh f join profile_alias a on a.kind = 'email' and a.key = lower(f.email))
        or exists (select from fresh f join profile_alias a on a.kind = 'phone_number' and a.key = f.phone_number)
        or exists (select from fresh f join profile_alias a on a.kind = 'external_id' and a.key = f.external_id)
        or exists (select from fresh f join profile_alias a on a.kind = 'anonymous_id' and a.key = f.anonymous_id) then
        raise unique_violation using message = 'an identifier is an alias of another profile', constraint = 'profile_not_alias';
    end if;
    return null;
end
$$;
create function profile_not_renamed_alias() returns trigger language plpgsql as $$
begin
    if exists (select from profile_alias a where a.kind = 'email' and a.key = lower(new.email))
        or exists (select from profile_alias a where a.kind = 'phone_number' and a.key = new.phone_number)
        or exists (select from profile_alias a where a.kind = 'external_id' and a.key = new.external_id)
        or exists (select from profile_alias a where a.kind = 'anonymous_id' and a.key = new.anonymous_id) then
        raise unique_violation using message = 'an identifier is an alias of another profile', constraint = 'profile_not_alias';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger profile_not_alias after insert on profile referencing new table as fresh
    for each statement execute function profile_not_alias();
create trigger profile_not_renamed_alias after update of email, phone_number, external_id, anonymous_id on profile
    for each row when (old.email is distinct from new.email or old.phone_number is distinct from new.phone_number
        or old.external_id is distinct from new.external_id or old.anonymous_id is distinct from new.anonymous_id)
    execute function profile_not_renamed_alias();

-- Devices that take notifications. A device is one person's: the last to sign in.
create table push_token (
    id                text collate "C" primary key,
    token             text collate "C" not null unique, -- of the vendor's
    platform          text not null,            -- ios | android
    vendor            text not null,            -- apns | fcm
    enablement_status text not null,            -- AUTHORIZED | DENIED | NOT_DETERMINED | PROVISIONAL | UNAUTHORIZED
    background        text not null,            -- AVAILABLE | DENIED | RESTRICTED
    metadata          jsonb not null default '{}', -- of the device and its app
    profile_id        text collate "C" not null references profile on delete cascade,
    created_at        timestamptz not null default now(),
    recorded_at       timestamptz not null default now() -- when it was last said to be valid
);
create index push_token_profile on push_token (profile_id);
create index push_token_created on push_token (created_at, id);

-- What is left of a document of somebody who was deleted: its structure, numbers, true and false. words, in lower case,
-- are what the person was known by.
-- +goose StatementBegin
create function redacted(value jsonb, words text[]) returns jsonb language plpgsql immutable as $$
begin
    case jsonb_typeof(value)
    when 'object' then
        return (select coalesce(jsonb_object_agg(
                case when exists (select from unnest(words) w where strpos(lower(m.key), w) > 0) then 'redacted' else m.key end,
                redacted(m.value, words)), '{}')
            from jsonb_each(value) m);
    when 'array' then
        return (select coalesce(jsonb_agg(redacted(e.value, words) order by e.n), '[]')
            from jsonb_array_elements(value) with ordinality e (value, n));
    when 'string' then
        return '"redacted"';
    when 'number' then
        return case when exists (select from unnest(words) w where strpos(value::text, w) > 0) then '"redacted"' else value end;
    else
        return value;
    end case;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function redacted(jsonb, text[]);
drop table push_token;
drop trigger profile_not_renamed_alias on profile;
drop trigger profile_not_alias on profile;
drop function profile_not_renamed_alias, profile_not_alias;
alter table profile drop column aliased;
drop table profile_alias;
