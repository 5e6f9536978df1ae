ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl meter-add m drop 100 pktps 10
ovn-nbctl copp-add c1 arp m
ovn-nbctl copp-add c1 arp-resolve m
ovn-nbctl copp-add c1 nd-na m
ovn-nbctl copp-add c1 nd-ns m
ovn-nbctl copp-add c1 nd-ns-resolve m
ovn-nbctl copp-add c1 nd-ra-opts m
ovn-nbctl copp-add c1 bfd m
ovn-nbctl copp-add c1 icmp4-error m
ovn-nbctl copp-add c1 icmp6-error m
ovn-nbctl copp-add c1 tcp-reset m
ovn-nbctl copp-add c1 dhcpv4-relay m
ovn-nbctl copp-add c1 event-elb m
ovn-nbctl copp-add c1 reject m
ovn-nbctl copp-add c1 igmp m
ovn-nbctl copp-add c1 dns m
ovn-nbctl copp-add c1 svc-monitor m
ovn-nbctl copp-add c1 dhcpv4-opts m
ovn-nbctl copp-add c1 dhcpv6-opts m
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lr-add r1
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lrp-add r1 r1-sw0 0a:00:00:00:ff:02 10.0.0.253/24 fd00::2/64 -- lsp-add sw0 sw0-r1 -- lsp-set-type sw0-r1 router -- lsp-set-addresses sw0-r1 router -- lsp-set-options sw0-r1 router-port=r1-sw0
ovn-nbctl lr-copp-add c1 r0
ovn-nbctl lr-copp-add c1 r1
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1
ovn-nbctl set Logical_Router_Port r0-sw0 ipv6_ra_configs:address_mode=slaac
ovn-nbctl create BFD logical_port=r0-ext dst_ip=172.16.0.9
ovn-nbctl create BFD logical_port=r1-sw0 dst_ip=10.0.0.9
ovn-nbctl lb-add lbe '[2001:db8::80]:80' ''
ovn-nbctl lb-add lbr 172.16.0.81:80 ''
ovn-nbctl set Load_Balancer lbr options:reject=true
ovn-nbctl lr-lb-add r0 lbe
ovn-nbctl lr-lb-add r0 lbr
ovn-nbctl set Load_Balancer lbe options:event=true
ovn-nbctl lr-nat-add r0 dnat_and_snat 2001:db8::21 fd00::11
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.21 10.0.0.1
ovn-nbctl lr-route-add r0 ::/0 2001:db8::99
ovn-nbctl set Logical_Router_Port r0-ext options:gateway_mtu=1400
ovn-nbctl --id=@d create DHCP_Relay name=rel servers=172.16.0.50 -- set Logical_Router_Port r0-sw0 dhcp_relay=@d -- set Logical_Switch sw0 other_config:dhcp_relay_port=sw0-r0
ovn-nbctl lr-lb-add r1 lbr
ovn-nbctl lr-lb-add r1 lbe
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
