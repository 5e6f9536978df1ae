ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add a
ovn-nbctl lr-add b
ovn-nbctl lr-add c
ovn-nbctl ls-add sw0
ovn-nbctl lrp-add a a-b 0a:00:00:00:00:0a '10.9.0.1/30 fd09::1/64 10.9.1.1/30' peer=b-a
ovn-nbctl lrp-add b b-a 0a:00:00:00:00:0b '10.9.0.2/30 fd09::2/64' peer=a-b
ovn-nbctl lrp-add a a-c 0a:00:00:00:00:1a peer=c-a
ovn-nbctl lrp-add c c-a 0a:00:00:00:00:1c peer=a-c
ovn-nbctl lrp-add b b-x 0a:00:00:00:00:1b 10.8.0.1/30 peer=nosuch
ovn-nbctl lrp-add c c-c 0a:00:00:00:00:2c 10.7.0.1/30 peer=c-c
ovn-nbctl lrp-add a a-sw0 0a:00:00:00:ff:01 10.0.0.1/24 -- lsp-add sw0 sw0-a -- lsp-set-type sw0-a router -- lsp-set-addresses sw0-a router -- lsp-set-options sw0-a router-port=a-sw0
ovn-nbctl lrp-add b b-sw0 0a:00:00:00:ff:02 10.0.0.2/24 -- lsp-add sw0 sw0-b -- lsp-set-type sw0-b router -- lsp-set-addresses sw0-b router -- lsp-set-options sw0-b router-port=b-sw0
ovn-nbctl lr-route-add a 20.0.0.0/8 10.9.0.2
ovn-nbctl lr-route-add a 21.0.0.0/8 fe80::800:ff:fe00:1c a-c
ovn-nbctl lrp-set-enabled b-a disabled
ovn-nbctl set Logical_Router c options:chassis=hv1
ovn-nbctl lr-nat-add c snat 10.7.0.1 10.0.0.0/24
ovn-nbctl set Logical_Router_Port a-b ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl set Logical_Router_Port a-c options:prefix_delegation=true options:prefix=true
ovn-nbctl set Logical_Router_Port b-x peer=a-b
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
