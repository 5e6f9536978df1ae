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
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl set Logical_Router r0 options:snat-ct-zone=5 options:ct-zone-limit=100 options:mac_binding_age_threshold='"192.168.0.0/16:300;192.168.10.0/24:0;fe80::/10:600;1200"' options:dynamic_neigh_routers=true options:always_learn_from_arp_request=false external_ids:neutron\\:router_name=front external_ids:foo=bar
ovn-nbctl set Logical_Router_Port r0-sw0 options:requested-tnl-key=9 external_ids:a=b
ovn-nbctl lr-add r9 -- set Logical_Router r9 options:requested-tnl-key=77
ovn-nbctl lr-add r1 -- set Logical_Router r1 options:mac_binding_age_threshold=bad options:ct-zone-limit=-1 options:snat-ct-zone=99999 options:requested-tnl-key=0
ovn-nbctl lrp-add r1 r1-ext 0a:00:00:00:ff:05 172.16.0.2/24 -- lsp-add ext ext-r1 -- lsp-set-type ext-r1 router -- lsp-set-addresses ext-r1 router -- lsp-set-options ext-r1 router-port=r1-ext
ovn-nbctl lr-add r2 -- set Logical_Router r2 options:mac_binding_age_threshold=60 options:ct-zone-limit=0 options:snat-ct-zone=0 options:always_learn_from_arp_request=true
ovn-nbctl lrp-add r2 r2-ext 0a:00:00:00:ff:06 172.16.0.3/24 -- lsp-add ext ext-r2 -- lsp-set-type ext-r2 router -- lsp-set-addresses ext-r2 router -- lsp-set-options ext-r2 router-port=r2-ext
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
