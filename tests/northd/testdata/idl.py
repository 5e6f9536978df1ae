"""What OpenStack's and others' Python clients do of an OVSDB server, by Open vSwitch's own library: idl.py NB-SOCKET SCHEMA.

Prints what it saw; the test compares that between servers.
"""
import sys

import ovs.db.idl
import ovs.poller

remote, schema_file = "unix:" + sys.argv[1], sys.argv[2]


def session(conditions=None, tables=None, lock=None):
    helper = ovs.db.idl.SchemaHelper(location=schema_file)
    if tables is None:
        helper.register_all()
    else:
        for table in tables:
            helper.register_table(table)
    i = ovs.db.idl.Idl(remote, helper)
    for table, condition in (conditions or {}).items():
        i.cond_change(table, condition)
    if lock:
        i.set_lock(lock)
    return i


def until(holds, *idls):
    """Runs the sessions until something holds; one that never does is ended by the test's timeout."""
    while True:
        for i in idls:
            i.run()
        if holds():
            return
        poller = ovs.poller.Poller()
        for i in idls:
            i.wait(poller)
        poller.block()


def commit(i, change):
    """Commits, once more when a row that was verified has changed meanwhile: northd writes too."""
    while True:
        txn = ovs.db.idl.Transaction(i)
        change(txn)
        status = txn.commit_block()
        if status != ovs.db.idl.Transaction.TRY_AGAIN:
            break
        seqno = i.change_seqno
        until(lambda: i.change_seqno != seqno, i)
    print("commit:", status, txn.get_error() or "")
    return txn


def table(i, name, *columns):
    def text(v):
        if isinstance(v, dict):
            return sorted(v.items())
        if isinstance(v, list):
            return sorted(getattr(x, "name", str(x)) for x in v)
        return str(v)
    print(name, sorted(([text(getattr(r, c)) for c in columns] for r in i.tables[name].rows.values()), key=str))


class Watch(ovs.db.idl.Idl):
    """Remembers each change as the library tells it."""

    def __init__(self, *args):
        self.seen = set()
        super().__init__(*args)

    def notify(self, event, row, updates=None):
        if row._table.name in ("Logical_Switch", "Logical_Switch_Port"):
            self.seen.add((row._table.name, row.name, event))

    def tell(self):
        for change in sorted(self.seen):
            print(" ", *change)
        self.seen.clear()


a = session()
until(lambda: a.has_ever_connected(), a)
print("tables:", sorted(a.tables)[:3], len(a.tables))
table(a, "NB_Global", "name", "ipsec")

print("== insert, references, sets and maps")


def network(txn):
    s = txn.insert(a.tables["Logical_Switch"])
    s.name = "py"
    s.other_config = {"subnet": "10.9.0.0/24", "exclude_ips": "10.9.0.2"}
    for n in range(3):
        p = txn.insert(a.tables["Logical_Switch_Port"])
        p.name = "py-%d" % n
        p.addresses = ["dynamic"]
        s.addvalue("ports", p)


commit(a, network)
until(lambda: any(r.name == "py" and len(r.ports) == 3 for r in a.tables["Logical_Switch"].rows.values()), a)
table(a, "Logical_Switch", "name", "ports", "other_config")
switch = next(r for r in a.tables["Logical_Switch"].rows.values() if r.name == "py")

print("== another session sees what it asked for")
helper = ovs.db.idl.SchemaHelper(location=schema_file)
helper.register_columns("Logical_Switch", ["name", "other_config", "ports"])
helper.register_columns("Logical_Switch_Port", ["name", "options"])
b = Watch(remote, helper)
b.cond_change("Logical_Switch", [["name", "==", "py"]])
b.cond_change("Logical_Switch_Port", [["name", "==", "py-1"], ["name", "==", "py-2"]])
until(lambda: len(b.tables["Logical_Switch_Port"].rows) == 2, b)
b.tell()
table(b, "Logical_Switch", "name")
table(b, "Logical_Switch_Port", "name")

print("== keys of maps, members of sets, verify")


def change(txn):
    switch.verify("name")
    switch.setkey("other_config", "mcast_snoop", "true")
    switch.delkey("other_config", "exclude_ips")
    switch.delvalue("ports", next(p for p in switch.ports if p.name == "py-0"))


commit(a, change)
until(lambda: len(switch.ports) == 2, a)
table(a, "Logical_Switch", "name", "other_config")
print("ports left:", len(switch.ports), "garbage collected:", not any(r.name == "py-0" for r in a.tables["Logical_Switch_Port"].rows.values()))
until(lambda: any("mcast_snoop" in r.other_config for r in b.tables["Logical_Switch"].rows.values()), b)
b.tell()

print("== a condition that changes")
b.cond_change("Logical_Switch_Port", [["name", "==", "later"]])


def later(txn):
    p = txn.insert(a.tables["Logical_Switch_Port"])
    p.name = "later"
    switch.addvalue("ports", p)


commit(a, later)
until(lambda: [r.name for r in b.tables["Logical_Switch_Port"].rows.values()] == ["later"], b)
b.tell()
table(b, "Logical_Switch_Port", "name")

print("== errors")
commit(a, lambda txn: setattr(txn.insert(a.tables["Logical_Switch_Port"]), "name", "alone"))  # collected at once: no parent


def duplicate(txn):
    for _ in range(2):
        p = txn.insert(a.tables["Logical_Switch_Port"])
        p.name = "twice"
        switch.addvalue("ports", p)


txn = ovs.db.idl.Transaction(a)
duplicate(txn)
print("duplicate:", txn.commit_block(), "constraint violation" in (txn.get_error() or ""))
commit(a, lambda txn: switch.verify("name"))

print("== increment, as --wait=sb does")
nb = next(iter(a.tables["NB_Global"].rows.values()))


def counted(txn):
    switch.setkey("external_ids", "counted", "yes")  # the library increments only with something else
    nb.increment("nb_cfg")


txn = commit(a, counted)
until(lambda: nb.sb_cfg >= txn.get_increment_new_value() > 0, a)
dynamic = {r.dynamic_addresses[0].split()[1] for r in a.tables["Logical_Switch_Port"].rows.values() if r.name.startswith("py-")}
print("dynamic addresses:", len(dynamic))

print("== locks")
one, two = session(tables=["NB_Global"], lock="py"), session(tables=["NB_Global"], lock="py")
until(lambda: one.has_lock, one)
until(lambda: two.is_lock_contended, one, two)
print("first:", one.has_lock, "second waits:", two.is_lock_contended)
one.close()
until(lambda: two.has_lock, two)
print("second:", two.has_lock)
two.close()

print("== a connection that breaks")
seqno = a.change_seqno
a.force_reconnect()
until(lambda: a.change_seqno != seqno and a._session.is_connected(), a)
table(a, "Logical_Switch", "name", "ports")
commit(a, lambda txn: [r.delete() for r in list(a.tables["Logical_Switch"].rows.values()) if r.name == "py"])
until(lambda: not any(r.name == "py" for r in a.tables["Logical_Switch"].rows.values()), a)
until(lambda: not b.tables["Logical_Switch"].rows and not b.tables["Logical_Switch_Port"].rows, b)
b.tell()
print("ports left:", len(a.tables["Logical_Switch_Port"].rows))
