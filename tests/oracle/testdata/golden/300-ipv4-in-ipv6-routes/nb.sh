ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl lr-add r0
ovn-nbctl -- --id=@p create Logical_Router_Port name=r0-sw0 'mac="0a:00:00:00:ff:00"' 'networks=["10.0.0.1/24","::ffff:10.0.0.1/120","::ffff:10.7.0.1/24","::ffff:10.8.0.1/8","::ffff:11.9.0.1/32","::ffff:12.9.0.1/33", "::ffff:13.9.0.1","::ffff:14.9.0.1/96","::ffff:15.9.0.1/104"]' -- add Logical_Router r0 ports @p
ovn-nbctl lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lsp-add sw0 p1 -- set Logical_Switch_Port p1 'addresses="0a:00:00:00:00:01 ::1.2.3.4 ::ffff:10.0.0.5 ::1 ::102 ::1:2 ::ffff:0:5"' 'port_security="0a:00:00:00:00:01 ::1.2.3.4 ::ffff:1.2.3.5/120"'
ovn-nbctl pg-add pg1 p1
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.0.0.0/104"' 'nexthop="::ffff:10.0.0.7"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.1.0.0/104"' 'nexthop="fe80::1"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="fd00::/64"' 'nexthop="::ffff:10.0.0.7"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="fd02::/64"' 'nexthop="::ffff:10.0.0.7/32"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="fd04::/64"' 'nexthop="fe80::1"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="20.3.0.0/16"' 'nexthop="::ffff:10.0.0.7"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.4.0.0/104"' 'nexthop="discard"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.5.0.0/24"' 'nexthop="discard"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.6.0.0/24"' 'nexthop="10.0.0.9"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.7.0.0/104"' 'nexthop="10.0.0.9"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::ffff:20.8.0.0"' 'nexthop="10.0.0.9"' -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::1.2.3.0/120"' 'nexthop="fe80::2"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route 'ip_prefix="::1.2.4.0/120"' 'nexthop="::1.2.3.4"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @n
ovn-nbctl lb-add lb1 '[::ffff:10.0.0.20]:80' '[::ffff:10.0.0.21]:80,[::1.2.3.4]:80'
ovn-nbctl lr-lb-add r0 lb1
ovn-nbctl ls-lb-add sw0 lb1
ovn-nbctl lb-add lb2 ::ffff:10.0.0.20 ::ffff:10.0.0.21,::1.2.3.4
ovn-nbctl lr-lb-add r0 lb2
ovn-nbctl -- --id=@n create Logical_Router_Policy priority=10 match=ip6 action=reroute 'nexthops="::ffff:10.0.0.8"' -- add Logical_Router r0 policies @n
ovn-nbctl -- --id=@n create Logical_Router_Policy priority=11 match=ip4 action=reroute 'nexthops="::ffff:10.0.0.8"' -- add Logical_Router r0 policies @n
ovn-nbctl -- --id=@n create Logical_Router_Policy priority=12 match=ip4 action=reroute 'nexthops=["::ffff:10.0.0.8","10.0.0.9"]' -- add Logical_Router r0 policies @n
ovn-nbctl -- --id=@n create Logical_Router_Policy priority=13 match=ip4 action=reroute 'nexthops=["::ffff:10.0.0.8","fe80::7"]' -- add Logical_Router r0 policies @n
