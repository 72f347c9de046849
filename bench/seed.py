"""The data that is measured on: 100 organisations with 15 branches each and 100 obligations in each branch, a head office
admin and an API token for each organisation. The same rows at every run but for the day they start from, so that two runs
can be compared. The foreign keys and checks of the product hold them: nothing is switched off to load them."""

import hashlib
import uuid
from dataclasses import dataclass

from installation import Installation

TENANTS = 100
BRANCHES = 15
OBLIGATIONS = 100
# The permissions of a token are names of the product's table; one is all that the list needs.
SCOPE = "obligations:read"


@dataclass(frozen=True)
class Tenant:
    """An organisation and the text of its token."""

    id: uuid.UUID
    token: str

    @property
    def token_hash(self) -> str:
        """What the product stores of the token."""
        return hashlib.sha256(self.token.encode()).hexdigest()


def tenants() -> list[Tenant]:
    return [make_tenant(number) for number in range(1, TENANTS + 1)]


def make_tenant(number: int) -> Tenant:
    """The token has the product's format: kind, tenant, 32 bytes, checksum. These are no secrets: they open a throw-away
    installation."""
    digest = hashlib.sha256(f"tenant {number}".encode()).hexdigest()
    tenant = uuid.UUID(f"0199{digest[:8]}7{digest[8:11]}8{digest[11:26]}")
    body = f"itx_{tenant.hex}_{hashlib.sha256(f'token {number}'.encode()).hexdigest()}"
    return Tenant(tenant, checked(body))


def checked(body: str) -> str:
    """A token's text: what it says, and the checksum of that."""
    return body + hashlib.sha256(body.encode()).hexdigest()[:8]


def load(installation: Installation):
    installation.sql(SCHEMA + rows_of(tenants()) + ROWS)
    installation.sql("vacuum (analyze);")
    installation.sql("checkpoint;")


def rows_of(all_tenants: list[Tenant]) -> str:
    values = ",\n".join(f"({n}, '{t.id}', '\\x{t.token_hash}')" for n, t in enumerate(all_tenants, 1))
    return f"insert into bench.tenants (number, id, token_hash) values\n{values};\n"


SCHEMA = """
set timezone = 'UTC';
create schema bench;
create table bench.tenants (number integer primary key, id uuid not null, token_hash bytea not null);

-- A UUID of version 7 whose random part is given by its content.
create function bench.uuid(content text) returns uuid language sql immutable as $$
  select ('01990000' || substr(md5(content), 1, 4) || '7' || substr(md5(content), 5, 3) || '8' || substr(md5(content), 8, 15))::uuid
$$;
create function bench.one_of(number bigint, variadic choices text[]) returns text language sql immutable as $$
  select choices[1 + number % cardinality(choices)]
$$;
"""

# Titles, authorities and remarks as in packs/examples. Everything is due within 400 days and planned already, so
# that no reminder is sent or planned while something is measured. Nothing is due tomorrow, which may have begun at a branch.
ROWS = f"""
insert into app.tenants (id, name, time_zone, created_at, updated_at)
select id, 'Organisation ' || number, 'Asia/Dhaka', current_timestamp, current_timestamp from bench.tenants;

insert into app.branches (tenant_id, id, code, name, address, city_corporation, district, region, country, type, time_zone,
                          created_at, updated_at)
select t.id, bench.uuid('branch ' || t.number || ' ' || b), 'B' || lpad(b::text, 2, '0'), 'Branch ' || b,
       'House ' || b || ', Road ' || t.number || ', Dhaka 12' || lpad(b::text, 2, '0'), 'Dhaka North City Corporation', 'Dhaka',
       'Dhaka Division', 'BD', 'pharmacy', 'Asia/Dhaka', current_timestamp, current_timestamp
from bench.tenants t, generate_series(1, {BRANCHES}) b;

insert into app.people (tenant_id, id, email, canonical_email, name, role, status, created_at, updated_at)
select id, bench.uuid('person ' || number), 'admin' || number || '@bench.example', 'admin' || number || '@bench.example',
       'Admin ' || number, 'head_office_admin', 'active', current_timestamp, current_timestamp
from bench.tenants;

insert into app.api_tokens (tenant_id, id, person_id, name, token_hash, scopes, created_at, expires_at, last_used_at)
select id, bench.uuid('token ' || number), bench.uuid('person ' || number), 'Bench', token_hash, '{{{SCOPE}}}', current_timestamp,
       current_timestamp + interval '30 days', current_timestamp
from bench.tenants;

insert into app.obligation_instances (tenant_id, id, branch_id, series_id, series_anchor, occurrence_on, due_on, category, title,
                                      severity, lead_days, recurrence, owner_id, source, external_id, reference, notes,
                                      reminders_from, planned_through, created_at, updated_at)
select t.id, item.id, bench.uuid('branch ' || t.number || ' ' || b), item.id, item.due_on, item.due_on, item.due_on,
       bench.one_of(o, 'tax_vat', 'trade_license', 'fire_safety', 'tax_income', 'environment'),
       bench.one_of(o, 'VAT return (Mushak 9.1)', 'Trade licence renewal', 'Fire licence renewal', 'Withholding tax return',
                    'Environment clearance'),
       bench.one_of(o, 'high', 'critical', 'critical', 'medium', 'low'), '{{30,14,7,3,1}}',
       bench.one_of(o, 'FREQ=MONTHLY', 'FREQ=YEARLY', 'FREQ=YEARLY', 'FREQ=MONTHLY', 'FREQ=YEARLY'),
       case when o % 3 = 0 then bench.uuid('person ' || t.number) end,
       bench.one_of(o, 'import', 'template'), case when o % 2 = 0 then 'EXT-' || b || '-' || o end,
       bench.one_of(o, 'NBR/VAT/', 'DNCC/TL/', 'FSCD/DHK/', 'NBR/WHT/', 'DOE/') || lpad((b * 1000 + o)::text, 6, '0'),
       case when o % 4 = 0 then 'National Board of Revenue; by the 15th of the next month' else '' end,
       current_timestamp, current_date + 10000, current_timestamp, current_timestamp
from bench.tenants t, generate_series(1, {BRANCHES}) b, generate_series(1, {OBLIGATIONS}) o,
     lateral (select bench.uuid('item ' || t.number || ' ' || b || ' ' || o) as id,
                     current_date + 2 + (o * 37 + b * 11 + t.number) % 400 as due_on) item;
"""
