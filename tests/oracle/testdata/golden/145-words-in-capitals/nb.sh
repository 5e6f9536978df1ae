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
ovn-nbctl set Logical_Router r0 options:chassis=hv1
ovn-nbctl lr-nat-add r0 snat 172.16.0.20 10.0.0.0/24
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.21 10.0.0.1 p1 0a:00:00:00:aa:01
ovn-nbctl lr-nat-add r0 dnat 172.16.0.22 10.0.0.2
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.23 10.0.0.2
ovn-nbctl lr-nat-add r0 snat 2001:db8::20 fd00::/64
ovn-nbctl lr-nat-add r0 dnat_and_snat 2001:db8::21 fd00::11
ovn-nbctl set Logical_Router r0 options:ct-commit-all=TRUE options:mcast_relay=True options:always_learn_from_arp_request=False options:dynamic_neigh_routers=TRUE
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 192.0.2.0/24 172.16.0.201
ovn-nbctl lb-add l 172.16.0.80:80 ''
ovn-nbctl set Load_Balancer l options:reject=TRUE
ovn-nbctl lr-lb-add r0 l
ovn-nbctl set NB_Global . options:use_common_zone=TRUE
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
