ovn-sbctl chassis-add gw1 geneve 192.168.0.1 -- set Chassis gw1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis gw1 -- create Chassis_Private name=gw1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add vms -- lsp-add vms vm -- lsp-set-addresses vm '0a:00:00:00:00:01 10.0.0.11'
ovn-nbctl lb-add lb4 172.16.0.20:80 10.0.0.11:80 -- lb-add lb6 [fd16::20]:80 [fd00::11]:80 -- lb-add lbnone 172.16.0.21:80 10.0.0.11:80 -- lb-add lbfar 192.168.99.9:80 10.0.0.11:80 -- lb-add lbsw 172.16.0.22:80 10.0.0.11:80 -- set Load_Balancer lbnone options:neighbor_responder=none -- ls-lb-add vms lbsw -- create Load_Balancer name=lbports vips:'"172.16.0.30:80"'='"10.0.0.11:80"' vips:'"172.16.0.30:81"'='"10.0.0.11:81"'
ovn-nbctl lr-add r1
ovn-nbctl ls-add x1
ovn-nbctl ls-add y1
ovn-nbctl lrp-add r1 r1-x 0a:00:00:00:01:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r1 r1-y 0a:00:00:00:01:02 172.17.0.1/24
ovn-nbctl lsp-add x1 x1-r -- lsp-set-type x1-r router -- lsp-set-addresses x1-r router -- lsp-set-options x1-r router-port=r1-x nat-addresses=router
ovn-nbctl lsp-add y1 y1-r -- lsp-set-type y1-r router -- lsp-set-addresses y1-r router -- lsp-set-options y1-r router-port=r1-y
ovn-nbctl lsp-add x1 x1-ln -- lsp-set-type x1-ln localnet -- lsp-set-addresses x1-ln unknown -- lsp-set-options x1-ln network_name=phys
ovn-nbctl lr-nat-add r1 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r1 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r1 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r1 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r1 snat fd16::2 fd00::/64 -- lr-nat-add r1 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r1 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r1 lb4 -- lr-lb-add r1 lb6 -- lr-lb-add r1 lbnone -- lr-lb-add r1 lbfar -- lr-lb-add r1 lbports
ovn-nbctl lrp-set-gateway-chassis r1-x gw1
ovn-nbctl lr-add r2
ovn-nbctl ls-add x2
ovn-nbctl ls-add y2
ovn-nbctl lrp-add r2 r2-x 0a:00:00:00:02:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r2 r2-y 0a:00:00:00:02:02 172.17.0.1/24
ovn-nbctl lsp-add x2 x2-r -- lsp-set-type x2-r router -- lsp-set-addresses x2-r router -- lsp-set-options x2-r router-port=r2-x nat-addresses=router exclude-lb-vips-from-garp=true
ovn-nbctl lsp-add y2 y2-r -- lsp-set-type y2-r router -- lsp-set-addresses y2-r router -- lsp-set-options y2-r router-port=r2-y nat-addresses=router
ovn-nbctl lsp-add x2 x2-ln -- lsp-set-type x2-ln localnet -- lsp-set-addresses x2-ln unknown -- lsp-set-options x2-ln network_name=phys
ovn-nbctl lr-nat-add r2 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r2 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r2 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r2 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r2 snat fd16::2 fd00::/64 -- lr-nat-add r2 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r2 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r2 lb4 -- lr-lb-add r2 lb6 -- lr-lb-add r2 lbnone -- lr-lb-add r2 lbfar -- lr-lb-add r2 lbports
ovn-nbctl set Logical_Router r2 options:chassis=gw1
ovn-nbctl lr-add r3
ovn-nbctl ls-add x3
ovn-nbctl ls-add y3
ovn-nbctl lrp-add r3 r3-x 0a:00:00:00:03:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r3 r3-y 0a:00:00:00:03:02 172.17.0.1/24
ovn-nbctl lsp-add x3 x3-r -- lsp-set-type x3-r router -- lsp-set-addresses x3-r router -- lsp-set-options x3-r router-port=r3-x nat-addresses="0a:00:00:00:00:77 172.16.0.77"
ovn-nbctl lsp-add y3 y3-r -- lsp-set-type y3-r router -- lsp-set-addresses y3-r router -- lsp-set-options y3-r router-port=r3-y nat-addresses=router
ovn-nbctl lsp-add x3 x3-ln -- lsp-set-type x3-ln localnet -- lsp-set-addresses x3-ln unknown -- lsp-set-options x3-ln network_name=phys
ovn-nbctl lsp-add y3 y3-ln -- lsp-set-type y3-ln localnet -- lsp-set-addresses y3-ln unknown -- lsp-set-options y3-ln network_name=phys
ovn-nbctl lr-nat-add r3 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r3 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r3 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r3 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r3 snat fd16::2 fd00::/64 -- lr-nat-add r3 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r3 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r3 lb4 -- lr-lb-add r3 lb6 -- lr-lb-add r3 lbnone -- lr-lb-add r3 lbfar -- lr-lb-add r3 lbports
ovn-nbctl lrp-set-gateway-chassis r3-x gw1
ovn-nbctl lrp-set-gateway-chassis r3-y gw1
ovn-nbctl lr-add r4
ovn-nbctl ls-add x4
ovn-nbctl ls-add y4
ovn-nbctl lrp-add r4 r4-x 0a:00:00:00:04:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r4 r4-y 0a:00:00:00:04:02 172.17.0.1/24
ovn-nbctl lsp-add x4 x4-r -- lsp-set-type x4-r router -- lsp-set-addresses x4-r router -- lsp-set-options x4-r router-port=r4-x nat-addresses=router
ovn-nbctl lsp-add y4 y4-r -- lsp-set-type y4-r router -- lsp-set-addresses y4-r router -- lsp-set-options y4-r router-port=r4-y nat-addresses="0a:00:00:00:00:77 172.16.0.77"
ovn-nbctl lr-nat-add r4 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r4 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r4 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r4 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r4 snat fd16::2 fd00::/64 -- lr-nat-add r4 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r4 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r4 lb4 -- lr-lb-add r4 lb6 -- lr-lb-add r4 lbnone -- lr-lb-add r4 lbfar -- lr-lb-add r4 lbports
ovn-nbctl lr-add r5
ovn-nbctl ls-add x5
ovn-nbctl ls-add y5
ovn-nbctl lrp-add r5 r5-x 0a:00:00:00:05:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r5 r5-y 0a:00:00:00:05:02 172.17.0.1/24
ovn-nbctl lsp-add x5 x5-r -- lsp-set-type x5-r router -- lsp-set-addresses x5-r router -- lsp-set-options x5-r router-port=r5-x nat-addresses=router
ovn-nbctl lsp-add y5 y5-r -- lsp-set-type y5-r router -- lsp-set-addresses y5-r router -- lsp-set-options y5-r router-port=r5-y nat-addresses="0a:00:00:00:00:77 172.16.0.77"
ovn-nbctl lr-nat-add r5 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r5 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r5 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r5 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r5 snat fd16::2 fd00::/64 -- lr-nat-add r5 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r5 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r5 lb4 -- lr-lb-add r5 lb6 -- lr-lb-add r5 lbnone -- lr-lb-add r5 lbfar -- lr-lb-add r5 lbports
ovn-nbctl lrp-set-gateway-chassis r5-x gw1
ovn-nbctl lr-add r6
ovn-nbctl ls-add x6
ovn-nbctl ls-add y6
ovn-nbctl lrp-add r6 r6-x 0a:00:00:00:06:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r6 r6-y 0a:00:00:00:06:02 172.17.0.1/24
ovn-nbctl lsp-add x6 x6-r -- lsp-set-type x6-r router -- lsp-set-addresses x6-r router -- lsp-set-options x6-r router-port=r6-x nat-addresses="0a:00:00:00:00:77 172.16.0.77"
ovn-nbctl lsp-add y6 y6-r -- lsp-set-type y6-r router -- lsp-set-addresses y6-r router -- lsp-set-options y6-r router-port=r6-y nat-addresses=garbage
ovn-nbctl lsp-add y6 y6-ln -- lsp-set-type y6-ln localnet -- lsp-set-addresses y6-ln unknown -- lsp-set-options y6-ln network_name=phys
ovn-nbctl lr-nat-add r6 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r6 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r6 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r6 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r6 snat fd16::2 fd00::/64 -- lr-nat-add r6 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r6 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r6 lb4 -- lr-lb-add r6 lb6 -- lr-lb-add r6 lbnone -- lr-lb-add r6 lbfar -- lr-lb-add r6 lbports
ovn-nbctl set Logical_Router r6 options:chassis=gw1
ovn-nbctl lr-add r7
ovn-nbctl ls-add x7
ovn-nbctl ls-add y7
ovn-nbctl lrp-add r7 r7-x 0a:00:00:00:07:01 172.16.0.1/24 172.16.5.1/24 fd16::1/64
ovn-nbctl lrp-add r7 r7-y 0a:00:00:00:07:02 172.17.0.1/24
ovn-nbctl lsp-add x7 x7-r -- lsp-set-type x7-r router -- lsp-set-addresses x7-r router -- lsp-set-options x7-r router-port=r7-x
ovn-nbctl lsp-add y7 y7-r -- lsp-set-type y7-r router -- lsp-set-addresses y7-r router -- lsp-set-options y7-r router-port=r7-y nat-addresses=router
ovn-nbctl lr-nat-add r7 snat 172.16.0.2 10.0.0.0/24 -- lr-nat-add r7 dnat_and_snat 172.16.0.10 10.0.0.10 -- lr-nat-add r7 dnat_and_snat 172.16.0.11 10.0.0.11 vm 0a:00:00:00:00:bb -- lr-nat-add r7 dnat 172.16.0.12 10.0.0.12 -- lr-nat-add r7 snat fd16::2 fd00::/64 -- lr-nat-add r7 snat 172.16.0.1 10.0.1.0/24 -- lr-nat-add r7 snat 172.17.0.2 10.0.4.0/24 -- lr-lb-add r7 lb4 -- lr-lb-add r7 lb6 -- lr-lb-add r7 lbnone -- lr-lb-add r7 lbfar -- lr-lb-add r7 lbports
ovn-nbctl lrp-set-gateway-chassis r7-x gw1
ovn-nbctl lr-nat-del r7 snat 10.0.0.0/24 -- lr-lb-del r7 lbfar
