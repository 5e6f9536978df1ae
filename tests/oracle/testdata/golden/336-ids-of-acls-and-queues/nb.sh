ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw -- lsp-add sw p1
ovn-nbctl pg-add pg p1
ovn-nbctl ls-add s2 -- lsp-add s2 p2
ovn-nbctl -- --id=@a create ACL direction=to-lport priority=1 match='"ip4"' action=allow-related -- add Port_Group pg acls @a
ovn-nbctl set ACL $(ovn-nbctl --bare --columns=_uuid find ACL priority=1) options:persist-established=true
ovn-nbctl -- --id=@a create ACL direction=to-lport priority=2 match='"ip4"' action=allow-related options:persist-established=true -- add Port_Group pg acls @a
ovn-nbctl -- --id=@a create ACL direction=from-lport priority=3 match='"ip4"' action=allow-related options:persist-established=true -- add Logical_Switch s2 acls @a
ovn-nbctl set ACL $(ovn-nbctl --bare --columns=_uuid find ACL priority=1) options:persist-established=false
ovn-nbctl set ACL $(ovn-nbctl --bare --columns=_uuid find ACL priority=2) action=allow
ovn-nbctl remove Logical_Switch s2 acls $(ovn-nbctl --bare --columns=_uuid find ACL priority=3)
ovn-nbctl -- --id=@a create ACL direction=to-lport priority=4 match='"ip4"' action=allow-related options:persist-established=true -- add Port_Group pg acls @a
ovn-nbctl lsp-add sw q1
ovn-nbctl lsp-add sw q2
ovn-nbctl lsp-add sw q3
ovn-nbctl set Logical_Switch_Port q1 options:qos_max_rate=1000
ovn-nbctl set Logical_Switch_Port q2 options:qos_max_rate=1000
ovn-nbctl remove Logical_Switch_Port q1 options qos_max_rate
ovn-nbctl set Logical_Switch_Port q3 options:qos_max_rate=1000
ovn-nbctl remove Logical_Switch_Port q2 options qos_max_rate
