-- name: catalog_item_upsert
-- $1: items as JSON.
insert into catalog_item (id, title, description, url, image, price, metadata, published, updated_at)
select id, title, coalesce(description, ''), coalesce(url, ''), coalesce(image, ''), price, coalesce(metadata, '{}'), published, $2
from jsonb_to_recordset($1::jsonb) i(id text, title text, description text, url text, image text, price numeric, metadata jsonb, published boolean)
on conflict (id) do update set title = excluded.title, description = excluded.description, url = excluded.url, image = excluded.image,
    price = excluded.price, metadata = excluded.metadata, published = excluded.published, updated_at = excluded.updated_at

-- name: catalog_category_upsert
insert into catalog_category (id, name)
select id, name from jsonb_to_recordset($1::jsonb) c(id text, name text)
on conflict (id) do update set name = excluded.name where catalog_category.name <> excluded.name

-- name: catalog_item_category_replace
-- $1: the items; $2, $3: pairs of item and category, which are all that those items have afterwards.
with wanted as (
    select distinct item_id, category_id from unnest($2::text[], $3::text[]) w(item_id, category_id)
), gone as (
    delete from catalog_item_category c
    where c.item_id = any ($1)
        and not exists (select from wanted w where w.item_id = c.item_id and w.category_id = c.category_id)
)
insert into catalog_item_category (item_id, category_id) select item_id, category_id from wanted
on conflict do nothing

-- name: catalog_variant_upsert
insert into catalog_variant (id, item_id, title, sku, price, inventory, inventory_policy, published)
select id, item_id, title, coalesce(sku, ''), price, inventory, inventory_policy, published
from jsonb_to_recordset($1::jsonb)
    v(id text, item_id text, title text, sku text, price numeric, inventory integer, inventory_policy smallint, published boolean)
on conflict (id) do update set item_id = excluded.item_id, title = excluded.title, sku = excluded.sku, price = excluded.price,
    inventory = excluded.inventory, inventory_policy = excluded.inventory_policy, published = excluded.published

-- name: catalog_variant_drop_others
delete from catalog_variant where item_id = any ($1) and not (id = any ($2))

-- name: catalog_items_by_id
select id, title, description, url, image, price, metadata, published, created_at, updated_at
from catalog_item where id = any ($1) order by id

-- name: catalog_variants_of_items
select id, item_id, title, sku, price, inventory, inventory_policy, published
from catalog_variant where item_id = any ($1) order by item_id, id

-- name: catalog_categories_of_items
select m.item_id, c.id, c.name
from catalog_item_category m join catalog_category c on c.id = m.category_id
where m.item_id = any ($1) order by m.item_id, c.id

-- name: recommend
-- Items for each of many profiles. $1: profiles; $2: order; $3: how many; $4, $5: pairs of profile and item to leave
-- out; $6: categories by id or name, none for all; $7: leave out what they own; $8: leave out what is out of stock;
-- $9: purchases count from here on when looking for people alike; $10: and here for what is popular.
with asked as materialized (
    select a.profile_id, a.position::int from unnest($1::text[]) with ordinality a(profile_id, position)
), available as materialized (
    select i.id, i.created_at, row_number() over (order by i.id)::int as n
    from catalog_item i
    where i.published and i.image <> ''
        and (cardinality($6::text[]) = 0 or exists (
            select from catalog_item_category m join catalog_category c on c.id = m.category_id
            where m.item_id = i.id and (c.id = any ($6) or c.name = any ($6))))
        -- policy 1 hides what is out of stock; an item without variants has no stock to run out of
        and (not $8 or exists (
            select from catalog_variant v
            where v.item_id = i.id and v.published and (v.inventory > 0 or v.inventory_policy <> 1))
            or not exists (select from catalog_variant v where v.item_id = i.id))
), barred as materialized (
    select a.position, v.n
    from (
        select profile_id, item_id from unnest($4::text[], $5::text[]) b(profile_id, item_id)
        union
        select p.profile_id, p.item_id from purchase p where $7 and p.profile_id = any ($1)
    ) b
    join asked a using (profile_id)
    join available v on v.id = b.item_id
), together as materialized (
    -- The people alike are the latest buyers of the profile's latest 20 items: at most 200, so that a bestseller
    -- with a hundred thousand buyers costs no more than a rarity.
    select a.position, t.item_id, t.people
    from asked a
    cross join lateral (
        select p.item_id, count(*) as people
        from (
            select distinct b.profile_id
            from (
                select item_id, count(*) over () as items
                from (
                    select item_id from purchase where profile_id = a.profile_id order by last_at desc, item_id limit 20
                ) o
            ) own
            cross join lateral (
                select profile_id from purchase
                where item_id = own.item_id and last_at > $9 and profile_id <> a.profile_id
                order by last_at desc, profile_id desc
                limit 200 / own.items
            ) b
        ) alike
        join purchase p on p.profile_id = alike.profile_id
        group by p.item_id
        order by people desc, p.item_id
        -- More than are wanted, since some will be barred. Of one category there may be none among the first.
        limit case when cardinality($6::text[]) = 0 then 100 + $3::int end
    ) t
    where $2 = 'bought_together'
), chosen as materialized (
    select position, n, place
    from (
        select t.position, v.n, row_number() over (partition by t.position order by t.people desc, v.n) as place
        from together t
        join available v on v.id = t.item_id
        where not exists (select from barred b where b.position = t.position and b.n = v.n)
    ) t
    where place <= $3
), popular as materialized (
    select v.n, row_number() over (order by c.people desc, v.created_at desc, v.n) as rank
    from available v
    cross join lateral (
        select case when $2 = 'newest' then 0 else count(*) end as people
        from purchase p where p.item_id = v.id and p.last_at > $10
    ) c
), short as materialized (
    select a.position,
        (select count(*) from chosen c where c.position = a.position) as have,
        (select count(*) from barred b where b.position = a.position) as barred
    from asked a
), filled as (
    select s.position, f.n, s.have + f.place as place
    from short s
    cross join lateral (
        select p.n, row_number() over (order by p.rank) as place
        from popular p
        where p.rank <= s.barred + s.have + $3
            and not exists (select from barred b where b.position = s.position and b.n = p.n)
            and not exists (select from chosen c where c.position = s.position and c.n = p.n)
        order by p.rank
        limit $3 - s.have
    ) f
    where s.have < $3
)
select a.profile_id, i.id, i.title, i.description, i.url, i.image, i.price,
    coalesce((select currency from account order by id limit 1), 'USD') as currency
from (select position, n, place from chosen union all select position, n, place from filled) r
join asked a using (position)
join available v using (n)
join catalog_item i on i.id = v.id
order by r.position, r.place
