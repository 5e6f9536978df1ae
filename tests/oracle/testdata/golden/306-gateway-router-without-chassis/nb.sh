ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add sw1
ovn-nbctl lr-add r0
ovn-nbctl set Logical_Router r0 'options:chassis=""' options:lb_force_snat_ip=router_ip options:dnat_force_snat_ip=10.0.0.9 options:dynamic-routing=true options:dynamic-routing-redistribute=connected,nat,lb
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:00 10.0.0.1/24 fd00:0::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0 nat-addresses=router
ovn-nbctl lrp-add r0 r0-sw1 0a:00:00:00:ff:01 10.0.1.1/24 fd00:1::1/64 -- lsp-add sw1 sw1-r0 -- lsp-set-type sw1-r0 router -- lsp-set-addresses sw1-r0 router -- lsp-set-options sw1-r0 router-port=r0-sw1 nat-addresses=router
ovn-nbctl lrp-set-gateway-chassis r0-sw1 hv1
ovn-nbctl lsp-add sw0 ln -- lsp-set-type ln localnet -- lsp-set-addresses ln unknown -- lsp-set-options ln network_name=phys
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.5'
ovn-nbctl lr-nat-add r0 snat 10.0.0.100 10.0.1.0/24
ovn-nbctl lr-nat-add r0 dnat_and_snat 10.0.0.101 10.0.1.5 p1 0a:00:00:00:0f:01
ovn-nbctl lb-add lb1 10.0.0.200:80 10.0.1.7:80
ovn-nbctl lr-lb-add r0 lb1
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 0.0.0.0/0 10.0.0.254
ovn-nbctl lr-add r1
ovn-nbctl lrp-add r0 r0-r1 0a:00:00:00:fe:00 10.9.0.1/30 peer=r1-r0
ovn-nbctl lrp-add r1 r1-r0 0a:00:00:00:fe:01 10.9.0.2/30 peer=r0-r1
ovn-nbctl lrp-add r1 r1-sw0 0a:00:00:00:ff:08 10.0.0.8/24 -- lsp-add sw0 sw0-r1 -- lsp-set-type sw0-r1 router -- lsp-set-addresses sw0-r1 router -- lsp-set-options sw0-r1 router-port=r1-sw0
ovn-nbctl lrp-set-gateway-chassis r1-r0 hv1
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
