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
ovn-nbctl --id=@r create Logical_Router_Policy priority=100 action=allow match='"ip4.src == 1.2.3.4 &&"' -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=101 action=reroute match=ip4 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=102 action=reroute match=ip4 nexthops="\"99.9.9.9\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=103 action=reroute match=ip4 nexthops="\"10.0.0.9\",\"99.9.9.9\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=104 action=reroute match=ip4 nexthops="\"10.0.0.9\",\"fd00::9\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=105 action=reroute match=ip4 nexthops="\"bad\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=106 action=reroute match=ip6 nexthop='"fd00::9"' options:pkt_mark=0x10 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=107 action=reroute match=ip6 nexthop=10.0.0.1 nexthops="\"10.0.0.2\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=108 action=allow match=ip4 options:pkt_mark=abc -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=109 action=drop match=ip4 options:pkt_mark=7 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=110 action=allow match=ip4 options:pkt_mark=0 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=111 action=jump match=ip4 jump_chain=c1 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=112 action=jump match=ip4 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=113 action=jump match=tcp chain=c1 jump_chain=c2 options:pkt_mark=9 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=114 action=allow match=udp chain=c2 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=115 action=jump match=udp chain=c2 jump_chain=nosuch -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=116 action=reroute match=sctp chain=c2 nexthops="\"10.0.0.9\",\"10.0.0.8\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=117 action=jump match=icmp chain=c1 jump_chain=c1 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=118 action=allow match='""' -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=119 action=reroute match=arp nexthops="\"10.0.0.9/24\"" -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=120 action=reroute match='"ip4.dst == 9.0.0.0/8"' nexthop=172.16.0.9 options:pkt_mark=4294967295 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=121 action=allow match='"ip4.dst == 9.0.0.0/8"' options:pkt_mark=4294967296 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=122 action=allow match='"ip4.dst == 9.1.0.0/16"' options:pkt_mark=-1 -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=200 match=ip4 action=drop -- add Logical_Router r0 policies @r
ovn-nbctl --id=@r create Logical_Router_Policy priority=200 match=ip4 action=allow -- add Logical_Router r0 policies @r
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
