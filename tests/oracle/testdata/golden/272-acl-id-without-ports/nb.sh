# ACLs that keep established connections have an ID even if their port group has no ports.
ovn-nbctl ls-add s -- lsp-add s p1
ovn-nbctl pg-add pg1
ovn-nbctl --type=port-group acl-add pg1 to-lport 1000 'outport == @pg1 && ip4' allow-related
for a in $(ovn-nbctl --bare --columns=_uuid find ACL); do ovn-nbctl set ACL $a options:persist-established=true; done
ovn-nbctl sync
ovn-nbctl pg-add pg2 p1
ovn-nbctl --type=port-group acl-add pg2 to-lport 1001 'outport == @pg2 && ip4' drop
ovn-nbctl --type=port-group acl-add pg2 to-lport 1002 'outport == @pg2 && ip4' allow
ovn-nbctl --type=port-group acl-add pg1 to-lport 1003 'outport == @pg1 && ip4' allow-stateless
for a in $(ovn-nbctl --bare --columns=_uuid find ACL priority=1002); do ovn-nbctl set ACL $a options:persist-established=true; done
for a in $(ovn-nbctl --bare --columns=_uuid find ACL priority=1003); do ovn-nbctl set ACL $a options:persist-established=true; done
for a in $(ovn-nbctl --bare --columns=_uuid find ACL priority=1001); do ovn-nbctl set ACL $a options:persist-established=true; done
ovn-nbctl clear Port_Group pg2 ports
