ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lr-add r1
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lrp-add r1 r1-ext 0a:00:00:00:ff:05 172.16.0.2/24 -- lsp-add ext ext-r1 -- lsp-set-type ext-r1 router -- lsp-set-addresses ext-r1 router -- lsp-set-options ext-r1 router-port=r1-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl set Logical_Router r0 options:dynamic-routing=true options:dynamic-routing-redistribute=static
ovn-nbctl lr-route-add r0 20.0.0.0/8 172.16.0.20
ovn-nbctl --ecmp lr-route-add r0 30.0.0.0/8 172.16.0.20
ovn-nbctl --route-table=t1 lr-route-add r0 41.0.0.0/8 172.16.0.20
ovn-nbctl lr-route-add r0 fe80::/64 2001:db8::7
ovn-nbctl lr-route-add r0 fe80:5::/48 2001:db8::7
ovn-nbctl lr-route-add r0 42.0.0.0/8 fe80::77 r0-ext
ovn-nbctl --policy=src-ip lr-route-add r0 43.0.0.0/8 172.16.0.20
ovn-nbctl create BFD logical_port=r0-ext dst_ip=172.16.0.220
ovn-nbctl sync
dp() { ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=$1; }; pb() { ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=$1; }
learn() { ovn-sbctl create Learned_Route datapath=$(dp $1) logical_port=$(pb $2) ip_prefix=\"$3\" nexthop=\"$4\"; }
learn r0 r0-ext 20.0.0.0/8 172.16.0.30
learn r0 r0-ext 30.0.0.0/8 172.16.0.30
learn r0 r0-ext 40.0.0.0/8 172.16.0.30
learn r0 r0-ext 40.0.0.0/8 172.16.0.31
learn r0 r0-ext 43.0.0.0/8 172.16.0.31
learn r0 r0-ext 50.0.0.0/8 99.16.0.31
learn r0 r0-ext 51.0.0.0/8 bad
learn r0 r0-ext bad 172.16.0.31
learn r0 r0-ext 52.0.0.0/8 2001:db8::9
learn r0 r0-ext 53.0.0.0/8 fe80::9
learn r0 r0-ext 2001:db8:5::/48 2001:db8::9
learn r0 r0-ext 2001:db8:6::/48 fe80::9
learn r0 r0-ext 172.16.0.0/24 172.16.0.33
learn r0 r0-ext 10.0.0.0/24 172.16.0.33
learn r0 r0-ext 54.1.2.3 172.16.0.34
learn r0 r0-ext 0.0.0.0/0 172.16.0.34
learn r0 r0-ext 56.1.2.3/8 172.16.0.34
learn r1 r1-ext 55.0.0.0/8 172.16.0.34
learn r0 cr-r0-ext 57.0.0.0/8 172.16.0.34
learn r0 r0-ext fe80::/64 2001:db8::9
learn r0 r0-ext 172.16.0.1/32 172.16.0.34
ovn-nbctl sync
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
