ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-a 0a:58:64:40:00:01 10.0.5.1/24 fd00:5::1/64
ovn-nbctl lrp-add r0 r0-b 0a:58:64:40:00:02 10.0.6.1/24 fd00:6::1/64 -- set Logical_Router_Port r0-b options:route_table=rt2
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.0.0/24 nexthop=10.0.5.2 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.0.0/24 nexthop=10.0.6.2 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.0.0/24 nexthop=10.0.6.3 -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.1.0/24 nexthop=10.0.5.2 route_table=rt1 policy=src-ip options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.2.0/24 nexthop=discard route_table=rt1 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.3.0/24 nexthop=10.0.5.2 route_table=rt2 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.3.0/24 nexthop=10.0.5.3 route_table=rt2 options:origin=connected options:ecmp_symmetric_reply=true -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.3.0/24 nexthop=10.0.5.4 route_table=rt2 options:ecmp_symmetric_reply=true -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fe80::/64"' nexthop='"fd00:5::2"' route_table=rt1 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fe80::/64"' nexthop='"fd00:6::2"' route_table=rt1 options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl lr-add r1 -- set Logical_Router r1 options:dynamic-routing=true
ovn-nbctl lrp-add r1 r1-a 0a:58:64:40:00:03 10.0.7.1/24 -- set Logical_Router_Port r1-a options:dynamic-routing-redistribute=connected,static
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.4.0/24 nexthop=10.0.7.2 route_table=rt1 -- add Logical_Router r1 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.5.0/24 nexthop=10.0.7.2 route_table=rt1 options:origin=connected -- add Logical_Router r1 static_routes @n
ovn-nbctl lr-add r2 -- set Logical_Router r2 options:dynamic-routing=true
ovn-nbctl lrp-add r2 r2-a 0a:58:64:40:00:12 10.0.12.1/24 -- set Logical_Router_Port r2-a options:dynamic-routing-redistribute=connected
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.4.0/24 nexthop=10.0.12.2 -- add Logical_Router r2 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.5.0/24 nexthop=10.0.12.2 options:origin=connected -- add Logical_Router r2 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.6.0/24 nexthop=discard options:origin=connected -- add Logical_Router r2 static_routes @n
ovn-nbctl lr-add r3 -- set Logical_Router r3 options:dynamic-routing=true
ovn-nbctl lrp-add r3 r3-a 0a:58:64:40:00:13 10.0.13.1/24 -- set Logical_Router_Port r3-a options:dynamic-routing-redistribute=static
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.4.0/24 nexthop=10.0.13.2 -- add Logical_Router r3 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.5.0/24 nexthop=10.0.13.2 options:origin=connected -- add Logical_Router r3 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.6.0/24 nexthop=discard options:origin=connected -- add Logical_Router r3 static_routes @n
ovn-nbctl lr-add r4 -- set Logical_Router r4 options:dynamic-routing=true
ovn-nbctl ls-add sw4 -- lsp-add sw4 sw4-p -- lsp-set-addresses sw4-p "0a:58:64:40:01:14 10.0.14.7"
ovn-nbctl lrp-add r4 r4-a 0a:58:64:40:00:14 10.0.14.1/24 -- set Logical_Router_Port r4-a options:dynamic-routing-redistribute=connected,connected-as-host,static -- lsp-add sw4 sw4-r4 -- lsp-set-type sw4-r4 router -- lsp-set-addresses sw4-r4 router -- lsp-set-options sw4-r4 router-port=r4-a
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=10.1.5.0/24 nexthop=10.0.14.2 options:origin=connected -- add Logical_Router r4 static_routes @n
