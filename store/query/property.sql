-- name: profile_change_properties
update profile p set updated_at = now(), properties = (p.properties || x.set || coalesce((
        select jsonb_object_agg(i.key, coalesce(
            case when jsonb_typeof((p.properties || x.set) -> i.key) = 'number' then ((p.properties || x.set) ->> i.key)::numeric end, 0
        ) + (i.value #>> '{}')::numeric) from jsonb_each(x.increment) i
    ), '{}')) - x.unset
from (select $1::text as id, $2::jsonb as set, $3::jsonb as increment, $4::text[] as unset) x
where p.id = x.id
returning p.properties
