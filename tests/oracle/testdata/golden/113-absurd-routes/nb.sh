ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.1 fd00::11'
ovn-nbctl lsp-add sw0 p2 -- lsp-set-addresses p2 '0a:00:00:00:00:02 10.0.0.2'
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.1.0.0/33"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.1.0.0/24"' nexthop=abc -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.1.0.0/24"' nexthop='""' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.2.0.0/16"' nexthop='"10.0.0.9/24"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.3.0.7/16"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.4.0.0/16"' nexthop=99.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.5.0.0/16"' nexthop=10.0.0.9 output_port=nosuch -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.6.0.0/16"' nexthop=99.0.0.9 output_port=r0-ext -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.7.0.0/16"' nexthop='"fd00::9"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"fd07::/64"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.8.0.0/16"' nexthop=discard output_port=r0-ext -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"fd08::/64"' nexthop=discard -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.10.0.0/16"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.10.0.0/16"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.11.0.1 nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.11.0.1/32"' nexthop=10.0.0.10 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.12.0.0/255.255.0.0"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"0.0.0.0/0"' nexthop=172.16.0.100 policy=src-ip -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"::/0"' nexthop='"2001:db8::100"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.13.0.0/16"' nexthop=10.0.0.254 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.14.0.0/16"' nexthop=10.0.0.255 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.15.0.0/16"' nexthop=169.254.0.1 output_port=r0-sw0 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.16.0.0/16"' nexthop='"fe80::1"' output_port=r0-sw0 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.0.0.0/24"' nexthop=172.16.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.18.0.0/16"' nexthop=10.0.0.9 options:origin=connected -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.18.0.0/16"' nexthop=10.0.0.8 options:origin=static -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.20.0.0/16"' nexthop=10.0.0.9 route_table=nosuch -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"FD09:0:0::/48"' nexthop='"FD00:0::9"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"10.21.0.0/16"' nexthop=10.0.0.9 output_port=r0-ext -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"fe80::/64"' nexthop='"fd00::9"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"ff00::/8"' nexthop='"fd00::9"' -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix='"224.0.0.0/4"' nexthop=10.0.0.9 -- add Logical_Router r0 static_routes @r
ovn-nbctl set Logical_Router_Port r0-sw0 options:route_table=rt9
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
