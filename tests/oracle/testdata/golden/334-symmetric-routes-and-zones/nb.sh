ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add lr1 -- set Logical_Router lr1 options:chassis=hv1 -- lrp-add lr1 p1 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7/24' nexthop='10.0.0.9' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr1 static_routes @n
ovn-nbctl lr-add lr2 -- set Logical_Router lr2 options:chassis=hv1 -- lrp-add lr2 p2 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7/24' nexthop='10.0.0.9' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr2 static_routes @n
ovn-nbctl lr-add lr3 -- set Logical_Router lr3 options:chassis=hv1 -- lrp-add lr3 p3 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7' nexthop='10.0.0.9' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr3 static_routes @n
ovn-nbctl lr-add lr4 -- set Logical_Router lr4 options:chassis=hv1 -- lrp-add lr4 p4 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7' nexthop='10.0.0.9' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr4 static_routes @n
ovn-nbctl lr-add lr5 -- set Logical_Router lr5 options:chassis=hv1 -- lrp-add lr5 p5 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7/255.255.255.255' nexthop='10.0.0.9' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr5 static_routes @n
ovn-nbctl lr-add lr6 -- set Logical_Router lr6 options:chassis=hv1 -- lrp-add lr6 p6 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='10.1.1.7/255.255.255.255' nexthop='10.0.0.9' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr6 static_routes @n
ovn-nbctl lr-add lr7 -- set Logical_Router lr7 options:chassis=hv1 -- lrp-add lr7 p7 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fd01::1"' nexthop='"fd00::9"' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr7 static_routes @n
ovn-nbctl lr-add lr8 -- set Logical_Router lr8 options:chassis=hv1 -- lrp-add lr8 p8 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fd01::1"' nexthop='"fd00::9"' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr8 static_routes @n
ovn-nbctl lr-add lr9 -- set Logical_Router lr9 options:chassis=hv1 -- lrp-add lr9 p9 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"FD01::5/64"' nexthop='"fd00::9"' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr9 static_routes @n
ovn-nbctl lr-add lr10 -- set Logical_Router lr10 options:chassis=hv1 -- lrp-add lr10 p10 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"FD01::5/64"' nexthop='"fd00::9"' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr10 static_routes @n
ovn-nbctl lr-add lr11 -- set Logical_Router lr11 options:chassis=hv1 -- lrp-add lr11 p11 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fd01::1/128"' nexthop='"fd00::9"' policy=dst-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr11 static_routes @n
ovn-nbctl lr-add lr12 -- set Logical_Router lr12 options:chassis=hv1 -- lrp-add lr12 p12 00:00:00:00:00:01 10.0.0.1/24 fd00::1/64
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix='"fd01::1/128"' nexthop='"fd00::9"' policy=src-ip options:ecmp_symmetric_reply=true -- add Logical_Router lr12 static_routes @n
ovn-nbctl set NB_Global . options:use_common_zone=true
ovn-nbctl set Logical_Router lr1 options:lb_force_snat_ip=router_ip
ovn-nbctl lr-nat-add lr2 snat 10.0.0.5 192.168.0.0/24
ovn-nbctl lr-add lr0 -- lrp-add lr0 p0 00:00:00:00:00:02 10.0.1.1/24 -- lrp-set-gateway-chassis p0 hv1
ovn-nbctl lr-add all -- set Logical_Router all options:ct-commit-all=true
ovn-nbctl lrp-add all all-a 00:00:00:00:00:03 10.6.1.1/24 -- lrp-set-gateway-chassis all-a hv1
ovn-nbctl lrp-add all all-b 00:00:00:00:00:04 10.6.2.1/24 -- lrp-set-gateway-chassis all-b hv1
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat external_ip=10.7.0.5 logical_ip=192.168.0.5 -- add Logical_Router all nat @n
ovn-nbctl lr-add most -- set Logical_Router most options:ct-commit-all=true
ovn-nbctl lrp-add most most-a 00:00:00:00:00:05 10.6.3.1/24 -- lrp-set-gateway-chassis most-a hv1
ovn-nbctl lrp-add most most-b 00:00:00:00:00:06 10.6.4.1/24 -- lrp-set-gateway-chassis most-b hv1
ovn-nbctl lr-nat-add most snat 10.6.4.5 192.168.0.0/24
