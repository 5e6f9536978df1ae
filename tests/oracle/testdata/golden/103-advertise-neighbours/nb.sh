ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add sw1
ovn-nbctl ls-add sw2
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lr-add r1
ovn-nbctl lr-add r2
ovn-nbctl lr-add r3
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lrp-add r1 r1-ext 0a:00:00:00:ff:05 172.16.0.2/24 -- lsp-add ext ext-r1 -- lsp-set-type ext-r1 router -- lsp-set-addresses ext-r1 router -- lsp-set-options ext-r1 router-port=r1-ext
ovn-nbctl lrp-add r1 r1-sw1 0a:00:00:00:ff:06 10.0.1.254/24 -- lsp-add sw1 sw1-r1 -- lsp-set-type sw1-r1 router -- lsp-set-addresses sw1-r1 router -- lsp-set-options sw1-r1 router-port=r1-sw1
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl set Logical_Router r0 options:dynamic-routing=true
ovn-nbctl lrp-add r0 r0-r2 0a:00:00:00:ff:07 192.168.2.1/30 peer=r2-r0
ovn-nbctl lrp-add r2 r2-r0 0a:00:00:00:ff:08 192.168.2.2/30 peer=r0-r2
ovn-nbctl lrp-add r2 r2-sw2 0a:00:00:00:ff:09 10.0.2.254/24 -- lsp-add sw2 sw2-r2 -- lsp-set-type sw2-r2 router -- lsp-set-addresses sw2-r2 router -- lsp-set-options sw2-r2 router-port=r2-sw2
ovn-nbctl set Logical_Router r1 options:chassis=hv2
ovn-nbctl lrp-set-gateway-chassis r2-sw2 hv2 5
ovn-nbctl lsp-add sw0 p1
ovn-nbctl lsp-set-addresses p1 "0a:00:00:00:00:01 10.0.0.1 fd00::11"
ovn-nbctl lsp-add sw1 p2
ovn-nbctl lsp-set-addresses p2 "0a:00:00:00:00:02 10.0.1.1"
ovn-nbctl lsp-add sw2 p3
ovn-nbctl lsp-set-addresses p3 "0a:00:00:00:00:03 10.0.2.1"
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.10 10.0.0.1
ovn-nbctl lr-nat-add r0 snat 172.16.0.11 10.0.0.0/24
ovn-nbctl lr-nat-add r0 dnat 172.16.0.12 10.0.0.1
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.13 10.0.0.1 p1 0a:00:00:00:aa:01
ovn-nbctl lr-nat-add r0 dnat_and_snat 9.9.9.9 10.0.0.1
ovn-nbctl lr-nat-add r0 dnat_and_snat 2001:db8::77 fd00::11
ovn-nbctl lr-nat-add r2 dnat_and_snat 10.0.2.30 10.0.2.1
ovn-nbctl lr-nat-add r2 dnat_and_snat 10.0.2.31 10.0.2.1 p3 0a:00:00:00:aa:03
ovn-nbctl lb-add lb0 172.16.0.80:80 10.0.0.1:80
ovn-nbctl lb-add lb0 8.8.8.8:80 10.0.0.1:80
ovn-nbctl lb-add lb0 [2001:db8::80]:80 [fd00::11]:80
ovn-nbctl lr-lb-add r0 lb0
ovn-nbctl lb-add lb1 172.16.0.81:80 10.0.1.1:80
ovn-nbctl lb-add lb2 7.7.7.7:80 10.0.2.1:80
ovn-nbctl lr-lb-add r2 lb2
ovn-nbctl lb-add lb3 6.6.6.6 10.0.2.1
ovn-nbctl lr-lb-add r0 lb3
ovn-nbctl set Load_Balancer lb3 options:neighbor_responder=none
ovn-nbctl lr-route-add r0 20.0.0.0/8 172.16.0.20
ovn-nbctl lr-route-add r0 30.0.0.0/8 172.16.0.20 r0-ext
ovn-nbctl lr-route-add r0 31.0.0.0/8 discard
ovn-nbctl --policy=src-ip lr-route-add r0 32.0.0.0/8 172.16.0.20
ovn-nbctl --route-table=rt1 lr-route-add r0 33.0.0.0/8 172.16.0.20
ovn-nbctl lr-route-add r0 34.1.1.1 172.16.0.20
ovn-nbctl lr-route-add r0 35.0.0.0/8 99.99.99.99 r0-ext
ovn-nbctl lr-route-add r0 36.0.0.0/8 99.99.99.99
ovn-nbctl --bfd lr-route-add r0 37.0.0.0/8 172.16.0.23 r0-ext
ovn-nbctl lr-route-add r0 fd99::/64 2001:db8::5
ovn-nbctl lr-route-add r0 38.0.0.0/8 2001:db8::5
ovn-nbctl lr-route-add r0 0.0.0.0/0 172.16.0.20
ovn-nbctl lr-route-add r0 39.1.2.3/8 172.16.0.20
ovn-nbctl set Logical_Router r0 options:dynamic-routing-redistribute=static,nat,lb,connected
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
